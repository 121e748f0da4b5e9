"""Recall against candidates re-ranked, the threshold or fusion with the retriever, without a new run."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np

from data.errors import ResultError
from rerank.fusion import fused_values
from rerank.metrics import first_hits, hits_at, rank_candidates
from rerank.run import Run
from rerank.statistics import proportion_interval

SWEEP_NS = (1, 5, 10)
THRESHOLDS_M = (5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 75.0, 100.0)
SHARES = tuple(step / 10 for step in range(11))  # of the retriever in fused scores


@dataclass(frozen=True, eq=False)
class Sweep:
    """Recalls in percent with 95 % intervals along one axis.

    steps: (S,) candidates re-ranked, metres, or shares. ns: the N of R@N. value, low, high: (S, len(ns)).
    """

    steps: np.ndarray
    ns: tuple[int, ...]
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray


def sweep_candidates(
    run: Run,
    ks: Sequence[int] | None = None,
    ns: Sequence[int] = SWEEP_NS,
    *,
    threshold_m: float | None = None,
    seed: int = 0,
) -> Sweep:
    """Return recall when only the first k candidates are re-ranked and the rest stay behind them.

    ks: from 0 (retrieval alone) to K; by default 0, 1, 2, 5, 10, 20, 50, ... and K.
    Raises ResultError for a k outside.
    """
    candidates = run.shortlist.candidates
    steps = default_ks(candidates) if ks is None else list(ks)
    if any(not 0 <= k <= candidates for k in steps):
        raise ResultError(f"this run has {candidates} candidates a query; k must be from 0 to that: {steps}")
    labels = run.labels(threshold_m)
    hits = [first_hits(labels, order_of_first(run.values, k)) for k in steps]
    return _sweep(np.array(steps), hits, ns, seed)


def sweep_thresholds(
    run: Run, thresholds_m: Sequence[float] = THRESHOLDS_M, ns: Sequence[int] = SWEEP_NS, *, seed: int = 0
) -> Sweep:
    """Return recall at every distance threshold, in metres."""
    hits = [run.first_hits(threshold) for threshold in thresholds_m]
    return _sweep(np.array(thresholds_m, np.float64), hits, ns, seed)


def sweep_fusion(
    run: Run, shares: Sequence[float] = SHARES, ns: Sequence[int] = SWEEP_NS, *, seed: int = 0
) -> Sweep:
    """Return recall at every share of the retriever's similarity in the scores, from 0 to 1."""
    labels = run.labels()
    hits = [first_hits(labels, rank_candidates(fused_values(run, share))) for share in shares]
    return _sweep(np.array(shares, np.float64), hits, ns, seed)


def order_of_first(values: np.ndarray, k: int) -> np.ndarray:
    """Return the candidates' order when the first k alone are re-ranked: (Q, K) int64.

    values: (Q, K) scores, larger is better.
    """
    rest = np.broadcast_to(np.arange(k, values.shape[1]), (len(values), values.shape[1] - k))
    return np.concatenate([rank_candidates(values[:, :k]), rest], axis=1)


def default_ks(candidates: int) -> list[int]:
    """Return 0, 1, 2, 5, 10, 20, 50, ... below K, and K."""
    steps = [0] + [step * 10**power for power in range(len(str(candidates))) for step in (1, 2, 5)]
    return [step for step in steps if step < candidates] + [candidates]


def _sweep(steps: np.ndarray, hits: Sequence[np.ndarray], ns: Sequence[int], seed: int) -> Sweep:
    intervals = np.array(
        [
            [astuple(proportion_interval(int(np.sum(hits_at(first, n))), len(first), seed=seed)) for n in ns]
            for first in hits
        ]
    ).reshape(len(steps), len(ns), 3)
    return Sweep(steps, tuple(ns), intervals[..., 0], intervals[..., 1], intervals[..., 2])
