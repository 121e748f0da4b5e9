"""Recalls with their intervals, and the form of them that machines read."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from rerank.metrics import NEVER, hits_at
from rerank.statistics import Interval, proportion_interval

RECALL_NS = (1, 5, 10, 20, 100)


def recall_intervals(
    first_hits: np.ndarray, ns: Sequence[int] = RECALL_NS, *, seed: int = 0
) -> dict[int, Interval]:
    """Return R@N in percent with its 95 % interval over queries, for every N of `ns`.

    first_hits: (Q,) ranks as of `metrics.first_hits`. seed: of the bootstrap.
    """
    return {
        n: proportion_interval(int(np.sum(hits_at(first_hits, n))), len(first_hits), seed=seed) for n in ns
    }


def recall_report(
    first_hits: np.ndarray,
    candidates_per_query: int,
    *,
    queries_without_positives: int | None = None,
    ns: Sequence[int] = RECALL_NS,
    seed: int = 0,
) -> dict[str, Any]:
    """Return recalls as a JSON-able mapping: "R@1", ... with `value`, `low`, `high` in percent.

    Where N is above `candidates_per_query`, R@N is the recall of all candidates: exact when these are
    the whole database, else a lower bound. queries_without_positives: counted in the database; by
    default those without a positive among their candidates, which is all that a cache alone can tell.
    Unknown numbers (no query at all) are null.
    """
    report: dict[str, Any] = {
        f"R@{n}": _without_nan(asdict(interval))
        for n, interval in recall_intervals(first_hits, ns, seed=seed).items()
    }
    if queries_without_positives is None:
        queries_without_positives = int(np.sum(first_hits == NEVER))
    return report | {
        "queries": len(first_hits),
        "queries_without_positives": queries_without_positives,
        "candidates_per_query": candidates_per_query,
    }


def _without_nan(numbers: dict[str, float]) -> dict[str, float | None]:
    return {name: None if math.isnan(number) else number for name, number in numbers.items()}
