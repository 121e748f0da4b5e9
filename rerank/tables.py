"""Result tables: what is in them. `rerank.table_formats` writes them down."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rerank.compare import group_by_task
from rerank.latency import Percentiles
from rerank.metrics import hits_at
from rerank.protocol import differences
from rerank.recall import RECALL_NS, recall_intervals
from rerank.run import Run
from rerank.statistics import SIGNIFICANT_P, Interval, difference_interval, mcnemar_p, paired_counts


@dataclass(frozen=True)
class Row:
    """One method. recalls: N -> R@N in percent. gain: R@1 over retrieval in points, None for retrieval.

    cold, warm: latency of a query, None where not measured. best: every N at which the paired test
    separates this method from each other one of the table.
    """

    method: str
    recalls: dict[int, Interval]
    gain: Interval | None
    cold: Percentiles | None
    warm: Percentiles | None
    best: frozenset[int]


@dataclass(frozen=True)
class Table:
    """The methods measured on one dataset under one protocol. ns: its columns' N. notes: in words."""

    dataset: str
    ns: tuple[int, ...]
    queries: int
    rows: tuple[Row, ...]
    notes: tuple[str, ...]


def make_tables(runs: Sequence[Run], ns: Sequence[int] = RECALL_NS, *, seed: int = 0) -> list[Table]:
    """Group runs by dataset and protocol, in order of first appearance, retrieval first in each."""
    tables, firsts = [], dict[str, Run]()
    for group in group_by_task(runs):
        first = firsts.setdefault(group[0].identity.dataset, group[0])
        members = sorted(group, key=lambda run: run.identity.method.reranks)
        tables.append(_table(members, tuple(ns), seed, _other_protocol(first, members[0])))
    return tables


def _table(runs: Sequence[Run], ns: tuple[int, ...], seed: int, notes: tuple[str, ...]) -> Table:
    first_hits = [run.first_hits() for run in runs]
    best = {n: _separated([hits_at(first, n) for first in first_hits]) for n in ns}
    rows = []
    for number, (run, first) in enumerate(zip(runs, first_hits, strict=True)):
        latency = run.latency()
        rows.append(
            Row(
                method=run.name,
                recalls=recall_intervals(first, ns, seed=seed),
                gain=_gain(run, seed) if run.identity.method.reranks else None,
                cold=latency.cold,
                warm=latency.warm,
                best=frozenset(n for n in ns if best[n] == number),
            )
        )
    queries = len(runs[0].shortlist.query_names)
    caches = tuple(f"{run.name}: {run.cache}" for run in runs if run.cache is not None)
    return Table(runs[0].identity.dataset, ns, queries, tuple(rows), (*_task(runs[0], ns), *caches, *notes))


def _separated(hits: Sequence[np.ndarray]) -> int | None:
    """Return the method that is better than each other one by the paired test, None if none is.

    hits: (Q,) bool of each method. Every one of the tests must say so at p < 0.05, which needs no
    correction for their number (an intersection-union test).
    """
    best = max(range(len(hits)), key=lambda number: int(hits[number].sum()))
    rest = [other for number, other in enumerate(hits) if number != best]
    separated = all(mcnemar_p(paired_counts(hits[best], other)) < SIGNIFICANT_P for other in rest)
    return best if rest and separated else None


def _gain(run: Run, seed: int) -> Interval:
    reranked, retrieved = (hits_at(first, 1) for first in (run.first_hits(), run.retrieval_first_hits()))
    return difference_interval(paired_counts(reranked, retrieved), seed=seed)


def _task(run: Run, ns: tuple[int, ...]) -> tuple[str, ...]:
    """Say what was measured, for the line below a table."""
    protocol, candidates = run.identity.protocol, run.shortlist.candidates
    task = (
        f"{len(run.shortlist.query_names)} queries ({run.queries_without_positives} without positives), "
        f"{candidates} candidates of {protocol.retriever}, {protocol.threshold_m:g} m; "
        "95 % bootstrap intervals"
    )
    beyond = [f"R@{n}" for n in ns if n > candidates]
    return (task, f"{', '.join(beyond)}: recall of all {candidates} candidates") if beyond else (task,)


def _other_protocol(first: Run, run: Run) -> tuple[str, ...]:
    differing = differences(first.identity.protocol, run.identity.protocol)
    if not differing:
        return ()
    return (f"not comparable with the first table of {run.identity.dataset}: {'; '.join(differing)}",)
