"""Approximate search by FAISS: an index trained on a sample, filled block by block, held in memory.

FAISS's own seeds are fixed, and so is that of the sample: the same database gives the same index, but
for graphs (HNSW), whose links depend on the timing of threads where there is more than one.
"""

import logging
from collections.abc import Iterable

import faiss
import numpy as np

from data.errors import SettingsError
from retrieval.blocks import Block, Neighbours
from retrieval.index_kinds import EXACT, IndexChoice

SAMPLE_ROWS = 65_536  # to train on, at least
SAMPLE_PER_CENTROID = 64
ENOUGH_PER_CENTROID = 39  # below which FAISS finds centroids poor
COUNTING_BYTES = 2**20

log = logging.getLogger(__name__)


class BuiltIndex:
    """A database's rows in an index. indices: (N,) int64, the positions of what was added, in order."""

    def __init__(self, choice: IndexChoice, index: faiss.Index, indices: np.ndarray) -> None:
        self._index = index
        self._indices = indices
        self.set_knobs(choice)

    def set_knobs(self, choice: IndexChoice) -> None:
        """Search from now on with the knobs of a choice, whose sizes are those that were built."""
        space = faiss.ParameterSpace()
        for name, value in choice.knobs.items():
            space.set_index_parameter(self._index, name, value)

    def search(self, queries: np.ndarray, top_k: int) -> Neighbours:
        """Return the nearest rows that the index finds, K = min(top_k, rows), ties by index.

        Distances are FAISS's, estimates where codes are compared. Where fewer are found, the rest is index
        -1 at an infinite distance.
        """
        wanted = np.ascontiguousarray(queries, np.float32)
        distances, rows = self._index.search(wanted, min(top_k, len(self._indices)))
        distances = np.where(rows < 0, np.inf, distances).astype(np.float32)
        indices = np.where(rows < 0, -1, self._indices[rows])
        order = np.lexsort((indices, distances), axis=1)
        return Neighbours(np.take_along_axis(distances, order, 1), np.take_along_axis(indices, order, 1))

    def bytes(self) -> int:
        """Return the bytes that the index takes when it is written, which it takes in memory too."""
        counted = 0

        def count(part: bytes) -> None:
            nonlocal counted
            counted += len(part)

        writer = faiss.PyCallbackIOWriter(count, COUNTING_BYTES)  # type: ignore[attr-defined]
        faiss.write_index(self._index, writer)
        return counted


def build_index(blocks: Iterable[Block], choice: IndexChoice, seed: int = 0) -> BuiltIndex:
    """Train an index on a sample of the database and fill it.

    blocks: the database; passes by twice where the kind is trained, so no iterator. seed: of the sample.
    Raises SettingsError for the exact kind, descriptors that its codes cannot divide, a database without
    rows and one with fewer rows than centroids.
    """
    if choice.name == EXACT:
        raise SettingsError("an exact search needs no index; use `search`")
    if iter(blocks) is blocks:
        raise SettingsError("an index needs blocks that can pass by again: give a list, not an iterator")
    sample = _sample(blocks, max(SAMPLE_ROWS, SAMPLE_PER_CENTROID * choice.centroids), seed)
    _check(choice, sample)
    index = _described(choice, sample.shape[1])
    if not index.is_trained:
        index.train(sample)
    indices = []
    for block in blocks:
        index.add(np.ascontiguousarray(block.descriptors, np.float32))
        indices.append(block.indices)
    return BuiltIndex(choice, index, np.concatenate(indices))


def _described(choice: IndexChoice, dimension: int) -> faiss.Index:
    """Return FAISS's index of a choice, still empty."""
    index = faiss.index_factory(dimension, choice.factory)
    if "efConstruction" in choice.settings:
        faiss.ParameterSpace().set_index_parameter(index, "efConstruction", choice.settings["efConstruction"])
    return index


def _check(choice: IndexChoice, sample: np.ndarray) -> None:
    rows, dimension = sample.shape
    if not rows:
        raise SettingsError("there are no descriptors to build an index of; describe the database first")
    if misfit := choice.misfit(rows, dimension):
        raise SettingsError(f"index {choice.text} does not fit: {misfit}")
    if rows < ENOUGH_PER_CENTROID * choice.centroids:
        log.warning(
            "index %s: %d rows for %d centroids are few, recall suffers; %d are enough",
            choice.text, rows, choice.centroids, ENOUGH_PER_CENTROID * choice.centroids,
        )  # fmt: skip


def _sample(blocks: Iterable[Block], count: int, seed: int) -> np.ndarray:
    """Draw `count` rows of the database, all where it has fewer, whatever the sizes of its blocks."""
    draw = np.random.default_rng(seed)
    rows, lots = np.zeros((0, 0), np.float32), np.zeros(0)
    for block in blocks:
        drawn = draw.random(len(block.indices))
        chosen = drawn < (lots.max() if len(lots) == count else np.inf)
        fresh = block.descriptors[chosen].astype(np.float32)
        rows = np.concatenate([rows, fresh]) if len(rows) else fresh
        lots = np.concatenate([lots, drawn[chosen]])
        kept = np.sort(np.argsort(lots)[:count])
        rows, lots = rows[kept], lots[kept]
    return rows
