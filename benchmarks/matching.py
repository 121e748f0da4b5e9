"""Matching and scoring of a query's candidates against the bare matrix products; estimators by truth.

    python benchmarks/matching.py [--candidates 100] [--keypoints 1000] [--dimensions 128] [--rounds 7]

The first table: everything is run in turns, `rounds` times, and each time is divided by that of the
float32 products of the same round. A tenth of the candidates are views of the query, of whose features
60 % are seen again; the others are unrelated. The second table: drawn matches with known inliers on a
640x480 photo, one thread.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import torch

import matchers
from extractors import Features
from matchers.geometry import Robust, estimate_homography
from matchers.mutual import match_candidates

SIZE = (480, 640)
CORNERS = np.array([[0, 0], [640, 0], [640, 480], [0, 480]], np.float32)
SEEN_AGAIN = 0.6
SCORERS: dict[str, tuple[str, dict[str, Any]]] = {
    "rapid": ("rapid", {}),
    "ransac, usac_accurate 10000": ("ransac", {"estimator": "usac_accurate", "iterations": 10000}),
    "ransac, poselib 10000": ("ransac", {"estimator": "poselib", "iterations": 10000}),
    "ransac, default": ("ransac", {}),
}
ESTIMATORS = {
    "ransac 2000": Robust(),
    "usac_default 2000": Robust("usac_default"),
    "usac_fast 10000": Robust("usac_fast", iterations=10000),
    "usac_accurate 2000": Robust("usac_accurate"),
    "usac_accurate 10000": Robust("usac_accurate", iterations=10000),
    "usac_magsac 10000": Robust("usac_magsac", iterations=10000),
    "poselib 10000": Robust("poselib", iterations=10000),
}


def draw_homography(draw: np.random.Generator) -> np.ndarray:
    moved = (CORNERS + draw.uniform(-100, 100, CORNERS.shape)).astype(np.float32)
    return cv2.getPerspectiveTransform(CORNERS, moved)


def draw_points(draw: np.random.Generator, count: int) -> np.ndarray:
    return draw.uniform((0, 0), (SIZE[1], SIZE[0]), (count, 2)).astype(np.float32)


def mapped(homography: np.ndarray, points: np.ndarray) -> np.ndarray:
    homogeneous = points @ homography[:, :2].T + homography[:, 2]
    return (homogeneous[:, :2] / homogeneous[:, 2:]).astype(np.float32)


def draw_photo(draw: np.random.Generator, count: int, dimensions: int) -> Features:
    descriptors = draw.standard_normal((count, dimensions)).astype(np.float32)
    descriptors /= np.linalg.norm(descriptors, axis=1, keepdims=True)
    return Features(SIZE, keypoints=draw_points(draw, count), descriptors=descriptors)


def draw_view(draw: np.random.Generator, photo: Features) -> Features:
    """Return a photo in which SEEN_AGAIN of the features of `photo` are seen under a homography."""
    other = draw_photo(draw, *photo.descriptors.shape)
    seen = draw.permutation(len(photo))[: int(SEEN_AGAIN * len(photo))]
    other.keypoints[seen] = mapped(draw_homography(draw), photo.keypoints[seen])
    descriptors = other.descriptors.copy()
    descriptors[seen] = photo.descriptors[seen] + 0.3 * descriptors[seen]
    return replace(other, descriptors=descriptors / np.linalg.norm(descriptors, axis=1, keepdims=True))


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def bare_products(query: np.ndarray, candidates: Sequence[np.ndarray]) -> None:
    query_t = torch.from_numpy(query).T
    result = torch.empty(max(map(len, candidates)), len(query))
    for candidate in candidates:
        torch.mm(torch.from_numpy(candidate), query_t, out=result[: len(candidate)])


def compare_with_products(count: int, keypoints: int, dimensions: int, rounds: int) -> None:
    draw = np.random.default_rng(0)
    query = draw_photo(draw, keypoints, dimensions)
    photos = [
        draw_view(draw, query) if number % 10 == 0 else draw_photo(draw, keypoints, dimensions)
        for number in range(count)
    ]
    descriptors = [photo.descriptors for photo in photos]
    work: dict[str, Callable[[], object]] = {
        "products alone": lambda: bare_products(query.descriptors, descriptors),
        "mutual matching": lambda: match_candidates(query.descriptors, descriptors),
    }
    for name, (method, settings) in SCORERS.items():
        scorer = matchers.build(method, **settings)
        work[f"matching and scoring: {name}"] = lambda scorer=scorer: scorer.score(query, photos)
    taken: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds + 1):  # the first warms up
        for name, run in work.items():
            taken[name].append(seconds(run))
    print(f"\n{count} candidates of {keypoints} x {dimensions}, {torch.get_num_threads()} threads\n")
    print("| work | median s | times the products |\n| --- | --- | --- |")
    products = taken["products alone"][1:]
    for name, times in taken.items():
        ratios = [one / other for one, other in zip(times[1:], products, strict=True)]
        print(f"| {name} | {statistics.median(times[1:]):.4f} | {statistics.median(ratios):.2f} |")


def draw_matches(draw: np.random.Generator, count: int, ratio: float, threshold: float) -> list[np.ndarray]:
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
    return [source[order], target[order], true[order]]


def compare_estimators(counts: Sequence[int], ratios: Sequence[float], pairs: int) -> None:
    print(f"\nms per pair, and true inliers found (at ratio 0: inliers counted); {pairs} pairs each\n")
    print(f"| matches, true ratio | {' | '.join(ESTIMATORS)} |\n|{' --- |' * (len(ESTIMATORS) + 1)}")
    for count in counts:
        for ratio in ratios:
            draw = np.random.default_rng(count)
            drawn = [draw_matches(draw, count, ratio, Robust().reprojection_px) for _ in range(pairs)]
            cells = [judge(robust, drawn) for robust in ESTIMATORS.values()]
            print(f"| {count}, {ratio} | {' | '.join(cells)} |", flush=True)


def judge(robust: Robust, drawn: Sequence[Sequence[np.ndarray]]) -> str:
    start = time.perf_counter()
    masks = [estimate_homography(source, target, robust).inliers for source, target, _ in drawn]
    each_ms = 1000 * (time.perf_counter() - start) / len(drawn)
    if not drawn[0][2].any():
        return f"{each_ms:.2f} ms, {np.mean([mask.sum() for mask in masks]):.1f}"
    found = np.mean([mask[true].mean() for mask, (_, _, true) in zip(masks, drawn, strict=True)])
    return f"{each_ms:.2f} ms, {100 * found:.1f} %"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--candidates", type=int, default=100)
    parser.add_argument("--keypoints", type=int, default=1000)
    parser.add_argument("--dimensions", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--pairs", type=int, default=40, help="drawn pairs per cell of the second table")
    given = parser.parse_args()
    compare_with_products(given.candidates, given.keypoints, given.dimensions, given.rounds)
    compare_estimators((100, 300, 1000), (0.0, 0.1, 0.2, 0.3, 0.4, 0.6), given.pairs)


if __name__ == "__main__":
    main()
