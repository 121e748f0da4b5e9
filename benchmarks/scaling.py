"""How seconds and peak memory of scoring grow with queries and candidates.

    python -m benchmarks.scaling [--queries 100 1000 10000] [--candidates 10 50 100]

Features of 200 photos are random and stored, as the pipeline stores them; queries have random candidates
of them; candidates vary with the middle one of the numbers of queries. Every run is a process of its own,
which scores with the matcher `rapid`, writes and finishes a run folder, and tells its peak memory. Figures
go to `results/benchmarks/scaling.json`.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.figures import hardware, save_figures
from benchmarks.made_up import made_up_set, made_up_task
from benchmarks.pipeline.peak import forget_peak, peak_mib
from extractors import Features
from extractors.store import FeatureStore
from matchers import build
from networks.memory import keep_memory
from networks.stages import logged_stage
from networks.timing import Stopwatch
from rerank.provenance import Method, Part, current_environment
from rerank.results import RunFolder
from rerank.run import RunIdentity
from rerank.scoring import score_queries
from rerank.task import Task, photo_key

PHOTOS, KEYPOINTS, WIDTH = 200, 64, 64


def main() -> None:
    options = parse()
    if options.one:
        queries, candidates = options.one
        measure(queries, candidates, Path(options.features))
        return
    runs = [(queries, max(options.candidates)) for queries in options.queries]
    middle = sorted(options.queries)[len(options.queries) // 2]
    runs += [(middle, candidates) for candidates in options.candidates]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        fill(max(queries for queries, _ in runs), Path(folder))
        for queries, candidates in sorted(set(runs)):
            one = ["--one", str(queries), str(candidates), "--features", folder]
            told = subprocess.run(
                [sys.executable, "-m", "benchmarks.scaling", *one], check=True, capture_output=True, text=True
            )
            rows.append(json.loads(told.stdout))
            print(rows[-1], flush=True)
            save_figures("scaling", {"environment": hardware(), "rows": rows})


def task_of(queries: int, candidates: int) -> Task:
    """Return a task of so many queries with random candidates."""
    database, asking = (
        made_up_set(Path(name), [f"{number:06d}.jpg" for number in range(count)])
        for name, count in (("database", PHOTOS), ("queries", queries))
    )
    draw = np.random.default_rng(0)
    chosen = np.stack([draw.permutation(PHOTOS)[:candidates] for _ in range(queries)])
    return made_up_task(database, asking, chosen)


def open_store(folder: Path) -> FeatureStore:
    """Open the store that all runs read."""
    return FeatureStore(folder / "features", {"extractor": "made_up"})


def fill(queries: int, folder: Path) -> None:
    """Store random features of every photo."""
    task, draw = task_of(queries, 1), np.random.default_rng(1)
    with open_store(folder).writer() as writer:
        for photos in (task.dataset.database, task.dataset.queries):
            for row in range(len(photos)):
                descriptors = draw.standard_normal((KEYPOINTS, WIDTH)).astype(np.float32)
                descriptors /= np.linalg.norm(descriptors, axis=1, keepdims=True)
                keypoints = draw.uniform(0, 300, (KEYPOINTS, 2)).astype(np.float32)
                writer.add(photo_key(photos, row), Features((240, 320), keypoints, descriptors))


def measure(queries: int, candidates: int, folder: Path) -> None:
    """Score `queries` queries and print the seconds and the peak memory of this process."""
    keep_memory()  # as `rerank.pipeline` does
    matcher = build("rapid")
    task, store = task_of(queries, candidates), open_store(folder)
    forget_peak()
    clock = Stopwatch()
    with (
        tempfile.TemporaryDirectory() as results,
        RunFolder(results) as run,
        logged_stage("scoring", queries) as progress,
        clock.measure("scoring"),
    ):
        method = Method((Part("made_up"), Part("rapid")))
        run.begin(RunIdentity("made_up", task.protocol, method), current_environment())
        score_queries(task, store, matcher, run, progress)
        run.finish(task.shortlist)
    told = {"queries": queries, "candidates": candidates}
    print(json.dumps({**told, "seconds": clock.seconds["scoring"], "peak_mib": peak_mib()}))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--queries", type=int, nargs="+", default=[100, 1000, 10000])
    parser.add_argument("--candidates", type=int, nargs="+", default=[10, 50, 100])
    parser.add_argument("--one", type=int, nargs=2, metavar=("QUERIES", "CANDIDATES"), help="one run alone")
    parser.add_argument("--features", help="of one run: where they are stored")
    return parser.parse_args()


if __name__ == "__main__":
    main()
