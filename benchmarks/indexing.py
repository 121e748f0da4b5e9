"""How long names and positions of a large set take to read, the first time and from the index.

    python benchmarks/indexing.py [PHOTOS]

Writes PHOTOS (200,000 by default) empty files with SF-XL's names in 100 folders, and removes them.
"""

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from data.folders import read_folder
from data.names import PhotoName, format_name
from data.scan import scan_folder

SETTLING_S = 2.5  # a folder that changed just now is not indexed


def make_tree(folder: Path, count: int) -> None:
    """Make `count` empty photos in a hundred folders, named as those of SF-XL."""
    rng = np.random.default_rng(0)
    for index in range(count):
        east, north = rng.uniform(0, 15000, 2)
        photo = PhotoName(
            540000 + east,
            4170000 + north,
            "10S",
            37.76499,
            -122.51028,
            f"{index:022d}",
            heading=90.0,
            timestamp="201312",
        )
        below = folder / f"{index % 100:02d}"
        below.mkdir(parents=True, exist_ok=True)
        (below / format_name(photo)).touch()


def main(count: int) -> None:
    with TemporaryDirectory() as made:
        root = Path(made)
        make_tree(root / "database", count)
        time.sleep(SETTLING_S)
        stages = {
            "scan of the folders": lambda: scan_folder(root / "database"),
            "first reading, index written": lambda: read_folder(root / "database", root),
            "reading from the index": lambda: read_folder(root / "database", root),
        }
        for name, run in stages.items():
            start = time.perf_counter()
            run()
            print(f"{name:30} {time.perf_counter() - start:6.2f} s for {count} photos")
        size = sum(path.stat().st_size for path in (root / ".rerank").iterdir())
        print(f"{'index':30} {size / count:6.0f} bytes a photo")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
