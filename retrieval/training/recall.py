"""R@1 of a retriever in training, on queries that it does not learn from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from data.datasets import Dataset, open_dataset, query_folders
from data.errors import PhotoError
from data.files import digest_of_names
from data.photoset import PhotoSet
from data.positives import find_positives
from networks.loading import Loading, prepared_batches
from retrieval.base import Retriever
from retrieval.describing import spread_order
from retrieval.index import Block, search


@dataclass(frozen=True, eq=False)
class HeldOut:
    """A database and sets of queries, by name. threshold_m: within which a photo shows the place."""

    database: PhotoSet
    queries: dict[str, PhotoSet]
    threshold_m: float = 25.0

    @property
    def digest(self) -> str:
        """Return 16 hexadecimal digits of all the names."""
        sets = (self.database, *self.queries.values())
        return digest_of_names(name for photos in sets for name in photos.names)

    def recalls(self, retriever: Retriever) -> dict[str, float]:
        """Return `recall_at_1` over all queries, and, of several sets, each one's by its name."""
        block = Block(_described(self.database, retriever), np.arange(len(self.database)))
        right = {name: self._right(photos, block, retriever) for name, photos in self.queries.items()}
        figures = {"recall_at_1": float(np.concatenate(list(right.values())).mean())}
        if len(right) > 1:
            figures |= {f"recall_at_1 {name}": float(found.mean()) for name, found in right.items()}
        return figures

    def _right(self, queries: PhotoSet, block: Block, retriever: Retriever) -> np.ndarray:
        """Return (Q,) bool: whose nearest database photo is near enough."""
        found = search([block], _described(queries, retriever), top_k=1).indices[:, 0]
        positives = find_positives(self.database.positions, queries.positions, self.threshold_m)
        return np.array([best in near for best, near in zip(found, positives, strict=True)])


def open_held_out(
    source: str | Path, threshold_m: float, most_queries: int | None = None, folders: Sequence[str] = ()
) -> HeldOut:
    """Open the validation part of a dataset.

    source: any dataset; folders: its query sets, by default all. most_queries: of each set, spread evenly.
    Raises DatasetError where it is not there.
    """
    opened: list[Dataset] = [
        open_dataset(source, queries_folder=name) for name in folders or query_folders(source)
    ]
    queries = {dataset.queries.folder.name: _thinned(dataset.queries, most_queries) for dataset in opened}
    return HeldOut(opened[0].database, queries, threshold_m)


def _thinned(photos: PhotoSet, most: int | None) -> PhotoSet:
    return photos if most is None else photos.subset(np.sort(spread_order(len(photos))[:most]))


def _described(photos: PhotoSet, retriever: Retriever) -> np.ndarray:
    """Return (N, D) descriptors; raises PhotoError for a photo that cannot be read."""

    def refuse(index: int, error: PhotoError) -> None:
        raise PhotoError(f"{error}; validation needs all its photos") from error

    def rows() -> Iterator[tuple[int, np.ndarray]]:
        files = ((index, photos.path(index)) for index in range(len(photos)))
        for batch in prepared_batches(files, retriever.prepare, Loading(workers=1), refuse):
            vectors = retriever.describe(torch.stack([item.tensor for item in batch]))
            yield from zip((item.key for item in batch), vectors, strict=True)

    return np.stack([vector for _, vector in sorted(rows(), key=lambda row: row[0])])
