"""Robust estimators by the truth: how many of the true inliers each finds, and in what time.

    python -m benchmarks.estimators [--pairs 100] [--matches 100 300 1000] [--only NAME ...]

Matches are drawn on a 640x480 photo, with a known share of them true; one thread. The bar: 100 candidates
of 1000 matches, 10 % to 60 % of them true in equal parts, in less than 0.15 s; for every number of matches
and every share nowhere fewer true inliers than by OpenCV's RANSAC with 2000 samples, and no more inliers
where no match is true, but for chance. Figures go to `results/benchmarks/estimators.json`, estimator by
estimator; those that are there already, of as many pairs, are kept. About a minute.
"""

import argparse
from typing import Any

import cv2
import numpy as np

from benchmarks.figures import hardware, read_figures, save_figures
from benchmarks.markdown import digits, table
from matchers.geometry import Robust, estimate_homography
from matchers.ransac import RansacSettings
from networks.timing import Stopwatch

SIZE = (480, 640)
CORNERS = np.array([[0, 0], [640, 0], [640, 480], [0, 480]], np.float32)
RATIOS = (0.0, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6)
BAR_RATIOS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
PUBLISHED = "ransac 2000"
BAR_S, BAR_MATCHES, CANDIDATES = 0.15, 1000, 100
CHANCE = 0.02  # share of the true inliers by which two samplers may differ
FALSE_CHANCE = 1.0  # inliers by which they may differ where no match is true
ESTIMATORS = {
    PUBLISHED: Robust(),
    "usac_fast 10000": Robust("usac_fast", iterations=10000),
    "usac_fast 2000": Robust("usac_fast"),
    "usac_accurate 10000": Robust("usac_accurate", iterations=10000),
    "usac_default 10000": Robust("usac_default", iterations=10000),
    "usac_magsac 10000": Robust("usac_magsac", iterations=10000),
    "poselib 10000": Robust("poselib", iterations=10000),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=100, help="drawn for each number and share")
    parser.add_argument("--matches", type=int, nargs="+", default=[100, 300, BAR_MATCHES])
    parser.add_argument("--only", nargs="+", choices=ESTIMATORS, default=list(ESTIMATORS))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    known = read_figures("estimators")
    found = known.get("estimators", {}) if known.get("pairs") == options.pairs else {}
    for name in options.only:
        cells = {cell["matches"]: cell for cell in found.get(name, [])}
        for count in options.matches:
            if count in cells:
                continue
            cells[count] = judge(ESTIMATORS[name], count, options.pairs)
            found[name] = list(cells.values())
            save_figures(
                "estimators", {"environment": hardware(), "pairs": options.pairs, "estimators": found}
            )
        print(name, verdict(found, name), flush=True)
    print(estimator_table())


def judge(robust: Robust, count: int, pairs: int) -> dict[str, Any]:
    """Return milliseconds of a pair and the share of true inliers found, by the share that is true.

    Where none is true, the mean number of inliers instead.
    """
    milliseconds, shares = [], []
    for ratio in RATIOS:
        draw = np.random.default_rng(count)
        drawn = [draw_matches(draw, count, ratio, robust.reprojection_px) for _ in range(pairs)]
        stopwatch = Stopwatch()
        with stopwatch.measure("estimate"):
            masks = [estimate_homography(source, target, robust).inliers for source, target, _ in drawn]
        milliseconds.append(1000 * stopwatch.seconds["estimate"] / pairs)
        found = [
            mask[true].mean() if ratio else mask.sum() for mask, (*_, true) in zip(masks, drawn, strict=True)
        ]
        shares.append(float(np.mean(found)))
    return {"matches": count, "ratios": RATIOS, "ms": milliseconds, "found": shares}


def total_s(cell: dict[str, Any]) -> float:
    """Return the seconds of 100 candidates, BAR_RATIOS of their matches true in equal parts."""
    of_bar = [ms for ms, ratio in zip(cell["ms"], RATIOS, strict=True) if ratio in BAR_RATIOS]
    return CANDIDATES * float(np.mean(of_bar)) / 1000


