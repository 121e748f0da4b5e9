"""The kinds of plots by name, and what runs must have for each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from rerank.adaptive_sweep import enough_queries
from rerank.plots.adaptive import TOLERATED_POINTS, recall_adaptive
from rerank.plots.candidates import recall_candidates
from rerank.plots.conditions import day_night, day_night_pairs
from rerank.plots.dials import dials_of, recall_dial
from rerank.plots.stages import latency_stages
from rerank.plots.thresholds import recall_threshold
from rerank.plots.trade_off import latency_recall
from rerank.run import Run


@dataclass(frozen=True)
class Kind:
    """A kind of plot.

    draw: takes runs, and the N of R@N. lacking: says what runs lack for it, "" for nothing.
    """

    draw: Callable[[Sequence[Run], int], Figure]
    lacking: Callable[[Sequence[Run]], str]


def _reranking(runs: Sequence[Run]) -> str:
    return "" if any(run.identity.method.reranks for run in runs) else "no method that re-ranks"


def _timings(runs: Sequence[Run]) -> str:
    latencies = [run.latency() for run in runs if run.identity.method.reranks]
    measured = any(latency.cold or latency.warm for latency in latencies)
    return _reranking(runs) or ("" if measured else "no timings")


def _queries_to_learn_from(runs: Sequence[Run]) -> str:
    reranking = [run for run in runs if run.identity.method.reranks]
    enough = any(enough_queries(run, TOLERATED_POINTS) for run in reranking)
    return _reranking(runs) or ("" if enough else "too few queries to learn a rule from")


def _day_and_night(runs: Sequence[Run]) -> str:
    return "" if day_night_pairs(runs) else "no dataset by day and by night, NAME_day and NAME_night"


def _dials(runs: Sequence[Run]) -> str:
    return "" if dials_of(runs) else "no runs on a swept city (`rerank data city --set sweep=...`)"


# The names are those of the files that `rerank plot` writes.
KINDS: Mapping[str, Kind] = {
    "latency_recall": Kind(lambda runs, n: latency_recall(runs, n=n), _timings),
    "latency_stages": Kind(lambda runs, n: latency_stages(runs), _timings),
    "recall_candidates": Kind(lambda runs, n: recall_candidates(runs, n=n), _reranking),
    "recall_adaptive": Kind(lambda runs, n: recall_adaptive(runs, n=n), _queries_to_learn_from),
    "recall_threshold": Kind(lambda runs, n: recall_threshold(runs, n=n), _reranking),
    "day_night": Kind(lambda runs, n: day_night(runs, n=n), _day_and_night),
    "recall_dial": Kind(lambda runs, n: recall_dial(runs, n=n), _dials),
}
