"""Exact search of a database that passes by in blocks, at the pace of the matrix products.

Products select and differences decide. The product of queries and a tile of the database, in float32,
gives every squared distance to within a bound that follows from the number format; only rows that may
be among the nearest by that bound have their distance computed by difference. As more of the database
passes by, the distance to beat falls, and ever fewer rows are looked at a second time. What is held
depends on the number of queries and candidates, not on the database.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import torch

from networks.products import product
from retrieval.blocks import Block, Neighbours

TILE_ROWS = 4096
GROUP_QUERIES = 1024  # whose products with a tile are held at a time
CHUNK_PAIRS = 512  # whose differences are held at a time, near the processor
UNIT_ROUNDOFF = 2.0**-24  # of float32
ROUNDINGS = 16  # beside those of the product itself: of norms and of thresholds


def search_exact(blocks: Iterable[Block], queries: np.ndarray, top_k: int) -> Neighbours:
    """Return the `top_k` nearest rows of every query: those of a full sort by (distance, index).

    blocks: the database, in parts of any size. queries: (Q, D) float32. Distances are those of the
    differences, squared in float32 and summed in float64: equal descriptors are equally far.
    """
    starts = range(0, len(queries), GROUP_QUERIES)
    groups = [_Group(queries[start : start + GROUP_QUERIES], top_k) for start in starts]
    room = np.empty((TILE_ROWS, queries.shape[1]), np.float32)
    for block in blocks:
        for first in range(0, len(block.indices), TILE_ROWS):
            tile = _tile(block, first, room)
            for group in groups:
                group.see(tile)
    found = [group.result() for group in groups]
    if not found:
        return Neighbours(np.zeros((0, 0), np.float32), np.zeros((0, 0), np.int64))
    return Neighbours(*(np.concatenate(arrays) for arrays in zip(*found, strict=True)))


@dataclass(frozen=True)
class _Tile:
    """Rows of the database in float32. half_norms: (N,), half of the squared lengths."""

    descriptors: np.ndarray
    indices: np.ndarray
    half_norms: np.ndarray


@dataclass(frozen=True)
class _Pairs:
    """Queries and database rows, with their squared distances: three (P,) arrays, int64, float32, int64."""

    queries: np.ndarray
    distances: np.ndarray
    indices: np.ndarray

    def nearest(self, top_k: int) -> "_Pairs":
        """Return the first `top_k` of every query by distance and index, sorted by query."""
        order = np.lexsort((self.indices, self.distances, self.queries))
        queries = self.queries[order]
        rank = np.arange(len(order)) - np.searchsorted(queries, queries)
        kept = order[rank < top_k]
        return _Pairs(self.queries[kept], self.distances[kept], self.indices[kept])


@dataclass
class _Group:
    """The search of some queries.

    Nearness is q·d - |d|²/2, half of |q|² less the squared distance: larger is nearer, and its order is
    that of the distances. floor: (Q,), nothing below it can be among the nearest of a query.
    """

    queries: np.ndarray
    top_k: int
    best: _Pairs = field(init=False)
    floor: np.ndarray = field(init=False)
    _pending: list[_Pairs] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.best = _joined([])
        self.floor = np.full(len(self.queries), -np.inf)
        self._norms = np.einsum("ij,ij->i", self.queries, self.queries, dtype=np.float64)

    def see(self, tile: _Tile) -> None:
        """Take in the rows of a tile that may be among the nearest."""
        products = product(_tensor(self.queries), _tensor(tile.descriptors)).numpy()
        error = self._error(tile)
        floor = self.floor
        if not self._full and len(tile.indices) >= self.top_k:
            floor = np.maximum(floor, _kth_largest(products - tile.half_norms, self.top_k) - error)
        lowest = floor - error
        flat = np.flatnonzero(products >= (lowest + tile.half_norms.min()).astype(np.float32)[:, None])
        queries, rows = np.divmod(flat, len(tile.indices))
        near = products.ravel()[flat] - tile.half_norms[rows] >= lowest[queries]
        self._keep(tile, queries[near], rows[near])

    def result(self) -> Neighbours:
        """Return what was found: as many rows for each query, top_k or the whole database."""
        self._settle()
        shape = len(self.queries), -1
        return Neighbours(self.best.distances.reshape(shape), self.best.indices.reshape(shape))

    @property
    def _full(self) -> bool:
        return len(self.best.queries) == len(self.queries) * self.top_k

    def _error(self, tile: _Tile) -> np.ndarray:
        """Return how far nearness by products may be from the true one, for each query: (Q,).

        Higham, "Accuracy and stability of numerical algorithms", 2002, section 3.1: a product of length D
        is off by no more than D roundoffs of the product of the lengths.
        """
        roundoffs = (self.queries.shape[1] + ROUNDINGS) * UNIT_ROUNDOFF
        return roundoffs * (self._norms + 2 * tile.half_norms.max())

    def _keep(self, tile: _Tile, queries: np.ndarray, rows: np.ndarray) -> None:
        if not len(rows):
            return
        distances = np.empty(len(rows), np.float32)
        for start in range(0, len(rows), CHUNK_PAIRS):
            chunk = slice(start, start + CHUNK_PAIRS)
            difference = tile.descriptors[rows[chunk]] - self.queries[queries[chunk]]
            distances[chunk] = np.square(difference, out=difference).sum(axis=1, dtype=np.float64)
        self._pending.append(_Pairs(queries, distances, tile.indices[rows]))
        waiting = sum(len(pairs.indices) for pairs in self._pending)
        if not self._full or 2 * waiting >= len(self.best.queries):
            self._settle()

    def _settle(self) -> None:
        """Merge what waits into the best, and raise the floor."""
        self.best = _joined([self.best, *self._pending]).nearest(self.top_k)
        self._pending.clear()
        if self._full:
            farthest = self.best.distances.reshape(-1, self.top_k)[:, -1]
            self.floor = (self._norms - farthest) / 2


def _tile(block: Block, first: int, room: np.ndarray) -> _Tile:
    """Return the rows of a block from `first` on, valid until the next call with the same `room`."""
    descriptors = _in_float32(block.descriptors[first : first + TILE_ROWS], room)
    half_norms = np.einsum("ij,ij->i", descriptors, descriptors) / 2
    return _Tile(descriptors, block.indices[first : first + TILE_ROWS], half_norms)


def _in_float32(stored: np.ndarray, room: np.ndarray) -> np.ndarray:
    if stored.dtype != np.float16:
        return np.ascontiguousarray(stored, np.float32)
    return _tensor(room[: len(stored)]).copy_(_tensor(stored)).numpy()  # twenty times as fast as NumPy


def _tensor(array: np.ndarray) -> torch.Tensor:
    """Return an array as a tensor, copied only where PyTorch would warn of it."""
    return torch.from_numpy(np.require(array, requirements=["C", "W"]))


def _kth_largest(values: np.ndarray, k: int) -> np.ndarray:
    """Return the k-th largest of each row of (Q, N) values, N at least k: (Q,)."""
    place = values.shape[1] - k
    return np.partition(values, place, axis=1)[:, place]


def _joined(parts: list[_Pairs]) -> _Pairs:
    nothing = _Pairs(np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros(0, np.int64))
    arrays = [(part.queries, part.distances, part.indices) for part in [nothing, *parts]]
    return _Pairs(*(np.concatenate(columns) for columns in zip(*arrays, strict=True)))
