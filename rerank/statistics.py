"""How sure a recall is: bootstrap intervals over queries, and paired tests of two methods.

A query is a hit or not, so a bootstrap resample of Q queries is a binomial draw (a multinomial one
for a pair of methods), and its cost does not grow with Q.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from data.errors import ResultError

RESAMPLES = 2000
TAILS_PERCENT = (2.5, 97.5)
SIGNIFICANT_P = 0.05


@dataclass(frozen=True)
class Interval:
    """A percentage, or a difference of percentages in points, with its 95 % interval; NaN if unknown."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class PairedCounts:
    """How often two methods hit on the same queries."""

    both: int
    only_a: int
    only_b: int
    neither: int

    @property
    def total(self) -> int:
        """The number of queries."""
        return self.both + self.only_a + self.only_b + self.neither


def proportion_interval(count: int, total: int, *, seed: int = 0, resamples: int = RESAMPLES) -> Interval:
    """Return `count` of `total` in percent, with its percentile bootstrap interval over queries.

    Equal counts and seeds give equal intervals. Counts of 0 and of `total` give intervals of width 0,
    as every percentile bootstrap does. Efron, "Bootstrap methods: another look at the jackknife", 1979.
    """
    if total == 0:
        return Interval(np.nan, np.nan, np.nan)
    share = count / total
    draws = np.random.default_rng(seed).binomial(total, share, resamples)
    return _interval(share, draws / total)


def difference_interval(counts: PairedCounts, *, seed: int = 0, resamples: int = RESAMPLES) -> Interval:
    """Return the recall of a less that of b in points, with its paired bootstrap interval.

    Queries are resampled, and with each query the hits of both methods.
    """
    total = counts.total
    if total == 0:
        return Interval(np.nan, np.nan, np.nan)
    same = counts.both + counts.neither
    shares = np.array([counts.only_a, counts.only_b, same]) / total
    draws = np.random.default_rng(seed).multinomial(total, shares, resamples)
    return _interval((counts.only_a - counts.only_b) / total, (draws[:, 0] - draws[:, 1]) / total)


def paired_counts(hits_a: np.ndarray, hits_b: np.ndarray) -> PairedCounts:
    """Count the hits of two methods over the same queries.

    hits_a, hits_b: (Q,) bool. Raises ResultError when their lengths differ.
    """
    if hits_a.shape != hits_b.shape:
        raise ResultError(f"a paired test needs the same queries: found {hits_a.shape} and {hits_b.shape}")
    return PairedCounts(
        both=int(np.sum(hits_a & hits_b)),
        only_a=int(np.sum(hits_a & ~hits_b)),
        only_b=int(np.sum(~hits_a & hits_b)),
        neither=int(np.sum(~hits_a & ~hits_b)),
    )


def mcnemar_p(counts: PairedCounts) -> float:
    """Return the two-sided p of McNemar's exact test: 1 when the methods never disagree.

    McNemar, "Note on the sampling error of the difference between correlated proportions", 1947, with
    the binomial distribution in place of chi-squared.
    """
    disagreements = counts.only_a + counts.only_b
    return float(binomtest(counts.only_a, disagreements, 0.5).pvalue) if disagreements else 1.0


def _interval(share: float, resampled: np.ndarray) -> Interval:
    low, high = np.percentile(100.0 * resampled, TAILS_PERCENT)
    return Interval(100.0 * share, float(low), float(high))
