"""How long the review page takes from a key to the next photo, measured by the page itself.

    python -m benchmarks.review_page --items 5000 --decisions 200

Makes a project of photos of full size, opens it in a headless Chromium, and accepts one photo after another
at the pace of a quick curator. Needs playwright and a Chromium of the system.
"""

import argparse
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.rerank.chromium import chromium_at, chromium_path, expect, new_page
from tests.rerank.curate.conftest import served
from tests.rerank.curate.made_projects import street_project
from tests.rerank.curate.reviewing import press, wait_for_photo, wait_until_ready, wait_until_written

PHOTO_PX = (1600, 1200)
DIFFERENT = 24  # photos that are drawn; the others are copies of them
FIGURES = ("p50", "p95", "count")


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        project = street_project(Path(folder), photos=options.items)
        _enlarge(project.photos / "flickr", options.items)
        print(f"{options.items} photos of {PHOTO_PX[0]} x {PHOTO_PX[1]} pixels", flush=True)
        print(f"made in {time.perf_counter() - begin:.0f} s", flush=True)
        chromium = chromium_path() or "chromium"
        with project, served(project) as address, chromium_at(chromium) as browser:
            found = _measure(browser, address, options.decisions, options.pause_s)
    before, *_ = os.getloadavg()
    print(f"{os.cpu_count()} cores, load {before:.1f} over the last minute, {found['count']} decisions")
    print(f"from key to next photo: median {found['p50']} ms, 95th percentile {found['p95']} ms")


def _measure(browser: Any, address: str, decisions: int, pause_s: float) -> dict[str, str]:
    """Accept photos one after another, and return what the page measured, by its names."""
    page = new_page(browser, viewport={"width": 1280, "height": 800})
    begin = time.perf_counter()
    page.goto(address)
    page.fill("#name", "ada")
    page.keyboard.press("Enter")
    wait_until_ready(page)
    print(f"first photo there {time.perf_counter() - begin:.2f} s after the address", flush=True)
    for _ in range(decisions):
        time.sleep(pause_s)
        press(page, "a")
    wait_until_written(page)
    wait_for_photo(page, decisions + 1)
    speed = page.locator("#speed")
    expect(speed).to_have_attribute("data-count", str(decisions))
    return {name: str(speed.get_attribute(f"data-{name}")) for name in FIGURES}


def _enlarge(folder: Path, photos: int) -> None:
    """Replace the photos by larger ones with as much detail as a night photo has."""
    draw = np.random.default_rng(0)
    width, height = PHOTO_PX
    for number in range(1, photos + 1):
        path = folder / f"{number}.jpg"
        if number <= DIFFERENT:
            coarse = draw.integers(0, 90, (height // 8, width // 8, 3), np.uint8)
            Image.fromarray(coarse).resize(PHOTO_PX, Image.Resampling.BICUBIC).save(path, quality=90)
        else:
            shutil.copyfile(folder / f"{number % DIFFERENT + 1}.jpg", path)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=5000)
    parser.add_argument("--decisions", type=int, default=200)
    parser.add_argument("--pause-s", type=float, default=0.7, help="between decisions")
    return parser.parse_args()


if __name__ == "__main__":
    main()
