"""The weights that come with the project, on drawn cities that nothing was trained or chosen on.

Run `python benchmarks/unseen_cities.py [--seeds 101 102 103] [--photos 600] [--queries 100]` in the
repository. Each city has its own database, and queries by day and by night. Told are the recalls of both
retrievers and of both pairs on CosPlace's candidates, over the queries of all cities together, and the
paired differences at R@1, with 95 % bootstrap intervals over queries. Figures go to
`results/demo/unseen_cities.json` and `.md`; what was computed is kept in `--folder`, and a stopped run
goes on.
"""

import argparse
from collections import defaultdict
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np

from data.city import CitySettings, draw_city
from data.files import write_json, write_text
from networks.settings import settings_dict
from rerank.configuration import make_configuration
from rerank.metrics import hits_at
from rerank.pipeline import Pipeline
from rerank.progress import stage
from rerank.provenance import current_environment
from rerank.recall import recall_intervals
from rerank.run import Run
from rerank.statistics import Interval, difference_interval, mcnemar_p, paired_counts

FIGURES = Path("results/demo/unseen_cities")
CONDITIONS = ("day", "night")
NS = (1, 20)
DIFFERENCES = (
    ("cosplace", "vlad"),
    ("superpoint+ransac", "cosplace"),
    ("rootsift+ransac", "cosplace"),
    ("superpoint+ransac", "rootsift+ransac"),
)
Hits = dict[str, np.ndarray]  # method -> the rank of each query's first right photo


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[101, 102, 103])
    parser.add_argument("--photos", type=int, default=600, help="of each database")
    parser.add_argument("--queries", type=int, default=100, help="of each city by day, and as many by night")
    parser.add_argument("--weights", nargs="*", default=[], help="METHOD=FILE: others than those shipped")
    parser.add_argument("--folder", type=Path, default=Path("datasets/unseen"))
    parser.add_argument("--output", type=Path, default=FIGURES, help="without ending")
    options = parser.parse_args()
    found: dict[str, dict[str, list[np.ndarray]]] = {name: defaultdict(list) for name in CONDITIONS}
    for seed in options.seeds:
        for run in runs_of(seed, options):
            condition = run.identity.dataset.rpartition("_")[2]
            found[condition][run.name].append(run.first_hits())
    pooled = {
        condition: {name: np.concatenate(hits) for name, hits in methods.items()}
        for condition, methods in found.items()
    }
    figures: dict[str, Any] = {condition: figures_of(hits) for condition, hits in pooled.items()}
    cities = {"seeds": options.seeds, "database_photos": options.photos, "queries": options.queries}
    told = settings_dict(current_environment())
    hardware = {name: told[name] for name in ("cpu", "cores", "threads", "gpu", "versions")}
    write_json(options.output.with_suffix(".json"), {"cities": cities, **figures, "environment": hardware})
    lines = [line for condition in CONDITIONS for line in markdown(condition, figures[condition])]
    write_text(options.output.with_suffix(".md"), "\n".join(lines) + "\n")
    print("\n".join(lines))


def runs_of(seed: int, options: argparse.Namespace) -> list[Run]:
    """Return the runs of one city: both retrievers, and both pairs on CosPlace's candidates."""
    city = CitySettings(seed=seed, database_count=options.photos, query_count=options.queries)
    with stage(f"drawing city {seed}", options.photos + 2 * options.queries) as progress:
        dataset = draw_city(options.folder / str(seed), city, advance=progress.advance)
    shared = {
        "dataset": str(dataset),
        "queries_folders": [f"queries_{condition}" for condition in CONDITIONS],
        "results": dataset / "results",
        "caches": dataset / "caches",
    }
    small = {**shared, "preset": "small", "weights": options.weights}
    return [
        run
        for given in (small, {**shared, "retriever": "vlad"})
        for run in Pipeline(make_configuration(given)).run().runs
    ]


def figures_of(hits: Hits) -> dict[str, Any]:
    """Return recalls and differences, each with its interval, in percent and points."""
    recalls = {
        method: {f"R@{n}": rounded(interval) for n, interval in recall_intervals(first, NS).items()}
        for method, first in hits.items()
    }
    return {"recall": recalls, "difference at R@1": dict(difference(hits, *pair) for pair in DIFFERENCES)}


def difference(hits: Hits, better: str, worse: str) -> tuple[str, dict[str, Any]]:
    """Return the name of a comparison, and by how many points the first is ahead."""
    counts = paired_counts(hits_at(hits[better], 1), hits_at(hits[worse], 1))
    points = rounded(difference_interval(counts))
    return f"{better} less {worse}", {"points": points, "p": float(f"{mcnemar_p(counts):.2g}")}


def rounded(interval: Interval) -> list[float]:
    """Return value, low and high with one decimal."""
    return [round(number, 1) for number in astuple(interval)]


def markdown(condition: str, figures: dict[str, Any]) -> list[str]:
    """Return the tables of one condition."""
    lines = [
        f"**{condition}**",
        "",
        f"| method | {' | '.join(f'R@{n}' for n in NS)} |",
        "| --- | ---: | ---: |",
    ]
    for method, recalls in figures["recall"].items():
        lines.append(f"| {method} | {' | '.join(shown(interval) for interval in recalls.values())} |")
    lines += ["", "| difference at R@1 | points | McNemar's p |", "| --- | ---: | ---: |"]
    for name, told in figures["difference at R@1"].items():
        lines.append(f"| {name} | {shown(told['points'])} | {told['p']:.2g} |")
    return [*lines, ""]


def shown(interval: list[float]) -> str:
    """Return an interval as text."""
    value, low, high = interval
    return f"{value:.1f} [{low:.1f}, {high:.1f}]"


if __name__ == "__main__":
    main()
