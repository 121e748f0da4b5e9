"""Filling a feature store: every photo is decoded and extracted once, whatever queries share it."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from data.decode import map_ahead
from data.errors import PhotoError
from data.photos import read_photo
from extractors import Extractor, Features
from networks.timing import Stopwatch
from rerank.progress import Progress

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Loading:
    """How photos are read: EXIF orientation, decoding threads, photos per network call."""

    exif: bool = True
    workers: int = 2
    batch_size: int = 1


@dataclass(frozen=True)
class Prepared:
    """A photo ready for the network. image_size: (H, W) of the original photo."""

    key: str
    tensor: torch.Tensor
    image_size: tuple[int, int]
    decode_s: float
    prepare_s: float


@dataclass(frozen=True)
class Extracted:
    """Features of one photo, and the seconds that they took."""

    key: str
    features: Features
    decode_s: float
    extract_s: float


@dataclass
class Outcome:
    """What came of filling a store. bad: key -> what is wrong with the photo."""

    computed: int = 0
    bad: dict[str, str] = field(default_factory=dict)


class Sink(Protocol):
    """What takes features as they come: a store's writer."""

    def add(self, key: str, features: Features, *, decode_s: float, extract_s: float) -> None:
        """Take the features of one photo."""


def extract_photos(
    photos: Mapping[str, Path], extractor: Extractor, sink: Sink, loading: Loading, progress: Progress
) -> Outcome:
    """Extract every photo of `photos` (key -> file) into `sink`, in order.

    A photo that cannot be read is recorded in the outcome and the rest go on.
    """
    outcome = Outcome()
    stopwatch = Stopwatch(_device_of(extractor))
    prepared = _good(_prepare_ahead(photos, extractor, loading), outcome, progress)
    for batch in batches(prepared, loading.batch_size):
        for item in extract_batch(batch, extractor, stopwatch):
            sink.add(item.key, item.features, decode_s=item.decode_s, extract_s=item.extract_s)
            outcome.computed += 1
            progress.advance()
    return outcome


def extract_batch(
    batch: Sequence[Prepared], extractor: Extractor, stopwatch: Stopwatch
) -> Iterator[Extracted]:
    """Extract photos of one size together; the batch's time is shared equally among them."""
    before = stopwatch.seconds["extract"]
    with stopwatch.measure("extract"):
        results = extractor.extract(
            torch.stack([item.tensor for item in batch]), [item.image_size for item in batch]
        )
    share_s = (stopwatch.seconds["extract"] - before) / len(batch)
    for item, features in zip(batch, results, strict=True):
        yield Extracted(item.key, features, item.decode_s, item.prepare_s + share_s)


def batches(prepared: Iterable[Prepared], size: int) -> Iterator[list[Prepared]]:
    """Group photos of equal tensor shape into batches of at most `size`.

    At most 4 x `size` photos wait for companions of their shape; then the fullest group goes.
    """
    waiting: dict[torch.Size, list[Prepared]] = {}
    for item in prepared:
        group = waiting.setdefault(item.tensor.shape, [])
        group.append(item)
        if len(group) == size:
            yield waiting.pop(item.tensor.shape)
        elif sum(map(len, waiting.values())) >= 4 * size:
            yield waiting.pop(max(waiting, key=lambda shape: len(waiting[shape])))
    yield from waiting.values()


def _prepare_ahead(
    photos: Mapping[str, Path], extractor: Extractor, loading: Loading
) -> Iterator[Prepared | tuple[str, PhotoError]]:
    def prepare(item: tuple[str, Path]) -> Prepared | tuple[str, PhotoError]:
        try:
            return prepare_photo(*item, extractor, exif=loading.exif)
        except PhotoError as error:
            return item[0], error

    ahead = 2 * loading.workers + loading.batch_size
    return map_ahead(prepare, photos.items(), workers=loading.workers, ahead=ahead)


def prepare_photo(key: str, path: Path, extractor: Extractor, *, exif: bool) -> Prepared:
    """Decode and prepare one photo; raises PhotoError when it cannot be read."""
    stopwatch = Stopwatch()
    with stopwatch.measure("decode"):
        image = read_photo(path, exif=exif)
    with stopwatch.measure("prepare"):
        tensor = extractor.prepare(image)
    return Prepared(key, tensor, _size(image), stopwatch.seconds["decode"], stopwatch.seconds["prepare"])


def _good(
    found: Iterable[Prepared | tuple[str, PhotoError]], outcome: Outcome, progress: Progress
) -> Iterator[Prepared]:
    for item in found:
        if isinstance(item, Prepared):
            yield item
            continue
        key, error = item
        outcome.bad[key] = str(error)
        log.warning("unreadable photo: %s", error)
        progress.advance()


def _size(image: np.ndarray) -> tuple[int, int]:
    return image.shape[0], image.shape[1]


def _device_of(extractor: Extractor) -> torch.device:
    return getattr(extractor, "device", torch.device("cpu"))
