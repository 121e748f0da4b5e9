"""Decoding speed: `read_photo` against the bare decoders that it could be made of.

    python benchmarks/decoding.py [FOLDER]

FOLDER holds JPEG or PNG photos; without it, a drawn 512x512 JPEG. For each decoder: milliseconds a
photo on one thread and on two, and on how many photos its pixels equal those of `read_photo`.
"""

import io
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from PIL import Image

from data.photos import read_photo
from data.scan import scan_folder

REPEATS = 25


def by_pillow(path: Path) -> np.ndarray:
    """Decode by Pillow alone: (H, W, 3) uint8, EXIF orientation not applied."""
    with Image.open(io.BytesIO(path.read_bytes())) as image:
        return np.asarray(image.convert("RGB"))


def by_opencv(path: Path) -> np.ndarray:
    """Decode by OpenCV: (H, W, 3) uint8, EXIF orientation not applied. Leaves the program where it cannot."""
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    image = cv2.imdecode(np.fromfile(path, np.uint8), flags)
    if image is None:
        raise SystemExit(f"{path}: OpenCV cannot decode it")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def decoders() -> dict[str, Callable[[Path], np.ndarray]]:
    """Return the decoders to compare by name, simplejpeg where it is installed."""
    found: dict[str, Callable[[Path], np.ndarray]] = {
        "read_photo": lambda path: read_photo(path, exif=False),
        "Pillow": by_pillow,
        "OpenCV": by_opencv,
    }
    try:
        import simplejpeg
    except ImportError:
        return found
    return {**found, "simplejpeg": lambda path: simplejpeg.decode_jpeg(path.read_bytes(), "RGB")}


def milliseconds(paths: list[Path], threads: int) -> dict[str, float]:
    """Return for each decoder the best time a photo of `REPEATS` passes, taken in turns."""
    best = dict.fromkeys(decoders(), float("inf"))
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(REPEATS):
            for name, decode in decoders().items():
                start = time.perf_counter()
                list(pool.map(decode, paths))
                best[name] = min(best[name], time.perf_counter() - start)
    return {name: 1000 * seconds / len(paths) for name, seconds in best.items()}


def main(folder: Path) -> None:
    paths = [folder / path for path in scan_folder(folder).paths]
    print(f"{len(paths)} photos of {folder}")
    expected = [read_photo(path, exif=False) for path in paths]
    one, two = milliseconds(paths, 1), milliseconds(paths, 2)
    for name, decode in decoders().items():
        equal = sum(np.array_equal(decode(path), photo) for path, photo in zip(paths, expected, strict=True))
        print(
            f"{name:12} {one[name]:.2f} ms a photo, {two[name]:.2f} on two threads, {equal} equal to the bit"
        )


def draw_photos(folder: Path, count: int = 24) -> None:
    """Write smooth coloured noise, which compresses about as photos do."""
    for index in range(count):
        coarse = np.random.default_rng(index).integers(0, 256, (64, 64, 3), np.uint8)
        image = Image.fromarray(coarse).resize((512, 512), Image.Resampling.BICUBIC)
        image.save(folder / f"{index}.jpg", quality=75)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with TemporaryDirectory() as made:
            draw_photos(Path(made))
            main(Path(made))
