"""Describing photos: decoded ahead on threads, batched by equal size, written shard by shard."""

import logging
from collections.abc import Iterator

import numpy as np
import torch

from data.decode import decode_ahead
from data.errors import PhotoError, StoreError
from data.photoset import PhotoSet
from networks.loading import Loading, prepared_batches
from networks.stages import Counter, Stage
from retrieval.base import Retriever
from retrieval.descriptors import DescriptorStore

GOLDEN_RATIO = (5**0.5 - 1) / 2

log = logging.getLogger(__name__)


def describe_photos(
    photos: PhotoSet, retriever: Retriever, store: DescriptorStore, loading: Loading, progress: Stage
) -> list[int]:
    """Describe the photos of a set that `store` lacks; returns the rows of those that cannot be read.

    What is wrong with these is logged. progress: opens a stage. Raises StoreError when a descriptor is
    not finite.
    """
    bad: list[int] = []
    missing = store.missing()
    total = sum(len(part.rows) for part in missing)
    with progress(f"describing photos in {photos.folder.name}", total) as counter:
        for shard, rows in missing:
            vectors = _describe(photos, rows.tolist(), retriever, loading, counter, bad)
            if vectors:
                store.add(shard, vectors)
    return bad


def _describe(
    photos: PhotoSet,
    rows: list[int],
    retriever: Retriever,
    loading: Loading,
    counter: Counter,
    bad: list[int],
) -> dict[int, np.ndarray]:
    """Return row -> descriptor; rows of photos that cannot be read are appended to `bad`."""

    def skip(row: int, error: PhotoError) -> None:
        bad.append(row)
        log.warning("skipped %s: %s", photos.path(row), error)

    vectors: dict[int, np.ndarray] = {}
    files = ((row, photos.path(row)) for row in rows)
    for batch in prepared_batches(files, retriever.prepare, loading, skip):
        described = retriever.describe(torch.stack([item.tensor for item in batch]))
        for item, vector in zip(batch, described, strict=True):
            vectors[item.key] = _finite(vector, photos, item.key)
            counter.advance()
    return vectors


def spread_photos(photos: PhotoSet, loading: Loading) -> Iterator[np.ndarray]:
    """Yield the readable photos of a set, so ordered that the first ones are spread evenly over it."""
    paths = (photos.path(int(row)) for row in spread_order(len(photos)))
    ahead = 2 * loading.workers
    for _, photo in decode_ahead(paths, exif=loading.exif, workers=loading.workers, ahead=ahead):
        if not isinstance(photo, PhotoError):  # describe_photos reports these
            yield photo


def spread_order(count: int) -> np.ndarray:
    """Order the numbers below `count` so that any first few of them are spread evenly: (count,) int64."""
    return np.argsort(np.arange(count) * GOLDEN_RATIO % 1)


def _finite(vector: np.ndarray, photos: PhotoSet, row: int) -> np.ndarray:
    if not np.isfinite(vector).all():
        raise StoreError(
            f"the descriptor of {photos.path(row)} is not finite; run in float32, or check the weights"
        )
    return vector
