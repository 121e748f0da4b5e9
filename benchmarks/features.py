"""Seconds and bytes that features take, by extractor and photo size, and the store's throughput.

Run `python -m benchmarks.features [--threads N] [--repeats N] [--device cuda]` in the repository; the
figures of extractors go to `results/benchmarks/features.json` too, for `docs/methods.md`.
Weights are made up, so that nothing is downloaded: the networks cost what the real ones cost, but
find other numbers of keypoints. Every figure is the median over the repeats, after a warm-up. The
store is measured in a temporary folder with 1000 photos of 1024 keypoints with 256-D descriptors,
read 100 at a time in random order, as candidates are; the files are then in the system's cache.
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
import torch
from rich.console import Console
from rich.table import Table

import extractors
from benchmarks.figures import hardware, save_figures
from benchmarks.pipeline.job import MADE_UP
from extractors import Extractor, Features
from extractors.store import FeatureStore
from networks.registry import SEEDED
from networks.timing import Stopwatch

PHOTO = Path(__file__).parents[1] / "tests" / "fixtures" / "images" / "image0.png"
SIZES = ((320, 240), (640, 480))
STORED_PHOTOS, CANDIDATES = 1000, 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(options.threads)
    rows = [
        measure(build(name, options.device), size, options)
        for name in extractors.registry.builtins
        for size in SIZES
    ]
    Console().print(extraction_table(rows, options.device))
    save_figures("features", {"environment": hardware(), "extractors": figures(rows)})
    with tempfile.TemporaryDirectory() as folder:
        Console().print(store_table(Path(folder), options.repeats))


def measure(extractor: Extractor, size: tuple[int, int], options: argparse.Namespace) -> dict[str, Any]:
    """Return what one photo of `size`, width and height, gives and costs."""
    photo = cv2.cvtColor(cv2.imread(str(PHOTO)), cv2.COLOR_BGR2RGB)
    image = cv2.resize(photo, size, interpolation=cv2.INTER_CUBIC)
    prepared = extractor.prepare(image)[None]
    sizes = [image.shape[:2]]
    features = extractor.extract(prepared, sizes)[0]
    return {
        "name": extractor.spec.name,
        "size": size,
        "keypoints": None if features.keypoints is None else len(features),
        "bytes": stored_bytes(features),
        "prepare_s": median_s(lambda: extractor.prepare(image), options.repeats, options.device),
        "extract_s": median_s(lambda: extractor.extract(prepared, sizes), options.repeats, options.device),
    }


def stored_bytes(features: Features) -> int:
    """Return what one photo's features take in a store of many."""
    with tempfile.TemporaryDirectory() as folder:
        store = FeatureStore(folder, {"benchmark": "bytes"})
        with store.writer() as writer:
            for number in range(4):
                writer.add(f"database/{number}", features)
        return round(store.bytes_per_photo() or 0)


def extraction_table(rows: list[dict[str, Any]], device: str) -> Table:
    """Return bytes and seconds of every extractor and size of photo, as a table for the terminal."""
    columns = ("extractor", "photo", "keypoints", "kB stored", "prepare ms", "extract s")
    table = Table(*columns, title=f"{device}, float32")
    for row in rows:
        table.add_row(
            row["name"],
            f"{row['size'][0]} x {row['size'][1]}",
            str(row["keypoints"] or ""),
            f"{row['bytes'] / 1e3:.0f}",
            f"{1e3 * row['prepare_s']:.2f}",
            f"{row['extract_s']:.3f}",
        )
    return table


def figures(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the figures of the largest size by extractor."""
    return {row["name"]: {key: row[key] for key in row if key != "name"} for row in rows}


def store_table(folder: Path, repeats: int) -> Table:
    """Write made-up features to a store in `folder`, read a query's candidates, and return the rates."""
    draw = np.random.default_rng(0)
    photos = [made_up(draw) for _ in range(20)]
    store = FeatureStore(folder, {"benchmark": "features"})
    keys = [f"database/{number}" for number in range(STORED_PHOTOS)]

    def write() -> None:
        with store.writer() as writer:
            for number, key in enumerate(keys):
                writer.add(key, photos[number % len(photos)])

    stopwatch = Stopwatch()
    with stopwatch.measure("write"):
        write()
    with stopwatch.measure("open"):
        opened = FeatureStore(folder, {"benchmark": "features"})
    read_s = median_s(lambda: opened.read(draw.choice(keys, CANDIDATES).tolist()), repeats, "cpu")
    megabytes = (opened.bytes_per_photo() or 0.0) / 1e6
    table = Table("store", "seconds", "photos/s", "MB/s", title=f"{megabytes:.2f} MB a photo")
    for what, seconds, count in (
        ("write", stopwatch.seconds["write"], STORED_PHOTOS),
        ("open", stopwatch.seconds["open"], STORED_PHOTOS),
        (f"read {CANDIDATES}", read_s, CANDIDATES),
    ):
        rate = count / seconds
        table.add_row(
            what, f"{seconds:.4f}", f"{rate:.0f}", "" if what == "open" else f"{rate * megabytes:.0f}"
        )
    return table


def build(name: str, device: str) -> Extractor:
    """Build an extractor with its published settings, and made-up weights where it needs any."""
    method = extractors.registry.load(name)
    weights = SEEDED if method.checkpoint(method.Settings()) else None
    return extractors.build(name, weights, device, **MADE_UP.get(name, {}))


def made_up(draw: np.random.Generator) -> Features:
    """Draw features of about SuperPoint's size."""
    return Features(
        (480, 640),
        keypoints=draw.random((1024, 2), np.float32) * 480,
        descriptors=draw.random((1024, 256), np.float32),
        scores=draw.random(1024, np.float32),
    )


def median_s(work: Callable[[], object], repeats: int, device: str) -> float:
    """Return the median seconds of `repeats` calls, after one that is not counted."""
    work()
    times = []
    for _ in range(repeats):
        stopwatch = Stopwatch(device)
        with stopwatch.measure("work"):
            work()
        times.append(stopwatch.seconds["work"])
    return median(times)


if __name__ == "__main__":
    main()
