"""Photos and datasets that the tests of `data` build."""

import io
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from data.names import PhotoName, format_name

ORIENTATION_TAG = 0x0112


def noise(height: int, width: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    """Return random blocks of 4x4 pixels: nothing in it is symmetric."""
    small = np.random.default_rng(seed).integers(
        0, 256, (height // 4 + 1, width // 4 + 1, channels), np.uint8
    )
    return np.kron(small, np.ones((4, 4, 1), np.uint8))[:height, :width]


def encoded(image: Image.Image, form: str = "JPEG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def oriented(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = orientation
    return exif


def write_photo(path: Path, height: int = 8, width: int = 12, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(Image.fromarray(noise(height, width)), **options))
    return path


def named(east: float, north: float = 4180000.0, **fields: Any) -> str:
    return format_name(PhotoName(east, north, **{"zone": "10S", **fields}))


def write_photos(folder: Path, names: Iterable[str]) -> None:
    """Write the same small photo under every name."""
    for index, name in enumerate(names):
        if index == 0:
            first = write_photo(folder / name)
        else:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(first, folder / name)


def write_dataset(
    root: Path, folders: Mapping[str, Iterable[str]] | None = None, below: str = "images/test"
) -> Path:
    """Write a dataset, by default of four database photos and two queries, the second a kilometre off."""
    default = {
        "database": [named(500000 + 10 * i) for i in range(4)],
        "queries": [named(500001, pano_id="q0"), named(501000, pano_id="q1")],
    }
    for name, photos in (default if folders is None else folders).items():
        write_photos(root / below / name, photos)
    return root