def verdict(found: dict[str, list[dict[str, Any]]], name: str) -> str:
    """Hold an estimator to the bar: "pass", or "fail" and why."""
    own, published = ({cell["matches"]: cell for cell in found.get(key, [])} for key in (name, PUBLISHED))
    if BAR_MATCHES not in own or not own.keys() <= published.keys():
        return "not held to the bar"
    worse = [str(count) for count in own if not as_good(own[count]["found"], published[count]["found"])]
    reasons = [f"worse at {', '.join(worse)} matches"] * bool(worse)
    reasons += ["too slow"] * (total_s(own[BAR_MATCHES]) >= BAR_S)
    return f"fail: {' and '.join(reasons)}" if reasons else "pass"


def as_good(found: list[float], published: list[float]) -> bool:
    """Tell whether no fewer true inliers were found, and no more false ones, but for chance.

    Both: inliers where none is true, then shares of the true ones.
    """
    enough = np.array(found[1:]) >= np.array(published[1:]) - CHANCE
    return bool(enough.all()) and found[0] <= published[0] + FALSE_CHANCE


def estimator_table() -> str:
    """Return what `results/benchmarks/estimators.json` tells of every estimator, as Markdown."""
    found = read_figures("estimators").get("estimators", {})
    default = f"{RansacSettings().estimator} {RansacSettings().iterations}"
    rows = [
        [
            f"{name}{' (default)' if name == default else ''}, {cell['matches']} matches",
            *(
                f"{digits(ms)} ms, {share:.1f}"
                for ms, share in zip(cell["ms"][:1], cell["found"][:1], strict=True)
            ),
            *(
                f"{digits(ms)} ms, {100 * share:.0f} %"
                for ms, share in zip(cell["ms"][1:], cell["found"][1:], strict=True)
            ),
            f"{total_s(cell):.3f}",
            verdict(found, name) if cell["matches"] == BAR_MATCHES else "",
        ]
        for name, cells in found.items()
        for cell in cells
    ]
    shares = [f"{100 * ratio:.0f} % true" for ratio in RATIOS]
    return table(("estimator", *shares, f"s for {CANDIDATES}", "bar"), rows)


def draw_homography(draw: np.random.Generator) -> np.ndarray:
    """Draw a homography (3, 3) that moves each corner of the photo by up to 100 px in x and in y."""
    moved = (CORNERS + draw.uniform(-100, 100, CORNERS.shape)).astype(np.float32)
    return cv2.getPerspectiveTransform(CORNERS, moved)


def draw_points(draw: np.random.Generator, count: int) -> np.ndarray:
    """Draw places (count, 2) float32 on the photo, x then y in pixels."""
    return draw.uniform((0, 0), (SIZE[1], SIZE[0]), (count, 2)).astype(np.float32)


def mapped(homography: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return points (N, 2) mapped by a homography, float32."""
    homogeneous = points @ homography[:, :2].T + homography[:, 2]
    return (homogeneous[:, :2] / homogeneous[:, 2:]).astype(np.float32)


def draw_matches(
    draw: np.random.Generator, count: int, ratio: float, threshold: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return source, target and which matches are true: within 0.8 thresholds, the others beyond 2."""
    homography, source = draw_homography(draw), draw_points(draw, count)
    true = np.arange(count) < round(ratio * count)
    place = mapped(homography, source)
    noise = draw.normal(0, threshold / 4, (count, 2))
    noise *= np.minimum(1, 0.8 * threshold / np.linalg.norm(noise, axis=1, keepdims=True))
    target = np.where(true[:, None], place + noise, draw_points(draw, count)).astype(np.float32)
    while (near := ~true & (np.linalg.norm(target - place, axis=1) < 2 * threshold)).any():
        target[near] = draw_points(draw, int(near.sum()))
    order = draw.permutation(count)
    return source[order], target[order], true[order]


if __name__ == "__main__":
    main()
