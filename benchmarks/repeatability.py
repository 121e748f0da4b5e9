"""How well local features survive a homography, a day and a night: SuperPoint-small against RootSIFT.

Run `python benchmarks/repeatability.py [--seeds 201 ... 206] [--pairs 100]` in the repository. Cities are
drawn of seeds that nothing was trained on. A pair is two photos of one view, taken in other weather, with
other lit windows and other noise, the second one warped by a random homography: day to day, day to night,
night to night. All extractors get the same pairs, and may give as many keypoints.

Repeatability: share of the keypoints of both photos, where both show the place, that have one of the other
within 3 px. Matching: share of the keypoints of the first photo whose nearest descriptor lies within 3 px of
the right place. Homography accuracy: share of the pairs whose homography, estimated from mutual nearest
neighbours, takes the photo's corners to within 3 and 5 px, on average, of the right places. "counted": as
this project's default estimator gives it at 3 px, in which all inliers weigh alike. "fitted": fitted from
there to the matches within 6 px under a Cauchy loss of 1 px, so that the exact ones decide. Shares are in
percent, with the half-width of their 95 % interval over the pairs; the last rows are SuperPoint's less
RootSIFT's, pair by pair. Figures go to `results/demo/repeatability.json` and `.md`.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from scipy.optimize import least_squares

import extractors
from data.drawing.render import render
from data.drawing.scene import Scene
from data.drawing.settings import CitySettings, QuerySet
from data.drawing.shots import plan_for, query_shots
from data.files import write_json, write_text
from extractors import Extractor, Features
from extractors.training.homographies import HomographyRange, random_homography, warp_photo, warp_points
from extractors.training.measures import agreement, corner_error
from matchers.geometry import Robust, estimate_homography, forward_errors
from matchers.mutual import match_candidates
from matchers.ransac import RansacSettings
from rerank.presets import SMALL

FIGURES = Path("results/demo/repeatability")
DARKNESS = {"day": 0.0, "night": 0.85}  # as in the query sets of the demo
CONDITIONS = (("day", "day"), ("day", "night"), ("night", "night"))
EXTRACTORS: dict[str, dict[str, Any]] = {"rootsift": {}, **SMALL.pairs["superpoint+ransac"]}
DIFFERENCE = ("superpoint", "rootsift")
THRESHOLD_PX, CORNER_PX = 3.0, (3.0, 5.0)
NEAR_PX, LOSS_PX = 6.0, 1.0  # errors up to which matches are fitted, and from which on they lose weight
ESTIMATOR = Robust(RansacSettings().estimator, THRESHOLD_PX, RansacSettings().iterations)
BORDER_PX = 8  # around what the warp has filled, where the edge itself would be a keypoint
Figures = dict[str, float]  # of one pair
Summaries = dict[str, dict[str, list[float]]]  # condition -> figure -> mean and half-width


class WarpedPair(NamedTuple):
    """Two photos (H, W, 3), the homography from the first to the second, what of the second is filled."""

    photo0: np.ndarray
    photo1: np.ndarray
    homography: np.ndarray
    filled: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[201, 202, 203, 204, 205, 206])
    parser.add_argument("--pairs", type=int, default=100, help="of each city and condition")
    parser.add_argument("--keypoints", type=int, default=500)
    parser.add_argument("--superpoint-weights", type=Path, help="another file than the one that is shipped")
    parser.add_argument("--output", type=Path, default=FIGURES, help="without ending")
    options = parser.parse_args()
    built = {name: build(name, settings, options) for name, settings in EXTRACTORS.items()}
    figures: dict[str, Summaries] = {name: {} for name in (*built, " less ".join(DIFFERENCE))}
    for lights in CONDITIONS:
        for name, rows in compare(built, pairs(options.seeds, lights, options.pairs)).items():
            figures[name]["-".join(lights)] = summary(rows)
    write_json(
        options.output.with_suffix(".json"), {"seeds": options.seeds, "pairs": options.pairs, **figures}
    )
    write_text(options.output.with_suffix(".md"), markdown(figures))
    print(markdown(figures))


def build(name: str, settings: dict[str, Any], options: argparse.Namespace) -> Extractor:
    """Return one of EXTRACTORS, with the weights and the number of keypoints that were asked for."""
    weights = options.superpoint_weights if name == "superpoint" else None
    return extractors.build(name, weights, max_keypoints=options.keypoints, **settings)


def compare(built: dict[str, Extractor], drawn: Iterator[WarpedPair]) -> dict[str, list[Figures]]:
    """Return the figures of each pair by each extractor, and their DIFFERENCE."""
    rows = [{name: measure(extractor, pair) for name, extractor in built.items()} for pair in drawn]
    better, worse = DIFFERENCE
    differences = [
        {figure: row[better][figure] - row[worse][figure] for figure in row[better]} for row in rows
    ]
    return {
        **{name: [row[name] for row in rows] for name in built},
        f"{better} less {worse}": differences,
    }


def pairs(seeds: list[int], lights: tuple[str, str], count: int) -> Iterator[WarpedPair]:
    """Yield the same pairs every time: a query, and its view in the weather of another query."""
    for seed in seeds:
        settings = CitySettings(seed=seed, query_count=2 * count)
        plan = plan_for(settings)
        scene = Scene(seed, plan)
        one, other = (
            query_shots(plan, settings, QuerySet(light, DARKNESS[light], 8.0, 15.0, 0.0)) for light in lights
        )
        for number in range(count):
            view, twin = one[number].view, other[number + count].view
            again = replace(view, weather=twin.weather, seed=twin.seed)  # same place, same parked cars
            homography = random_homography(
                np.random.default_rng((seed, number)), (settings.height, settings.width), HomographyRange()
            )
            second = render(scene, again)
            warped, filled = warp_photo(second, homography, second.shape[:2])
            yield WarpedPair(render(scene, view), warped, homography, filled)


def measure(extractor: Extractor, pair: WarpedPair) -> Figures:
    """Return the figures of one pair."""
    first, second = (
        extractor.extract(extractor.prepare(photo)[None], [photo.shape[:2]])[0]
        for photo in (pair.photo0, pair.photo1)
    )
    second = inside(second, pair.filled)
    found = agreement(first, second, pair.homography, THRESHOLD_PX)
    places = matched(first, second)
    counted = estimate_homography(*places, ESTIMATOR).homography
    homographies = {"counted": counted, "fitted": None if counted is None else fitted(counted, *places)}
    accuracies = {
        f"{name} {px:g} px": float(corner_error(homography, pair.homography, first.image_size) <= px)
        for name, homography in homographies.items()
        for px in CORNER_PX
    }
    return {**found._asdict(), **accuracies, "keypoints": float(len(first))}


def inside(features: Features, filled: np.ndarray) -> Features:
    """Return the features that lie well within what the warp has filled."""
    size = 2 * BORDER_PX + 1
    well = cv2.erode(filled.astype(np.uint8), np.ones((size, size), np.uint8), borderValue=1) > 0
    arrays = features.per_keypoint()
    x, y = np.round(arrays["keypoints"]).astype(int).T
    kept = well[y, x]
    return Features(features.image_size, **{name: array[kept] for name, array in arrays.items()})


def matched(first: Features, second: Features) -> tuple[np.ndarray, np.ndarray]:
    """Return the places (M, 2) in both photos of their mutual nearest neighbours."""
    one, other = first.per_keypoint(), second.per_keypoint()
    (matches,) = match_candidates(one["descriptors"], [other["descriptors"]])
    return one["keypoints"][matches.indices[:, 0]], other["keypoints"][matches.indices[:, 1]]


def fitted(homography: np.ndarray, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the homography that takes those of `source` (M, 2) that it takes near `target` nearest to it.

    Coordinates are centred and scaled for it, as they must be (Hartley, TPAMI 1997).
    """
    near = forward_errors(homography, source, target) <= NEAR_PX
    source, target = source[near], target[near]
    before, after = normalising(source), normalising(target)
    points, wanted = warp_points(source, before), warp_points(target, after)
    start = after @ homography @ np.linalg.inv(before)

    def errors(entries: np.ndarray) -> np.ndarray:
        scaled = points @ (matrix := np.append(entries, 1.0).reshape(3, 3))[:, :2].T + matrix[:, 2]
        return np.ravel(scaled[:, :2] / scaled[:, 2:] - wanted) / after[0, 0]

    found = least_squares(errors, (start / start[2, 2]).ravel()[:8], loss="cauchy", f_scale=LOSS_PX).x
    return np.linalg.inv(after) @ np.append(found, 1.0).reshape(3, 3) @ before


