"""Extracting photos into a feature store: every photo once, whatever queries and matchers share it."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import torch

from data.errors import PhotoError
from extractors import Extractor, Features
from networks.loading import Loading, Prepared, prepared_batches
from networks.stages import Counter
from networks.timing import Stopwatch

log = logging.getLogger(__name__)


@dataclass
class Outcome:
    """What came of it. computed: photos extracted. bad: key -> what is wrong with the photo."""

    computed: int = 0
    bad: dict[str, str] = field(default_factory=dict)


class Sink(Protocol):
    """What takes features as they come: a store's writer."""

    def add(self, key: str, features: Features, *, decode_s: float, extract_s: float) -> None:
        """Take the features of one photo, and the seconds that decoding and extracting took."""


def extract_photos(
    photos: Mapping[str, Path], extractor: Extractor, sink: Sink, loading: Loading, progress: Counter
) -> Outcome:
    """Extract every photo of `photos` (key -> file) into `sink`.

    A photo that cannot be read is logged and recorded in the outcome, and the rest go on.
    """
    outcome = Outcome()

    def note(key: str, error: PhotoError) -> None:
        outcome.bad[key] = str(error)
        log.warning("unreadable photo: %s", error)
        progress.advance()

    for batch in prepared_batches(photos.items(), extractor.prepare, loading, note):
        _extract_batch(batch, extractor, sink)
        outcome.computed += len(batch)
        for _ in batch:
            progress.advance()
    return outcome


def _extract_batch(batch: Sequence[Prepared[str]], extractor: Extractor, sink: Sink) -> None:
    """Extract photos of one size together; the batch's time is shared equally among them."""
    stopwatch = Stopwatch(extractor.device)
    with stopwatch.measure("extract"):
        results = extractor.extract(
            torch.stack([item.tensor for item in batch]), [item.image_size for item in batch]
        )
    share_s = stopwatch.seconds["extract"] / len(batch)
    for item, features in zip(batch, results, strict=True):
        sink.add(item.key, features, decode_s=item.decode_s, extract_s=item.prepare_s + share_s)
