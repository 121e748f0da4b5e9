"""What stopping early saves and loses, from a run's stored scores of all candidates."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rerank.adaptive import FOLDS, Outcome, cross_fitted
from rerank.latency import COLD_STAGES, STAGES, WARM_STAGES
from rerank.metrics import first_hits, hits_at
from rerank.run import Run
from rerank.statistics import (
    RESAMPLES,
    TAILS_PERCENT,
    Interval,
    difference_interval,
    paired_counts,
    proportion_interval,
)
from rerank.sweeps import SWEEP_NS

TOLERATED_POINTS = (1.0, 2.0, 3.0, 5.0)
QUERY_STAGES = ("query_decode", "query_extraction")  # the same however few candidates are scored


@dataclass(frozen=True)
class Saving:
    """Re-ranking that stops early, at one tolerated loss; 95 % intervals over queries.

    tolerated_points: hits at the first place that may be lost, in percent of the queries. candidates:
    scored for a query, mean. given_up_percent: of the queries, left in the retriever's order. recalls:
    n -> R@n. lost: R@1 of full re-ranking less this one, in points. cold_saved, warm_saved: percent of the
    seconds of full re-ranking, None where they were not measured.
    """

    tolerated_points: float
    candidates: float
    given_up_percent: float
    recalls: dict[int, Interval]
    lost: Interval
    cold_saved: Interval | None
    warm_saved: Interval | None


def sweep_adaptive(
    run: Run,
    tolerated: Sequence[float] = TOLERATED_POINTS,
    ns: Sequence[int] = SWEEP_NS,
    *,
    seed: int = 0,
) -> list[Saving]:
    """Return what the rule of `rerank.adaptive` saves and loses at every tolerated loss.

    Every query is judged by a rule that other queries taught. The seconds of a query's candidates are
    taken in proportion to the candidates scored: they were measured for all of them together.
    """
    return [_saving(run, points, ns, seed) for points in tolerated]


def enough_queries(run: Run, tolerated_points: float) -> bool:
    """Tell whether a run has queries enough for a rule to stop anywhere, when a tenth is held out."""
    taught = len(run.values) * (FOLDS - 1) // FOLDS
    return tolerated_points / 100 * (taught + 1) >= 1


def _saving(run: Run, tolerated_points: float, ns: Sequence[int], seed: int) -> Saving:
    labels = run.labels()
    outcome = cross_fitted(run.values, labels, tolerated_points, seed=seed)
    first = first_hits(labels, outcome.order(run.values))
    counts = paired_counts(hits_at(run.first_hits(), 1), hits_at(first, 1))
    total = len(first)
    return Saving(
        tolerated_points,
        candidates=float(outcome.scored.mean()) if total else np.nan,
        given_up_percent=100.0 * float((outcome.reranked == 0).mean()) if total else np.nan,
        recalls={n: proportion_interval(int(hits_at(first, n).sum()), total, seed=seed) for n in ns},
        lost=difference_interval(counts, seed=seed),
        cold_saved=_saved(run, outcome, COLD_STAGES, seed),
        warm_saved=_saved(run, outcome, WARM_STAGES, seed),
    )


def _saved(run: Run, outcome: Outcome, stages: Sequence[str], seed: int) -> Interval | None:
    """Return the percentage of all queries' seconds that is saved, with its bootstrap interval."""
    columns = [STAGES.index(stage) for stage in stages]
    of_candidates = [STAGES.index(stage) for stage in stages if stage not in QUERY_STAGES]
    measured = ~np.isnan(run.seconds[:, columns]).any(axis=1)
    if not measured.any():
        return None
    whole = run.seconds[measured][:, columns].sum(axis=1)
    share = 1.0 - outcome.scored[measured] / run.shortlist.candidates
    saved = run.seconds[measured][:, of_candidates].sum(axis=1) * share
    if not whole.sum():
        return None
    draw = np.random.default_rng(seed)
    chosen = [draw.integers(0, len(whole), len(whole)) for _ in range(RESAMPLES)]
    ratios = [saved[rows].sum() / whole[rows].sum() for rows in chosen]
    low, high = np.percentile(100.0 * np.array(ratios), TAILS_PERCENT)
    return Interval(100.0 * float(saved.sum() / whole.sum()), float(low), float(high))
