"""How far two ways of working agree, with intervals."""

from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

import numpy as np
from scipy.stats import binomtest

from rerank.metrics import first_hits, hits_at, rank_candidates
from rerank.recall import recall_intervals
from rerank.statistics import Interval, difference_interval, paired_counts

NS = (1, 5)  # of recall@N


def compare(published: np.ndarray, pipeline: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Compare the scores (Q, K) of two ways, of the same candidates.

    labels: (Q, K) bool, which candidates show the right place. Returns `recall`: N -> published, pipeline,
    and the difference, pipeline less published, in percent and points with 95 % bootstrap intervals over
    queries; `same_first`: percent of queries with the same photo first, with Wilson's 95 % interval;
    `scores`: how many there are; `different`: how many values the published way's have; `identical`: share
    of the scores.
    """
    orders = [rank_candidates(scores) for scores in (published, pipeline)]
    before, after = (first_hits(labels, order) for order in orders)
    recalls = [recall_intervals(ranks, NS) for ranks in (before, after)]
    return {
        "recall": {
            str(n): {
                "published": astuple(recalls[0][n]),
                "pipeline": astuple(recalls[1][n]),
                "difference": astuple(
                    difference_interval(paired_counts(hits_at(after, n), hits_at(before, n)))
                ),
            }
            for n in NS
        },
        "same_first": astuple(_wilson(orders[0][:, 0] == orders[1][:, 0])),
        "scores": published.size,
        "different": len(np.unique(published)),
        "identical": identical(published, pipeline),
    }


def identical(one: np.ndarray, other: np.ndarray) -> float:
    """Return the share of scores that are the same to the last digit."""
    return float(np.mean(one == other))


def _wilson(agree: np.ndarray) -> Interval:
    """Return a percentage with Wilson's interval, which has a width where all agree: JASA 22, 1927."""
    bounds = binomtest(int(agree.sum()), len(agree)).proportion_ci(method="wilson")
    return Interval(100.0 * float(agree.mean()), 100.0 * bounds.low, 100.0 * bounds.high)


def shown(interval: Sequence[float]) -> str:
    """Write a value and its interval."""
    value, low, high = interval
    return f"{value:.1f} [{low:.1f}, {high:.1f}]"
