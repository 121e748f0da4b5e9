import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import ResultError
from rerank.adaptive import (
    AdaptiveRule,
    apply_rule,
    cross_fitted,
    gaps_at,
    learn_rule,
    steps_of,
)
from rerank.metrics import first_hits, hits_at, rank_candidates
from rerank.sweeps import order_of_first

CANDIDATES = 100


def drawn(queries: int, seed: int = 0, quality: float = 20.0) -> tuple[np.ndarray, np.ndarray]:
    """Draw scores above noise for the positives of each query, and which these are."""
    draw = np.random.default_rng(seed)
    labels = draw.random((queries, CANDIDATES)) < np.geomspace(0.5, 0.005, CANDIDATES)
    noise = draw.poisson(8, labels.shape)
    return (noise + labels * draw.exponential(quality, labels.shape)).round(), labels


def lost_percent(values: np.ndarray, labels: np.ndarray, order: np.ndarray) -> float:
    full = hits_at(first_hits(labels, rank_candidates(values)), 1)
    return 100.0 * float((full & ~hits_at(first_hits(labels, order), 1)).mean())


def test_gaps_by_hand() -> None:
    values = np.array([[1.0, 5.0, 2.0, 3.0, 9.0], [4.0, -np.inf, -np.inf, 6.0, -np.inf]])
    # the lower quartile of n scores is the one with a quarter of n below it
    np.testing.assert_array_equal(gaps_at(values, (4, 5)), [[5 - 2, 9 - 2], [6 - 4, 6 - 4]])


def test_nothing_stands_out_of_fewer_than_two_scores() -> None:
    values = np.full((2, 5), -np.inf)
    values[1, 2] = 7.0
    np.testing.assert_array_equal(gaps_at(values, (3, 5)), np.zeros((2, 2)))


def test_a_rule_by_hand() -> None:
    values = np.zeros((4, 30))
    values[0, 3] = 50.0  # safe at once
    values[1, 15] = 50.0  # after 20
    values[2, 2], values[2, 25] = 8.0, 9.0  # never
    values[3, 29] = 50.0  # nothing stands out of the first ten
    rule = AdaptiveRule((10, 20, 30), safe_gap=20.0, hopeless_gap=-1.0)
    outcome = apply_rule(rule, values)
    assert outcome.scored.tolist() == outcome.reranked.tolist() == [10, 20, 30, 30]
    rule = AdaptiveRule((10, 20, 30), safe_gap=20.0, hopeless_gap=0.0)
    outcome = apply_rule(rule, values)
    assert outcome.scored.tolist() == [10, 10, 30, 10]
    assert outcome.reranked.tolist() == [10, 0, 30, 0]
    order = outcome.order(values)
    assert order[0].tolist() == [3, 0, 1, 2, *range(4, 30)]
    assert order[1].tolist() == list(range(30))
    assert order[2].tolist()[:3] == [25, 2, 0]


@given(st.integers(1, 100), st.integers(0, 50))
@settings(max_examples=20, deadline=None)
def test_the_order_is_that_of_fewer_candidates(reranked: int, seed: int) -> None:
    values, _ = drawn(3, seed)
    values[0, ::7] = -np.inf
    rule = AdaptiveRule((reranked, CANDIDATES), safe_gap=-np.inf)
    order = apply_rule(rule, values).order(values)
    np.testing.assert_array_equal(order, order_of_first(values, reranked))


def test_a_rule_does_not_look_at_what_it_left_out() -> None:
    values, labels = drawn(200)
    rule = learn_rule(values, labels, 5.0)
    outcome = apply_rule(rule, values)
    hidden = np.where(np.arange(CANDIDATES) < outcome.scored[:, None], values, 1e9)
    np.testing.assert_array_equal(apply_rule(rule, hidden).scored, outcome.scored)
    np.testing.assert_array_equal(apply_rule(rule, hidden).order(hidden), outcome.order(values))
    assert outcome.scored.mean() < CANDIDATES / 2


@pytest.mark.parametrize("tolerated", [1.0, 5.0])
@pytest.mark.parametrize("quality", [3.0, 30.0])
def test_new_queries_lose_no_more_than_tolerated(tolerated: float, quality: float) -> None:
    """The bound is one of the mean over drawings of queries to learn from and to judge."""
    lost, scored = [], []
    for seed in range(40):
        rule = learn_rule(*drawn(150, seed, quality), tolerated)
        values, labels = drawn(300, 1000 + seed, quality)
        outcome = apply_rule(rule, values)
        lost.append(lost_percent(values, labels, outcome.order(values)))
        scored.append(outcome.scored.mean())
    assert np.mean(lost) <= tolerated + 0.1 * tolerated
    if tolerated == 5.0 and quality == 30.0:
        assert np.mean(scored) < 40


def test_more_tolerance_scores_fewer_candidates() -> None:
    values, labels = drawn(400)
    scored = [
        apply_rule(learn_rule(values, labels, points), values).scored.mean() for points in (0, 1, 5, 20)
    ]
    assert scored == sorted(scored, reverse=True)
    assert scored[0] == CANDIDATES and scored[-1] < scored[0]


def test_too_few_queries_never_stop() -> None:
    values, labels = drawn(98)
    assert (apply_rule(learn_rule(values, labels, 1.0), values).scored == CANDIDATES).all()
    values, labels = drawn(100)
    assert (apply_rule(learn_rule(values, labels, 1.0), values).scored < CANDIDATES).any()


def test_where_reranking_never_helps_the_retrievers_order_stays() -> None:
    draw = np.random.default_rng(0)
    values = draw.random((200, CANDIDATES))
    labels = np.zeros(values.shape, bool)
    labels[:, 0] = True
    outcome = apply_rule(learn_rule(values, labels, 2.0), values)
    assert (outcome.scored == 10).all()
    assert lost_percent(values, labels, outcome.order(values)) == 0.0


@pytest.mark.parametrize("candidates", [1, 7, 10, 11, 50, 51])
def test_any_number_of_candidates(candidates: int) -> None:
    values, labels = drawn(120)
    values, labels = values[:, :candidates], labels[:, :candidates]
    outcome = cross_fitted(values, labels, 5.0)
    assert steps_of(candidates)[-1] == candidates
    assert set(outcome.scored.tolist()) <= set(steps_of(candidates))
    assert np.sort(outcome.order(values), axis=1).tolist() == [list(range(candidates))] * 120


def test_every_query_is_judged_by_rules_of_the_others() -> None:
    """One query whose loss alone decides: with it the rule may not stop, without it it may."""
    values = np.zeros((60, 30))
    labels = np.zeros(values.shape, bool)
    values[:, 3], labels[:, 3] = 5.0, True
    values[7, 0], values[7, 25] = 90.0, 99.0
    labels[7] = False
    labels[7, 25] = True
    outcome = cross_fitted(values, labels, 2.0)
    assert outcome.scored[7] == 10
    assert (outcome.scored == 30).sum() == 60 - 6  # but those of its own tenth
    again = cross_fitted(values, labels, 2.0)
    np.testing.assert_array_equal(again.scored, outcome.scored)


def test_no_queries_and_impossible_tolerances() -> None:
    nothing = np.zeros((0, 20))
    assert len(cross_fitted(nothing, nothing.astype(bool), 5.0).scored) == 0
    for points in (-1.0, 101.0, float("nan")):
        with pytest.raises(ResultError, match="0 to 100 points"):
            learn_rule(*drawn(5), points)
