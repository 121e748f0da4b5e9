"""Seconds that features take: extraction by extractor and photo size, and the store's throughput.

Run `python benchmarks/features.py [--threads N] [--repeats N] [--device cuda]` in the repository.
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

import cv2
import numpy as np
import torch
from rich.console import Console
from rich.table import Table

import extractors
from extractors import Extractor, Features
from extractors.r2d2 import R2D2Network
from extractors.store import FeatureStore
from extractors.superpoint import SuperPointNetwork
from networks.seeded import seeded_state
from networks.timing import Stopwatch

PHOTO = Path(__file__).parents[1] / "tests" / "fixtures" / "images" / "image0.png"
SIZES = ((320, 240), (640, 480))
NETWORKS = {"rootsift": None, "superpoint": SuperPointNetwork, "r2d2": R2D2Network}
STORED_PHOTOS, CANDIDATES = 1000, 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(options.threads)
    Console().print(extraction_table(options.device, options.repeats))
    with tempfile.TemporaryDirectory() as folder:
        Console().print(store_table(Path(folder), options.repeats))


def extraction_table(device: str, repeats: int) -> Table:
    table = Table("extractor", "photo", "keypoints", "prepare ms", "extract s", title=f"{device}, float32")
    photo = cv2.cvtColor(cv2.imread(str(PHOTO)), cv2.COLOR_BGR2RGB)
    for name in NETWORKS:
        extractor = build(name, device)
        for size in SIZES:
            image = cv2.resize(photo, size, interpolation=cv2.INTER_CUBIC)
            prepared = extractor.prepare(image)[None]
            prepare_s = median_s(lambda e=extractor, i=image: e.prepare(i), repeats, device)
            extract_s = median_s(lambda e=extractor, p=prepared: e.extract(p), repeats, device)
            found = len(extractor.extract(prepared)[0])
            table.add_row(
                name, f"{size[0]} x {size[1]}", str(found), f"{1e3 * prepare_s:.2f}", f"{extract_s:.3f}"
            )
    return table


def store_table(folder: Path, repeats: int) -> Table:
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
    network = NETWORKS[name]
    if network is None:
        return extractors.build(name, device=device)
    shapes = {key: tuple(value.shape) for key, value in network().state_dict().items()}
    return extractors.build(name, seeded_state(shapes), device)


def made_up(draw: np.random.Generator) -> Features:
    return Features(
        (480, 640),
        keypoints=draw.random((1024, 2), np.float32) * 480,
        descriptors=draw.random((1024, 256), np.float32),
        scores=draw.random(1024, np.float32),
    )


def median_s(work: Callable[[], object], repeats: int, device: str) -> float:
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
