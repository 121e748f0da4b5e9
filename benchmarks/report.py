"""How long a report takes to make, and how fast its pages are in a headless Chromium.

    python -m benchmarks.report [--rounds 10] [--keep FOLDER]

Results of 1000 queries and 10 methods are made up. First paint is counted from the start of loading, in
a browser without anything cached; a filter from the click to the frame that shows what it left.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from tests.rerank.chromium import chromium_at, chromium_path
from tests.rerank.report.load import METHODS, QUERIES, make_load_report, measure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--keep", type=Path, help="Where the report stays; by default it is deleted.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        start = time.perf_counter()
        report = make_load_report(folder)
        print(f"{QUERIES} queries, {METHODS} methods, {report.photos} photos, {os.cpu_count()} cores")
        print(
            f"results and report made in {time.perf_counter() - start:.1f} s, {size_mb(report.folder):.0f} MB"
        )
        show(measured_in_chromium(report.folder, arguments.rounds))


def measured_in_chromium(report: Path, rounds: int) -> dict[str, list[float]]:
    """Return milliseconds of each action on the report's pages, by name."""
    with chromium_at(chromium_path() or "chromium") as browser:

        def visit(folder: Path, address: str) -> Any:
            page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
            page.goto(f"{(folder / 'index.html').as_uri()}{address}")
            return page

        return measure(visit, report, rounds)


def show(measured: dict[str, list[float]]) -> None:
    """Print median and 95th percentile of each action."""
    print(f"{'milliseconds':<28}{'p50':>8}{'p95':>8}{'times':>8}")
    for name, times in measured.items():
        middle, high = np.percentile(times, (50, 95))
        print(f"{name:<28}{middle:>8.0f}{high:>8.0f}{len(times):>8}")


def size_mb(folder: Path) -> float:
    """Return the size of all files below a folder, megabytes."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


if __name__ == "__main__":
    main()
