"""From photos on disk to batches for a network: decoded and prepared on threads, ahead of their use."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import torch

from data.decode import map_ahead
from data.errors import PhotoError
from data.photos import read_photo
from networks.batching import equal_batches
from networks.cores import core_threads
from networks.timing import Stopwatch

Key = TypeVar("Key")


@dataclass(frozen=True)
class Loading:
    """How photos are read: EXIF orientation, decoding threads, photos per network call."""

    exif: bool = True
    workers: int = 2
    batch_size: int = 1


class Prepared(NamedTuple, Generic[Key]):
    """A photo ready for a network. image_size: (H, W) of the photo. Seconds: of decoding, preparing."""

    key: Key
    tensor: torch.Tensor
    image_size: tuple[int, int]
    decode_s: float
    prepare_s: float


def prepared_batches(
    photos: Iterable[tuple[Key, Path]],
    prepare: Callable[[np.ndarray], torch.Tensor],
    loading: Loading,
    on_bad: Callable[[Key, PhotoError], None],
) -> Iterator[list[Prepared[Key]]]:
    """Yield batches of photos whose tensors have one shape, in order of arrival.

    photos: (key, file). prepare: uint8 RGB (H, W, 3) -> tensor; called on threads. on_bad: told of
    every photo that cannot be read; the rest go on.
    """

    def load(item: tuple[Key, Path]) -> Prepared[Key] | tuple[Key, PhotoError]:
        key, path = item
        try:
            return prepare_photo(key, path, prepare, exif=loading.exif)
        except PhotoError as error:
            return key, error

    def good() -> Iterator[Prepared[Key]]:
        ahead = 2 * loading.workers + loading.batch_size
        for found in map_ahead(load, photos, workers=loading.workers, ahead=ahead, pool=core_threads):
            if isinstance(found, Prepared):
                yield found
            else:
                on_bad(*found)

    return equal_batches(good(), loading.batch_size, lambda item: item.tensor.shape)


def prepare_photo(
    key: Key, path: Path, prepare: Callable[[np.ndarray], torch.Tensor], *, exif: bool
) -> Prepared[Key]:
    """Decode and prepare one photo; raises PhotoError when it cannot be read."""
    stopwatch = Stopwatch()
    with stopwatch.measure("decode"):
        image = read_photo(path, exif=exif)
    with stopwatch.measure("prepare"):
        tensor = prepare(image)
    height, width = image.shape[:2]
    return Prepared(key, tensor, (height, width), stopwatch.seconds["decode"], stopwatch.seconds["prepare"])
