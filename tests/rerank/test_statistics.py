import numpy as np
import pytest
from scipy import stats

from data.errors import ResultError
from rerank.statistics import (
    PairedCounts,
    difference_interval,
    mcnemar_p,
    paired_counts,
    proportion_interval,
)


def test_interval_agrees_with_the_binomial_that_it_samples():
    interval = proportion_interval(40, 105, resamples=200_000)
    low, high = stats.binom.ppf([0.025, 0.975], 105, 40 / 105) / 105
    assert interval.value == pytest.approx(100 * 40 / 105)
    assert (interval.low, interval.high) == pytest.approx((100 * low, 100 * high))


def test_interval_agrees_with_scipys_bootstrap():
    hits = np.arange(300) < 210
    theirs = stats.bootstrap(
        (hits.astype(float),), np.mean, n_resamples=5000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    ours = proportion_interval(210, 300, resamples=5000)
    assert (ours.low, ours.high) == pytest.approx((100 * theirs.low, 100 * theirs.high), abs=0.7)


def test_interval_narrows_with_the_number_of_queries():
    few, many = proportion_interval(10, 20), proportion_interval(1000, 2000)
    assert few.high - few.low > 5 * (many.high - many.low)


def test_intervals_repeat_with_the_seed_and_change_with_it():
    assert proportion_interval(431, 1000) == proportion_interval(431, 1000)
    seeds = {proportion_interval(431, 1000, seed=seed).low for seed in range(20)}
    assert len(seeds) > 1


@pytest.mark.parametrize(("count", "share"), [(0, 0.0), (7, 100.0)])
def test_all_or_nothing_has_no_width(count, share):
    interval = proportion_interval(count, 7)
    assert (interval.value, interval.low, interval.high) == (share, share, share)


def test_one_query_is_everything_or_nothing():
    assert proportion_interval(1, 1).value == 100.0


def test_no_query_gives_nothing():
    assert np.isnan(proportion_interval(0, 0).low)
    assert np.isnan(difference_interval(PairedCounts(0, 0, 0, 0)).value)


def test_pairs_are_counted_by_hand():
    hits_a = np.array([True, True, True, False, False, True])
    hits_b = np.array([True, False, False, True, False, False])
    counts = paired_counts(hits_a, hits_b)
    assert counts == PairedCounts(both=1, only_a=3, only_b=1, neither=1)
    assert counts.total == 6


def test_pairs_of_different_queries_are_refused():
    with pytest.raises(ResultError, match="same queries"):
        paired_counts(np.ones(3, bool), np.ones(4, bool))


@pytest.mark.parametrize(
    ("only_a", "only_b", "p"),
    [(5, 1, 14 / 64), (1, 5, 14 / 64), (10, 0, 2 / 1024), (0, 0, 1.0), (3, 3, 1.0), (1, 0, 1.0)],
)
def test_mcnemar_by_hand(only_a, only_b, p):
    assert mcnemar_p(PairedCounts(9, only_a, only_b, 4)) == pytest.approx(p)


def test_difference_by_hand():
    interval = difference_interval(PairedCounts(both=50, only_a=20, only_b=5, neither=25))
    assert interval.value == pytest.approx(15.0)
    # the variance of a paired difference: (p10 + p01 - (p10 - p01)^2) / Q
    deviation = 100 * np.sqrt((0.25 - 0.15**2) / 100)
    assert interval.low == pytest.approx(15 - 1.96 * deviation, abs=1.5)
    assert interval.high == pytest.approx(15 + 1.96 * deviation, abs=1.5)


def test_difference_agrees_with_scipys_paired_bootstrap():
    hits_a = np.repeat([1.0, 1.0, 0.0, 0.0], [60, 30, 12, 48])
    hits_b = np.repeat([1.0, 0.0, 1.0, 0.0], [60, 30, 12, 48])
    theirs = stats.bootstrap(
        (hits_a, hits_b),
        lambda a, b, axis: np.mean(a - b, axis=axis),
        paired=True,
        n_resamples=5000,
        method="percentile",
        rng=np.random.default_rng(1),
    ).confidence_interval
    ours = difference_interval(PairedCounts(60, 30, 12, 48), resamples=5000)
    assert (ours.low, ours.high) == pytest.approx((100 * theirs.low, 100 * theirs.high), abs=0.7)


def test_a_method_against_itself_differs_by_nothing():
    interval = difference_interval(PairedCounts(both=3, only_a=0, only_b=0, neither=9))
    assert (interval.value, interval.low, interval.high) == (0.0, 0.0, 0.0)
