"""Searching descriptors: the nearest database photos of every query.

The database passes by in blocks, so that it never has to be in memory whole. Two defects of the
published harness are avoided: a photo's index is its position in the database, whatever the blocks'
sizes (there, blocks of unequal size rotate the indices of the last one), and no more candidates are
returned than there are photos (there, the rest are index -1 at distance 3.4e38).
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import faiss
import numpy as np

from data.errors import SettingsError
from networks.settings import nearest

MARGIN = 16  # candidates beyond top_k, so that ties at its end are decided by exact distances


class Neighbours(NamedTuple):
    """Nearest rows of every query. distances: (Q, K) float32, squared L2. indices: (Q, K) int64."""

    distances: np.ndarray
    indices: np.ndarray


class Block(NamedTuple):
    """Some database descriptors. descriptors: (N, D) float32. indices: (N,) int64, their positions."""

    descriptors: np.ndarray
    indices: np.ndarray


def search(blocks: Iterable[Block], queries: np.ndarray, top_k: int, kind: str = "exact") -> Neighbours:
    """Return the `top_k` nearest database rows of every query, by ascending squared L2 distance.

    blocks: the database, in parts of any size. queries: (Q, D) float32. kind: "exact" is FAISS's
    exhaustive search, with the distances of what it finds computed anew by difference: FAISS expands
    the square, which puts equal descriptors at unequal distances. Equal distances are ordered by
    index. K = min(top_k, rows of the database).
    Raises SettingsError for an unknown kind and a `top_k` below 1.
    """
    if kind not in KINDS:
        raise SettingsError(f"no index is called {kind!r}{nearest(kind, KINDS)}")
    if top_k < 1:
        raise SettingsError(f"top_k must be at least 1, found {top_k}")
    return KINDS[kind](blocks, np.ascontiguousarray(queries, np.float32), top_k)


def _exact(blocks: Iterable[Block], queries: np.ndarray, top_k: int) -> Neighbours:
    best = Neighbours(np.zeros((len(queries), 0), np.float32), np.zeros((len(queries), 0), np.int64))
    for block in blocks:
        if len(block.indices):
            best = _merged(best, _search_block(block, queries, top_k + MARGIN), top_k)
    return best


def _search_block(block: Block, queries: np.ndarray, count: int) -> Neighbours:
    """Return the nearest rows of one block, at most `count`, in no promised order."""
    descriptors = np.ascontiguousarray(block.descriptors, np.float32)
    index = faiss.IndexFlatL2(descriptors.shape[1])
    index.add(descriptors)
    _, rows = index.search(queries, min(count, len(descriptors)))
    distances = np.empty(rows.shape, np.float32)
    for query, found in enumerate(rows):
        difference = descriptors[found] - queries[query]
        distances[query] = np.square(difference, out=difference).sum(axis=1, dtype=np.float64)
    return Neighbours(distances, block.indices[rows])


def _merged(first: Neighbours, second: Neighbours, top_k: int) -> Neighbours:
    """Return the nearest `top_k` of both, ties by index."""
    distances = np.concatenate([first.distances, second.distances], axis=1)
    indices = np.concatenate([first.indices, second.indices], axis=1)
    order = np.lexsort((indices, distances), axis=1)[:, :top_k]
    return Neighbours(np.take_along_axis(distances, order, 1), np.take_along_axis(indices, order, 1))


KINDS: dict[str, Callable[[Iterable[Block], np.ndarray, int], Neighbours]] = {"exact": _exact}
