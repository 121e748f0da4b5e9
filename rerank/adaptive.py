"""Re-ranking fewer candidates: a rule that says for each query when to stop, learned on other queries.

Candidates are scored in steps, the retriever's first ones first. After each step the gap is looked at:
how far the best score stands above the noise floor, the lower quartile of the scores so far, which
wrong candidates set. A leader that stands out far enough is safe, and scoring stops; where after the
first step nothing stands out at all, re-ranking would not help, and the retriever's order stays.

How far is far enough is learned so that the queries lost by it, hits of full re-ranking that are misses
by the rule, are no more than a tolerated share: Angelopoulos et al., "Conformal risk control", ICLR 2024.
The bound holds for the mean over queries like those learned on, and says nothing of other cities or
nights.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data.errors import ResultError

STEPS = (10, 20, 50)  # candidates scored after which the rule is asked; after the last come all
FLOOR = 0.25  # quantile of the scores so far
SPLITS = (
    1.0,
    0.5,
    0.0,
)  # shares of the tolerated loss that stopping early may use up; giving up has the rest
FOLDS = 10


@dataclass(frozen=True)
class AdaptiveRule:
    """When to stop. Gaps are in units of the method's scores.

    steps: candidates scored, rising, the last of them all. safe_gap: from which the leader is safe.
    hopeless_gap: up to which, after the first step, the retriever's order stays.
    """

    steps: tuple[int, ...]
    safe_gap: float = np.inf
    hopeless_gap: float = -np.inf


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a rule does. scored: (Q,) int64, candidates scored. reranked: (Q,), 0 or as many as scored."""

    scored: np.ndarray
    reranked: np.ndarray

    def order(self, values: np.ndarray) -> np.ndarray:
        """Return candidates from best to worst, those beyond `reranked` in the retriever's order: (Q, K).

        values: (Q, K) scores of all candidates, of which those that the rule left out are not looked at.
        """
        beyond = np.arange(values.shape[1]) >= self.reranked[:, None]
        return np.lexsort((np.where(beyond, 0.0, -values), beyond), axis=1)


def apply_rule(rule: AdaptiveRule, values: np.ndarray) -> Outcome:
    """Say where a rule would have stopped. values: (Q, K) scores, -inf where a candidate has none."""
    gaps = gaps_at(values, rule.steps[:-1])
    stops = gaps >= rule.safe_gap
    hopeless = gaps[:, :1] <= rule.hopeless_gap
    first = np.argmax(np.concatenate([stops, np.ones((len(values), 1), bool)], axis=1), axis=1)
    given_up = hopeless.any(axis=1)
    scored = np.array(rule.steps, np.int64)[np.where(given_up, 0, first)]
    return Outcome(scored, np.where(given_up, 0, scored))


def learn_rule(values: np.ndarray, labels: np.ndarray, tolerated_points: float) -> AdaptiveRule:
    """Learn the rule that scores the fewest candidates at a tolerated loss.

    values: (Q, K) scores of every candidate. labels: (Q, K) bool, which are positives. tolerated_points:
    hits at the first place that may be lost, in percent of the queries. With fewer than 100 /
    tolerated_points queries nothing is allowed, and the rule never stops. Raises ResultError for a share
    outside 0 to 100.
    """
    if not 0 <= tolerated_points <= 100:
        raise ResultError(f"a tolerated loss is 0 to 100 points, found {tolerated_points}")
    steps = steps_of(values.shape[1])
    allowed = tolerated_points / 100 * (len(values) + 1)
    rules = [
        AdaptiveRule(
            steps,
            safe_gap=_safe_gap(values, labels, steps, split * allowed),
            hopeless_gap=_hopeless_gap(values, labels, steps, (1 - split) * allowed),
        )
        for split in SPLITS
    ]
    return min(rules, key=lambda rule: float(apply_rule(rule, values).scored.sum()))


def cross_fitted(
    values: np.ndarray, labels: np.ndarray, tolerated_points: float, *, seed: int = 0
) -> Outcome:
    """Apply to each tenth of the queries the rule that the others teach; arguments as of `learn_rule`.

    seed: parts the queries.
    """
    folds = np.random.default_rng(seed).permutation(len(values)) % FOLDS
    scored, reranked = (np.full(len(values), values.shape[1], np.int64) for _ in range(2))
    for fold in range(FOLDS):
        held = folds == fold
        rule = learn_rule(values[~held], labels[~held], tolerated_points)
        found = apply_rule(rule, values[held])
        scored[held], reranked[held] = found.scored, found.reranked
    return Outcome(scored, reranked)


def steps_of(candidates: int) -> tuple[int, ...]:
    """Return the numbers of candidates scored at which to look: those of `STEPS` below K, and K."""
    return (*(step for step in STEPS if step < candidates), candidates)


def gaps_at(values: np.ndarray, steps: Sequence[int]) -> np.ndarray:
    """Return how far the leader stands above the noise floor after each step: (Q, S) float64.

    values: (Q, K) scores; candidates without one are left out, and fewer than two make no gap.
    """
    gaps = np.zeros((len(values), len(steps)))
    for column, step in enumerate(steps):
        seen = np.sort(values[:, :step], axis=1)
        without = np.isneginf(seen).sum(axis=1)
        place = np.minimum(without + np.floor(FLOOR * (step - without)).astype(np.int64), step - 1)
        floor = np.take_along_axis(seen, place[:, None], axis=1)[:, 0]
        known = step - without >= 2
        gaps[known, column] = seen[known, -1] - floor[known]
    return gaps


def _safe_gap(values: np.ndarray, labels: np.ndarray, steps: tuple[int, ...], allowed: float) -> float:
    """Return the smallest gap to stop at with which fewer queries than allowed are lost.

    Each query that some gap would lose has a largest such gap; a loss counts for all smaller ones, so
    that losses never fall as the gap does, which the bound needs.
    """
    gaps = gaps_at(values, steps[:-1])
    before = np.maximum.accumulate(np.insert(gaps, 0, -np.inf, axis=1), axis=1)[:, :-1]
    full = _hits(values, labels)
    lost = gaps > before
    for column, step in enumerate(steps[:-1]):
        lost[:, column] &= full & ~_hits(values[:, :step], labels)
    critical = np.where(lost, gaps, -np.inf).max(axis=1, initial=-np.inf)
    bound = _bound(np.sort(critical)[::-1], allowed)
    return bound if np.isinf(bound) else float(np.nextafter(bound, np.inf))


def _hopeless_gap(values: np.ndarray, labels: np.ndarray, steps: tuple[int, ...], allowed: float) -> float:
    """Return the largest gap to give up at with which fewer queries than allowed are lost."""
    gaps = gaps_at(values, steps[:1])[:, 0]
    lost = _hits(values, labels) & ~labels[:, 0]
    bound = _bound(np.sort(np.where(lost, -gaps, -np.inf))[::-1], allowed)
    return -bound if np.isinf(bound) else float(np.nextafter(-bound, -np.inf))


def _bound(critical: np.ndarray, allowed: float) -> float:
    """Return the value that no more than `allowed` - 1 of the falling `critical` (Q,) may exceed."""
    losses = int(np.floor(allowed + 1e-9)) - 1
    if losses < 0:
        return np.inf
    return float(critical[losses]) if losses < len(critical) else -np.inf


def _hits(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Tell which queries have a positive in the first place when these candidates are re-ranked: (Q,)."""
    leaders = np.argmax(values, axis=1)
    return labels[np.arange(len(labels)), leaders]
