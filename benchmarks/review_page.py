"""How long the review page takes from a key to the next photo, measured by the page itself.

    python benchmarks/review_page.py --photos 5000 --decisions 200

Makes a project of photos of full size, opens it in a headless Chromium, and accepts one photo after another
at the pace of a quick curator. Needs playwright and a Chromium of the system.
"""

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from tests.rerank.curate.conftest import CHROMIUMS, served
from tests.rerank.curate.made_projects import street_project

PHOTO_PX = (1600, 1200)
DIFFERENT = 24  # photos that are drawn; the others are copies of them


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        project = street_project(Path(folder), photos=options.photos)
        _enlarge(project.photos / "flickr", options.photos)
        with project, served(project) as address:
            p95, count = _measure(address, options.decisions, options.pause_s)
    print(f"{count} decisions among {options.photos} photos of {PHOTO_PX[0]} x {PHOTO_PX[1]} pixels")
    print(f"from key to next photo: 95th percentile {p95} ms")


def _measure(address: str, decisions: int, pause_s: float) -> tuple[str | None, str | None]:
    from playwright.sync_api import sync_playwright

    chromium = next(path for name in CHROMIUMS if (path := shutil.which(name)))
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(address)
        page.fill("#name", "ada")
        page.keyboard.press("Enter")
        page.wait_for_selector("body[data-ready]")
        for _ in range(decisions):
            time.sleep(pause_s)
            page.wait_for_selector("body[data-item]:not([data-item=''])")
            page.keyboard.press("a")
        time.sleep(1)
        speed = page.locator("#speed")
        found = speed.get_attribute("data-p95"), speed.get_attribute("data-count")
        browser.close()
    return found


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
    parser.add_argument("--photos", type=int, default=5000)
    parser.add_argument("--decisions", type=int, default=200)
    parser.add_argument("--pause-s", type=float, default=0.7, help="between decisions")
    return parser.parse_args()


if __name__ == "__main__":
    main()