def normalising(points: np.ndarray) -> np.ndarray:
    """Return (3, 3), which takes points (M, 2) to a mean of 0 and a root mean square distance of 1."""
    middle = points.mean(axis=0)
    scale = 1 / max(float(np.sqrt(((points - middle) ** 2).sum(1).mean())), 1e-9)
    return np.array([[scale, 0, -scale * middle[0]], [0, scale, -scale * middle[1]], [0, 0, 1]])


def summary(rows: list[Figures]) -> dict[str, list[float]]:
    """Return of each figure its mean and the half-width of its 95 % interval."""
    told = {}
    for name in rows[0]:
        values = np.array([row[name] for row in rows])
        values = values[np.isfinite(values)]
        told[name] = [values.mean().item(), (1.96 * values.std() / max(len(values), 1) ** 0.5).item()]
    return told


def markdown(figures: dict[str, Summaries]) -> str:
    names = list(next(iter(next(iter(figures.values())).values())))
    lines = [f"| extractor | pairs | {' | '.join(names)} |", f"| --- | --- |{' ---: |' * len(names)}"]
    for extractor, conditions in figures.items():
        for condition, told in conditions.items():
            texts = [
                f"{mean:.0f}" if name == "keypoints" else f"{100 * mean:.1f} ± {100 * half:.1f}"
                for name, (mean, half) in told.items()
            ]
            lines.append(f"| {extractor} | {condition} | {' | '.join(texts)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    main()
