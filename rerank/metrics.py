"""Recall at N: from positions and scores to ranks, hits and recalls. Arrays in, arrays out.

A query's K candidates stand in the retriever's order. Where a query has fewer, its row is padded:
index -1, position NaN, distance infinite, never a hit.
"""

from collections.abc import Sequence

import numpy as np

from data.errors import ResultError

NEVER = int(np.iinfo(np.int64).max)  # the rank of a first hit that does not exist: beyond every N


def rank_candidates(scores: np.ndarray) -> np.ndarray:
    """Return the candidates of every query from best to worst: (Q, K) int64 columns of `scores`.

    scores: (Q, K), larger is better; -inf where a candidate could not be scored, which puts it last.
    Ties keep the retriever's order. Raises ResultError for NaN.
    """
    values = np.asarray(scores, np.float64)
    if values.ndim != 2:
        raise ResultError(f"scores must be (Q, K), found the shape {values.shape}")
    spoiled = np.flatnonzero(np.isnan(values).any(axis=1))
    if len(spoiled):
        raise ResultError(
            f"{len(spoiled)} of {len(values)} queries have NaN scores, the first is query {spoiled[0]}; "
            "a matcher must give -inf where it cannot score"
        )
    return np.argsort(-values, axis=1, kind="stable")


def first_hits(labels: np.ndarray, order: np.ndarray | None = None) -> np.ndarray:
    """Return the rank, from 0, of each query's first positive: (Q,) int64, `NEVER` where none is.

    labels: (Q, K) bool in the retriever's order. order: (Q, K) columns from best to worst, by default
    the retriever's own.
    """
    ranked = labels if order is None else np.take_along_axis(labels, order, axis=1)
    fenced = np.concatenate([ranked, np.ones((len(ranked), 1), bool)], axis=1)
    first = np.argmax(fenced, axis=1).astype(np.int64)
    return np.where(first == ranked.shape[1], NEVER, first)


def hits_at(first_hits: np.ndarray, n: int) -> np.ndarray:
    """Tell which queries have a positive among their first N: (Q,) bool.

    first_hits: (Q,) ranks as of the function of that name. An N above the number of candidates asks
    for all candidates. Raises ResultError for an N below 1.
    """
    if n < 1:
        raise ResultError(f"R@N needs N of 1 or more, found {n}")
    return first_hits < n


def recall_at(first_hits: np.ndarray, ns: Sequence[int]) -> np.ndarray:
    """Return R@N in percent for every N of `ns`: (len(ns),) float64, NaN when there is no query.

    Queries without positives stay in the denominator. Arguments and errors are those of `hits_at`.
    """
    if not len(first_hits):
        return np.full(len(ns), np.nan)
    return np.array([100.0 * np.mean(hits_at(first_hits, n)) for n in ns])


def gather_positions(positions: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """Return the positions of candidates: (Q, K, 2) float64, NaN where the index is -1.

    positions: (N, 2) of the database, metres. indices: (Q, K) int64.
    """
    padded = np.concatenate([np.asarray(positions, np.float64).reshape(-1, 2), [[np.nan, np.nan]]])
    return padded[np.where(indices < 0, len(padded) - 1, indices)]


def distances_m(candidate_positions: np.ndarray, query_positions: np.ndarray) -> np.ndarray:
    """Return planar distances of candidates from their query: (Q, K) float64, infinite where unknown.

    candidate_positions: (Q, K, 2), query_positions: (Q, 2), east and north in metres, NaN where unknown.
    """
    offsets = np.asarray(candidate_positions, np.float64) - np.asarray(query_positions, np.float64)[:, None]
    distances = np.hypot(offsets[..., 0], offsets[..., 1])
    return np.where(np.isnan(distances), np.inf, distances)


def labels_within(
    candidate_positions: np.ndarray, query_positions: np.ndarray, threshold_m: float
) -> np.ndarray:
    """Tell which candidates show their query's place: (Q, K) bool.

    A positive lies within `threshold_m`, the border included (a closed ball), in the plane, whatever
    its heading. Arguments are those of `distances_m`.
    """
    return distances_m(candidate_positions, query_positions) <= threshold_m
