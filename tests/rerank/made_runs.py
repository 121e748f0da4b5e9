"""Small runs made up for the tests: identities, shortlists and scores."""

import dataclasses
from pathlib import Path

import numpy as np

from data.photoset import Fingerprint
from rerank.protocol import Protocol, digest_of_candidates
from rerank.provenance import Environment, Method, Part
from rerank.results import QueryScores, RunFolder
from rerank.run import Run, RunIdentity, Shortlist

ENVIRONMENT = Environment(
    package="0.1.0",
    commit="abc",
    python="3.11",
    system="Linux",
    versions={"numpy": "2.0"},
    cpu="a processor",
    cores=2,
    memory_bytes=8_000_000_000,
    threads=2,
)


def make_shortlist(queries: int = 6, candidates: int = 5, seed: int = 0) -> Shortlist:
    """Draw a shortlist in which every query's candidate has a third of a chance to be a positive."""
    draw = np.random.default_rng(seed)
    return Shortlist(
        query_names=[f"@{number}@0@.jpg" for number in range(queries)],
        indices=draw.integers(0, 1000, (queries, candidates)),
        distances_m=draw.uniform(0.0, 75.0, (queries, candidates)),
        descriptor_distances=np.sort(draw.random((queries, candidates), np.float32), axis=1),
        positives=draw.integers(0, 3, queries),
    )


def make_identity(shortlist: Shortlist, *names: str, dataset: str = "toy_night") -> RunIdentity:
    """Return the identity of a run over `shortlist` by the parts of these names."""
    digest = digest_of_candidates(shortlist.query_names, shortlist.indices)
    return RunIdentity(
        dataset=dataset,
        protocol=Protocol(
            queries=Fingerprint(len(shortlist.query_names), "q" * 16),
            database=Fingerprint(1000, "d" * 16),
            candidates_digest=digest,
            top_k=shortlist.candidates,
            retriever="vlad",
        ),
        method=Method(tuple(Part(name, {"size": (3, 4)}) for name in names or ("rootsift", "ransac"))),
    )


def make_run(
    shortlist: Shortlist, values: np.ndarray, *names: str, dataset: str = "toy_night", stage_s: float = np.nan
) -> Run:
    """Return a finished run with these scores, every stage of every query taking `stage_s`."""
    return Run(
        identity=make_identity(shortlist, *names, dataset=dataset),
        environment=ENVIRONMENT,
        shortlist=shortlist,
        values=values,
        matches=np.full(values.shape, -1, np.int32),
        inliers=np.full(values.shape, -1, np.int32),
        seconds=np.full((len(values), 7), stage_s),
        turns=np.arange(len(values), dtype=np.int32),
    )


def run_of_hits(hits: list[bool], *names: str, dataset: str = "toy_night") -> Run:
    """Return a run of two candidates a query whose first hits are at rank 0 where `hits`, else at 1.

    The retriever put the wrong candidate first everywhere.
    """
    shortlist = dataclasses.replace(
        make_shortlist(len(hits), 2),
        distances_m=np.tile([30.0, 10.0], (len(hits), 1)),
        positives=np.ones(len(hits), int),
    )
    values = np.array([[0.0, 1.0 if hit else -1.0] for hit in hits]).reshape(-1, 2)
    return make_run(shortlist, values, *names, dataset=dataset)


def scores_of(query: int, candidates: int = 5) -> QueryScores:
    """Return the same scores of a query every time; timings too."""
    draw = np.random.default_rng(query)
    values = draw.integers(0, 4, candidates).astype(float)
    return QueryScores(
        values, matches=draw.integers(0, 99, candidates), seconds={"matching": 0.5, "scoring": 0.25}
    )


def fill(folder: Path, shortlist: Shortlist, queries: list[int] | None = None) -> Run:
    """Run a whole run into `folder`, in the order of `queries`, going on where it was cut off."""
    with RunFolder(folder) as run:
        run.begin(make_identity(shortlist), ENVIRONMENT)
        for query in range(len(shortlist.query_names)) if queries is None else queries:
            if query not in run.done_queries():
                run.append(query, scores_of(query, shortlist.candidates))
        return run.read() if run.finished else run.finish(shortlist)
