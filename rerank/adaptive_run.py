"""A run that stops early: only candidates that its rule asks for are extracted, read and scored.

All queries go through the steps of the rule together, so that photos of a step are extracted in one go. A
query is kept once it is decided, and a killed run goes on with those that are not. Candidates that were not
scored have minus infinity, which leaves them behind the scored ones in the retriever's order; where the rule
gave up, all have. Those that were scored have counts of matches or inliers, if the matcher counts any.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from data.errors import ResultError
from extractors.store import FeatureStore
from matchers import Matcher
from networks.stages import Stage
from rerank.adaptive import AdaptiveRule, apply_rule, learn_rule
from rerank.adaptive_sweep import QUERY_STAGES
from rerank.protocol import Protocol
from rerank.provenance import Part
from rerank.results import QueryScores, RunFolder, find_runs
from rerank.run import Run
from rerank.run_files import read_identity
from rerank.scoring import load_query, score_query
from rerank.task import Task

PART = "adaptive"  # of a method's name


@dataclass(frozen=True)
class Learned:
    """A rule, and the run that taught it."""

    rule: AdaptiveRule
    tolerated_points: float
    source: Run

    @property
    def part(self) -> Part:
        """What tells a run with this rule from others."""
        taught = self.source.identity
        settings = {
            "steps": list(self.rule.steps),
            "safe_gap": repr(self.rule.safe_gap),  # text: JSON has no infinity
            "hopeless_gap": repr(self.rule.hopeless_gap),
            "tolerated_points": self.tolerated_points,
            "learned_on": f"{taught.dataset}, protocol {taught.protocol.digest}",
        }
        return Part(PART, settings)


def learn_from_run(
    folder: Path, parts: tuple[Part, ...], protocol: Protocol, tolerated_points: float
) -> Learned:
    """Learn the rule for a method from its finished run below `folder`.

    parts: extractor and matcher. protocol: of the run that the rule is for. Raises ResultError where there
    is not one such run, it has other settings or another number of candidates, or the same queries.
    """
    name = "+".join(part.name for part in parts)
    found = [one.read() for one in find_runs(folder) if read_identity(one.path).method.name == name]
    if len(found) != 1:
        raise ResultError(
            f"{folder} holds {len(found)} finished runs of {name}; --adaptive needs one, of full re-ranking, "
            "to learn from"
        )
    (source,) = found
    told = source.identity.protocol
    problems = {
        "its settings or weights are others": source.identity.method.parts != parts,
        f"it has {told.top_k} candidates, not {protocol.top_k}": told.top_k != protocol.top_k,
        "it is of the same queries, which would judge themselves": told.queries == protocol.queries,
    }
    wrong = [problem for problem, holds in problems.items() if holds]
    if wrong:
        raise ResultError(f"{folder}: {name} cannot be learned from: {'; '.join(wrong)}")
    rule = learn_rule(source.values, source.labels(), tolerated_points)
    return Learned(rule, tolerated_points, source)


def score_adaptively(
    task: Task,
    store: FeatureStore,
    matcher: Matcher,
    folder: RunFolder,
    rule: AdaptiveRule,
    extract: Callable[[dict[str, Path]], None],
    progress: Stage,
) -> None:
    """Score every query that `folder` has not yet as far as the rule asks, keeping each once decided.

    extract: has those of the given photos (key -> file) that the store lacks extracted. progress: opens a
    stage for each step.
    """
    done = folder.done_queries()
    undecided = [
        _Query(row, task.shortlist.candidates) for row in range(len(task.query_rows)) if row not in done
    ]
    first = 0
    for step in rule.steps:
        if not undecided:
            return
        extract(photos_of(task, [query.row for query in undecided], first, step))
        waiting = []
        with progress(
            f"scoring candidates {first + 1} to {step} of {folder.path.name}", len(undecided)
        ) as counter:
            for query in undecided:
                query.take(task, store, matcher, first, step)
                if step == rule.steps[-1] or query.decide(rule, step):
                    folder.append(query.row, query.scores())
                else:
                    waiting.append(query)
                counter.advance()
        undecided, first = waiting, step


def photos_of(task: Task, rows: Iterable[int], first: int, last: int) -> dict[str, Path]:
    """Return the photos of some queries and their candidates from number `first` to before `last`."""
    return {key: file for row in rows for key, file in task.photos_of(row, slice(first, last)).items()}


@dataclass
class _Query:
    """A query on its way. Arrays are (K,) in the shortlist's order."""

    row: int
    candidates: int
    values: np.ndarray = field(init=False)
    matches: np.ndarray = field(init=False)
    inliers: np.ndarray = field(init=False)
    seconds: dict[str, float] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.values = np.full(self.candidates, -np.inf)
        self.matches, self.inliers = (np.full(self.candidates, -1) for _ in range(2))

    def take(self, task: Task, store: FeatureStore, matcher: Matcher, first: int, last: int) -> None:
        """Score the candidates from number `first` to before `last`."""
        scores = score_query(load_query(task, store, self.row, slice(first, last)), matcher, self.candidates)
        self.values = np.maximum(self.values, scores.values)
        for name in ("matches", "inliers"):
            if (counts := getattr(scores, name)) is not None:
                setattr(self, name, np.maximum(getattr(self, name), counts))
        for stage, seconds in scores.seconds.items():
            before = self.seconds.get(stage, 0.0)
            self.seconds[stage] = seconds if stage in QUERY_STAGES else before + seconds

    def decide(self, rule: AdaptiveRule, scored: int) -> bool:
        """Tell whether the rule stops after that many candidates; where it gives up, forget the scores."""
        outcome = apply_rule(rule, self.values[None])
        if outcome.scored[0] > scored:
            return False
        if not outcome.reranked[0]:
            self.values = np.full(self.candidates, -np.inf)
        return True

    def scores(self) -> QueryScores:
        """Return what is known of the query."""
        return QueryScores(self.values, self.matches, self.inliers, self.seconds)
