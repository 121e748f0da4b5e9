"""Measure peak memory and seconds of scoring against the number of queries.

    python benchmarks/memory.py

Made-up features of 200 photos, 100 candidates a query; every number of queries is scored by a process of
its own. Memory must stay where it is while the seconds grow with the queries.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from data.datasets import Dataset
from data.photoset import BY_BASE_NAME, Fingerprint, PhotoSet
from extractors import Features
from extractors.store import FeatureStore
from matchers import build
from networks.stages import logged_stage
from rerank.protocol import Protocol, digest_of_candidates
from rerank.provenance import Method, Part, current_environment
from rerank.results import RunFolder
from rerank.run import RunIdentity, Shortlist
from rerank.scoring import score_queries
from rerank.task import Task, photo_key

QUERIES = (100, 1000, 4000)
PHOTOS = 200
CANDIDATES = 100
KEYPOINTS = 64
WIDTH = 64


def made_up_set(folder: str, count: int) -> PhotoSet:
    """Return `count` photos that exist by name alone."""
    nothing = np.full(count, "", object)
    return PhotoSet(
        folder=Path(folder),
        paths=tuple(f"{number:06d}.jpg" for number in range(count)),
        ordering=BY_BASE_NAME,
        positions=np.zeros((count, 2)),
        headings=np.full(count, np.nan),
        times=np.full(count, np.datetime64("NaT", "s")),
        zones=nothing,
        conditions=nothing,
    )


def made_up_task(queries: int) -> Task:
    """Return a task of random candidates."""
    dataset = Dataset("made_up", Path(), made_up_set("database", PHOTOS), made_up_set("queries", queries))
    draw = np.random.default_rng(0)
    indices = np.stack([draw.permutation(PHOTOS)[:CANDIDATES] for _ in range(queries)])
    shortlist = Shortlist(
        query_names=list(dataset.queries.names),
        indices=indices,
        distances_m=np.full(indices.shape, 100.0),
        descriptor_distances=np.zeros(indices.shape, np.float32),
        positives=np.ones(queries, np.int64),
    )
    protocol = Protocol(
        queries=Fingerprint(queries, "made up"),
        database=dataset.database.fingerprint,
        candidates_digest=digest_of_candidates(shortlist.query_names, indices),
        top_k=CANDIDATES,
        retriever="made_up",
    )
    return Task(dataset, shortlist, np.arange(queries), protocol, Part("made_up"))


def made_up_store(folder: Path) -> FeatureStore:
    """Open the store of the made-up features."""
    return FeatureStore(folder / "features", {"extractor": "made_up"})


def fill(queries: int, folder: Path) -> None:
    """Store random features of every photo of a task."""
    task, draw = made_up_task(queries), np.random.default_rng(1)
    with made_up_store(folder).writer() as writer:
        for photos in (task.dataset.database, task.dataset.queries):
            for row in range(len(photos)):
                descriptors = draw.standard_normal((KEYPOINTS, WIDTH)).astype(np.float32)
                descriptors /= np.linalg.norm(descriptors, axis=1, keepdims=True)
                keypoints = draw.uniform(0, 300, (KEYPOINTS, 2)).astype(np.float32)
                writer.add(photo_key(photos, row), Features((240, 320), keypoints, descriptors))


def score(queries: int, folder: Path) -> None:
    """Score `queries` queries and print the seconds and the peak memory of this process."""
    task = made_up_task(queries)
    store = made_up_store(folder)
    matcher = build("rapid")
    start = time.perf_counter()
    with RunFolder(folder / "run") as run, logged_stage("scoring", queries) as progress:
        method = Method((Part("made_up"), Part("rapid")))
        run.begin(RunIdentity("made_up", task.protocol, method), current_environment())
        score_queries(task, store, matcher, run, progress)
        run.finish(task.shortlist)
    seconds = time.perf_counter() - start
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"| {queries} | {seconds:.1f} | {1000 * seconds / queries:.1f} | {peak_mib:.0f} |", flush=True)


def main() -> None:
    print("| queries | s | ms per query | peak MiB |\n| --- | --- | --- | --- |", flush=True)
    for queries in QUERIES:
        with tempfile.TemporaryDirectory() as folder:
            for step in STEPS:
                subprocess.run([sys.executable, __file__, step, str(queries), folder], check=True)


STEPS = {"fill": fill, "score": score}

if __name__ == "__main__":
    main() if len(sys.argv) == 1 else STEPS[sys.argv[1]](int(sys.argv[2]), Path(sys.argv[3]))
