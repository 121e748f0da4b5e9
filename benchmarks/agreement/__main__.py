"""Compare the ranking of this project's pipeline with that of the published way, score by score.

    python -m benchmarks.agreement [--queries 20] [--candidates 20] [--again]

A small city is drawn, with queries by day and as many by night. The candidates of the shipped CosPlace are
re-ranked twice: as published (`benchmarks/pipeline/naive.py`: features in float32, pairs one by one, plain
networks) and by the pipeline with its stores, in float32 and in bf16. With the weights that come with the
project, and RootSIFT, recalls are told with their intervals. All pairs of `--preset thesis` follow with
made-up weights on fewer photos, of which scores are compared.

Three shares of scores are the same to the last digit: "identical", of the two ways as they are; "rounded
alike", after the published way's descriptors have been rounded as the store rounds them; "scoring alone",
of the two ways of scoring given the same rounded features. What only the last has in full comes from
extraction. Figures go to `results/benchmarks/agreement.json` after every pair; a pair that is there already
is left out. `python -m benchmarks.tables` shows them. About six minutes on two cores.
"""

import argparse
import logging
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from benchmarks.agreement.cases import Case, learned_cases, made_up_cases
from benchmarks.agreement.compare import compare, identical
from benchmarks.agreement.ways import (
    PhotoFeatures,
    Place,
    as_stored,
    pipeline_runs,
    published_features,
    published_scores,
    scores_together,
)
from benchmarks.figures import hardware, read_figures, save_figures
from data.city import CitySettings, draw_city

SEED = 12
CONDITIONS = ("queries_day", "queries_night")
PRECISIONS = ("float32", "bf16")
SIZES = ("queries", "photos", "candidates", "made_up_queries", "made_up_photos")


def main() -> None:
    options = parse()
    logging.disable(logging.WARNING)  # that weights are made up is known
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(options.threads)
    settings = {name: getattr(options, name) for name in (*SIZES, "device")}
    found = read_figures("agreement")
    if options.again or found.get("settings") != settings:
        found = {"settings": settings, "environment": hardware(), "learned": {}, "made_up": {}}
    sizes = {
        "learned": (options.photos, options.queries),
        "made_up": (options.made_up_photos, options.made_up_queries),
    }
    for kind, cases in (("learned", learned_cases()), ("made_up", made_up_cases())):
        if missing := [case for case in cases if case.name not in found[kind]]:
            with tempfile.TemporaryDirectory() as folder:
                study(place(Path(folder), *sizes[kind], options), missing, found, kind)


def place(folder: Path, photos: int, queries: int, options: argparse.Namespace) -> Place:
    """Draw a city of so many photos, with so many queries by day and by night."""
    settings = CitySettings(seed=SEED, database_count=photos, query_count=queries)
    city = draw_city(folder / "city", settings)
    return Place(city, folder, CONDITIONS, min(photos, options.candidates), options.device)


def study(where: Place, cases: list[Case], found: dict[str, Any], kind: str) -> None:
    """Measure cases, keeping each as it is done; those in a row share what the published way gives."""
    features: dict[str, PhotoFeatures] = {}
    scores: dict[str, np.ndarray] = {}
    for case in cases:
        start_s = time.perf_counter()
        if case.extractor not in features:
            features = {case.extractor: published_features(case, where)}
        if case.way not in scores:
            scores = {case.way: published_scores(case, where, features[case.extractor])}
        found[kind][case.name] = measure(case, where, features[case.extractor], scores[case.way])
        save_figures("agreement", found)
        print(f"{case.name}, {time.perf_counter() - start_s:.0f} s", flush=True)


def measure(case: Case, where: Place, features: PhotoFeatures, published: np.ndarray) -> dict[str, Any]:
    """Return the figures of a case by the pipeline's precision. features, published: of the published way."""
    told: dict[str, Any] = {}
    values = {}
    for precision in PRECISIONS:
        runs = pipeline_runs(case, where, precision)
        values[precision] = np.concatenate([run.values for run in runs])
        labels = np.concatenate([run.labels() for run in runs])
        told[precision] = compare(published, values[precision], labels)
    if case.own is None:
        stored = as_stored(features)
        rounded = published_scores(case, where, stored)
        told["float32"]["rounded_alike"] = identical(rounded, values["float32"])
        told["float32"]["scoring_alone"] = identical(rounded, scores_together(case, where, stored))
    return told


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--queries", type=int, default=20, help="by day, and as many by night")
    parser.add_argument("--photos", type=int, default=100, help="of the database")
    parser.add_argument("--candidates", type=int, default=20, help="of a query")
    parser.add_argument("--made-up-queries", type=int, default=1, help="the same for made-up weights")
    parser.add_argument("--made-up-photos", type=int, default=6, help="all of them candidates")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--again", action="store_true", help="compare everything anew")
    return parser.parse_args()


if __name__ == "__main__":
    main()
