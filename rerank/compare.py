"""Comparing two runs on the same queries: which is better, by how much, and whether one can tell."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from data.errors import ProtocolError
from rerank.metrics import hits_at
from rerank.protocol import differences
from rerank.provenance import environment_differences, method_differences
from rerank.run import Run
from rerank.statistics import (
    SIGNIFICANT_P,
    Interval,
    PairedCounts,
    difference_interval,
    mcnemar_p,
    paired_counts,
    proportion_interval,
)


@dataclass(frozen=True)
class Comparison:
    """Two methods, a and b, at R@N on the same queries.

    recall_a, recall_b: percent. difference: a less b, in points. p: McNemar's exact test, two-sided.
    notes: what differed in method, software and hardware, in words.
    """

    dataset: str
    name_a: str
    name_b: str
    n: int
    threshold_m: float
    counts: PairedCounts
    recall_a: Interval
    recall_b: Interval
    difference: Interval
    p: float
    notes: tuple[str, ...] = ()

    @property
    def distinguishable(self) -> bool:
        """Whether the test tells the two apart, at p < 0.05."""
        return self.p < SIGNIFICANT_P

    def sentence(self) -> str:
        """Say the outcome in words, with the difference, its interval and p."""
        place = f"{self.dataset}, R@{self.n} at {self.threshold_m:g} m over {self.counts.total} queries"
        difference = self.difference
        first, second = (self.name_a, self.recall_a), (self.name_b, self.recall_b)
        if difference.value < 0:
            first, second = second, first
            difference = Interval(0.0 - difference.value, 0.0 - difference.high, 0.0 - difference.low)
        figures = f"{difference.value:.1f} points [{difference.low:.1f}, {difference.high:.1f}]"
        test = f"McNemar's exact p = {self.p:.2g}"
        better, worse = (f"{name} ({recall.value:.1f} %)" for name, recall in (first, second))
        if self.distinguishable:
            return f"{place}: {better} is better than {worse} by {figures}, {test}."
        return f"{place}: {better} and {worse} are not distinguishable: they differ by {figures}, {test}."


def compare(
    run_a: Run, run_b: Run, n: int = 1, threshold_m: float | None = None, *, seed: int = 0
) -> Comparison:
    """Compare two runs at R@N.

    threshold_m: measure both at this distance, whatever their own. Raises ProtocolError, naming what
    differs, when the runs were not measured on the same task.
    """
    check_comparable(run_a, run_b, threshold_m)
    hits_a, hits_b = (hits_at(run.first_hits(threshold_m), n) for run in (run_a, run_b))
    counts = paired_counts(hits_a, hits_b)
    name_a, name_b = _told_apart(run_a.name, run_b.name)
    return Comparison(
        dataset=run_a.identity.dataset,
        name_a=name_a,
        name_b=name_b,
        n=n,
        threshold_m=run_a.threshold_m(threshold_m),
        counts=counts,
        recall_a=proportion_interval(counts.both + counts.only_a, counts.total, seed=seed),
        recall_b=proportion_interval(counts.both + counts.only_b, counts.total, seed=seed),
        difference=difference_interval(counts, seed=seed),
        p=mcnemar_p(counts),
        notes=(
            *method_differences(run_a.identity.method, run_b.identity.method),
            *environment_differences(run_a.environment, run_b.environment),
        ),
    )


def check_comparable(run_a: Run, run_b: Run, threshold_m: float | None = None) -> None:
    """Refuse runs of different protocols; raises ProtocolError naming what differs.

    threshold_m: the one that both will be measured at, where it is not their own.
    """
    protocols = [
        replace(run.identity.protocol, threshold_m=run.threshold_m(threshold_m)) for run in (run_a, run_b)
    ]
    differing = differences(*protocols)
    if differing:
        raise ProtocolError(
            f"{run_a.identity.dataset}/{run_a.name} and {run_b.identity.dataset}/{run_b.name} were not "
            f"measured on the same task and do not compare: {'; '.join(differing)}. Run one of them again "
            "on the other's candidates; where the threshold alone differs, give one for both"
        )


def group_by_task(runs: Iterable[Run]) -> list[list[Run]]:
    """Part runs by dataset and protocol, in order of first appearance: what is in one list compares."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.identity.dataset, run.identity.protocol.digest), []).append(run)
    return list(groups.values())


def _told_apart(name_a: str, name_b: str) -> tuple[str, str]:
    return (name_a, name_b) if name_a != name_b else (f"{name_a} (first)", f"{name_b} (second)")
