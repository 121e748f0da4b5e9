"""Made-up runs of several methods on several datasets, with timings, for plots."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from rerank.latency import STAGES
from rerank.run import Run
from tests.rerank.made_runs import make_run, make_shortlist

METHODS = (("rootsift", "ransac"), ("rootsift", "rapid"), ("superpoint", "superglue"), ("delg", "rrt"))
CANDIDATES = 20


def make_runs(
    datasets: Sequence[str] = ("city_day", "city_night"),
    methods: Sequence[tuple[str, str]] = METHODS,
    queries: int = 40,
) -> list[Run]:
    """Draw runs: retrieval alone and every method on every dataset, the later methods better and slower."""
    runs = []
    for number, dataset in enumerate(datasets):
        draw = np.random.default_rng(number)
        near = draw.random((queries, CANDIDATES)) < np.linspace(0.35, 0.05, CANDIDATES)
        shortlist = dataclasses.replace(
            make_shortlist(queries, CANDIDATES, seed=number),
            distances_m=np.where(near, draw.uniform(0, 25, near.shape), draw.uniform(30, 500, near.shape)),
            positives=near.sum(axis=1),
        )
        similarities = -shortlist.descriptor_distances.astype(float)
        runs.append(make_run(shortlist, similarities, "vlad", dataset=dataset))
        for place, names in enumerate(methods):
            values = near * (0.6 + place) / (number + 1) + 0.8 * draw.normal(size=near.shape)
            run = make_run(shortlist, values, *names, dataset=dataset)
            runs.append(dataclasses.replace(run, seconds=make_seconds(queries, 0.2 * 3.0**place, draw)))
    return runs


def make_seconds(queries: int, cost_s: float, draw: np.random.Generator) -> np.ndarray:
    """Draw the seconds of every stage of every query: (Q, S), around shares of `cost_s`."""
    shares = np.array([0.02, 0.1, 0.05, 1.0, 0.03, 0.4, 0.2])
    assert len(shares) == len(STAGES)
    return cost_s * shares * draw.lognormal(0.0, 0.2, (queries, len(STAGES)))


def untimed(run: Run) -> Run:
    """Return the same run without timings."""
    return dataclasses.replace(run, seconds=np.full_like(run.seconds, np.nan))


def renamed(run: Run, dataset: str) -> Run:
    """Return the same run of a dataset of another name."""
    return dataclasses.replace(run, identity=dataclasses.replace(run.identity, dataset=dataset))
