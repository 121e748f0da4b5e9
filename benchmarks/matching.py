"""Matching of a query with its candidates against the bare matrix products.

    python -m benchmarks.matching [--sizes 1000x128 4000x128 1131x512] [--candidates 100] [--rounds 5]

Everything is run in turns, `rounds` times, and each time is divided by that of torch's float32 products of
the same round. A tenth of the candidates are views of the query, of whose features 60 % are seen again; the
others are unrelated. Matches that differ where they are screened in bf16 from those of float32 products are
counted. The bar: mutual matching in float32 within 1.5 times the products, screened below them, no match
different. What is screened where bf16 does not win goes by float32 all the same. Figures go to
`results/benchmarks/matching.json`, size by size; sizes that are not measured stay as they were.
"""

import argparse
import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch

import matchers
from benchmarks.estimators import SIZE, draw_homography, draw_points, mapped
from benchmarks.figures import hardware, read_figures, save_figures
from benchmarks.markdown import digits, table
from extractors import Features
from matchers.mutual import Products, match_candidates
from networks.memory import keep_memory
from networks.products import product
from networks.timing import Stopwatch

SEEN_AGAIN = 0.6
PRODUCTS = "products by torch, float32"
MUTUAL: dict[Products, str] = {"float32": "mutual matching, float32", "fastest": "mutual matching, as used"}
BARS = {MUTUAL["float32"]: 1.5, MUTUAL["fastest"]: 1.0}
PUBLISHED = {"estimator": "ransac", "iterations": 2000}
SCORERS: dict[str, tuple[str, dict[str, Any]]] = {
    "rapid": ("rapid", {}),
    "ransac": ("ransac", {}),
    "ransac, published estimator": ("ransac", PUBLISHED),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", nargs="+", default=["1000x128", "4000x128", "1131x512"])
    parser.add_argument("--candidates", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    keep_memory()  # as `rerank.pipeline` does
    found = read_figures("matching").get("sizes", {})
    for size in options.sizes:
        keypoints, dimensions = map(int, size.split("x"))
        found[size] = measure(options.candidates, keypoints, dimensions, options.rounds)
        save_figures("matching", {"environment": hardware(), "sizes": found})
        print(f"{size} measured", flush=True)
    print(matching_table())


def measure(count: int, keypoints: int, dimensions: int, rounds: int) -> dict[str, Any]:
    """Return seconds of every kind of work, times the products, and how many matches differ screened."""
    draw = np.random.default_rng(0)
    query = draw_photo(draw, keypoints, dimensions)
    photos = [
        draw_view(draw, query) if number % 10 == 0 else draw_photo(draw, keypoints, dimensions)
        for number in range(count)
    ]
    work = kinds_of_work(query, photos)
    taken: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds + 1):  # the first warms up
        for name, run in work.items():
            stopwatch = Stopwatch()
            with stopwatch.measure(name):
                run()
            taken[name].append(stopwatch.seconds[name])
    products = taken[PRODUCTS][1:]
    return {
        "candidates": count,
        "seconds": {name: statistics.median(times[1:]) for name, times in taken.items()},
        "times_products": {
            name: statistics.median(one / other for one, other in zip(times[1:], products, strict=True))
            for name, times in taken.items()
        },
        "different_matches": different_matches(query, photos),
    }


def kinds_of_work(query: Features, photos: Sequence[Features]) -> dict[str, Callable[[], object]]:
    """Return what is timed, by name: products alone, mutual matching, matching and scoring."""
    of_query, *of_photos = (descriptors_of(photo) for photo in (query, *photos))
    work: dict[str, Callable[[], object]] = {
        PRODUCTS: lambda: [torch.mm(rows, of_query.T) for rows in of_photos],
        "products as used, float32": lambda: [product(rows, of_query) for rows in of_photos],
    }
    arrays = of_query.numpy(), [rows.numpy() for rows in of_photos]
    for products, name in MUTUAL.items():
        work[name] = partial(match_candidates, *arrays, products=products)
    for name, (method, settings) in SCORERS.items():
        scorer = matchers.build(method, **settings)
        work[f"matching and scoring: {name}"] = partial(scorer.score, query, photos)
    return work


def different_matches(query: Features, photos: Sequence[Features]) -> int:
    """Count the matches that only one of both ways gives."""
    of_query, *of_photos = (descriptors_of(photo).numpy() for photo in (query, *photos))
    both = (match_candidates(of_query, of_photos, products=products) for products in MUTUAL)
    pairs = (
        [set(map(tuple, found.indices.tolist())) for found in matches] for matches in zip(*both, strict=True)
    )
    return sum(len(one ^ other) for one, other in pairs)


def matching_table() -> str:
    """Return what `results/benchmarks/matching.json` tells, as Markdown."""
    rows = []
    for size, told in read_figures("matching").get("sizes", {}).items():
        for name, ratio in told["times_products"].items():
            same = name != MUTUAL["fastest"] or not told["different_matches"]
            bar = ("pass" if ratio < BARS[name] and same else "fail") if name in BARS else ""
            rows.append([f"{size}: {name}", digits(told["seconds"][name]), f"{ratio:.2f}", bar])
    return table(("descriptors: work", "s, all candidates", "times the products", "bar"), rows)


def descriptors_of(photo: Features) -> torch.Tensor:
    """Return a photo's descriptors (N, D) as a tensor."""
    assert photo.descriptors is not None
    return torch.from_numpy(photo.descriptors)


def draw_photo(draw: np.random.Generator, count: int, dimensions: int) -> Features:
    """Draw `count` unrelated features at random places, with unit descriptors."""
    descriptors = draw.standard_normal((count, dimensions)).astype(np.float32)
    descriptors /= np.linalg.norm(descriptors, axis=1, keepdims=True)
    return Features(SIZE, keypoints=draw_points(draw, count), descriptors=descriptors)


def draw_view(draw: np.random.Generator, photo: Features) -> Features:
    """Return a photo in which SEEN_AGAIN of the features of `photo` are seen under a homography."""
    given = descriptors_of(photo).numpy()
    other = draw_photo(draw, *given.shape)
    assert photo.keypoints is not None and other.keypoints is not None
    seen = draw.permutation(len(photo))[: int(SEEN_AGAIN * len(photo))]
    other.keypoints[seen] = mapped(draw_homography(draw), photo.keypoints[seen])
    descriptors = descriptors_of(other).numpy().copy()
    descriptors[seen] = given[seen] + 0.3 * descriptors[seen]
    return replace(other, descriptors=descriptors / np.linalg.norm(descriptors, axis=1, keepdims=True))


if __name__ == "__main__":
    main()
