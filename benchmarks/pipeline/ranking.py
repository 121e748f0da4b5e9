"""Whether two ways of working rank the same photos alike."""

from typing import Any

import numpy as np

LIKE = 1e-4  # relative difference of scores that are called equal


def compare_rankings(published: np.ndarray, other: np.ndarray) -> dict[str, Any]:
    """Compare scores (Q, K) of the same queries and photos.

    Returns shares of 1: `identical` and `equal` (within LIKE) scores, queries with the same best photo as
    `same_first`, pairs of photos that published scores tell apart and that come in the same order as
    `same_order`; and the number of `scores`.
    """
    scale = np.maximum(np.abs(published), np.abs(other))
    near = np.abs(published - other) <= LIKE * np.maximum(scale, np.finfo(float).tiny)
    rows, columns = np.triu_indices(published.shape[1], 1)
    before, after = (np.sign(scores[:, rows] - scores[:, columns]) for scores in (published, other))
    told_apart = before != 0
    best = published[np.arange(len(other)), other.argmax(axis=1)]  # by the published scores
    return {
        "scores": int(published.size),
        "identical": float(np.mean(published == other)),
        "equal": float(near.mean()),
        "same_first": float(np.mean(best == published.max(axis=1))),
        "same_order": float(np.mean((before == after)[told_apart])) if told_apart.any() else 1.0,
    }
