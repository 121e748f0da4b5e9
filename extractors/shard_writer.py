"""Gathering features until they fill a shard."""

import time
import uuid
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from data.errors import StoreError
from extractors.record import Features
from extractors.shards import SEPARATOR, SHARDS, Stored, write_shard

LEFTOVER_S = 3600.0  # no shard is being written for so long


class ShardWriter:
    """Takes features one by one and writes a shard whenever enough have come.

    folder: where shards go. descriptor_dtype: type that descriptors and floating-point maps are stored
    in. shard_bytes, shard_s: a shard is written once its arrays take so much, or its first photo has
    waited so long.
    """

    def __init__(self, folder: Path, descriptor_dtype: str, shard_bytes: int, shard_s: float) -> None:
        self._folder = folder
        self._descriptor_dtype = np.dtype(descriptor_dtype)
        self._shard_bytes = shard_bytes
        self._shard_s = shard_s
        self._pending: dict[str, Stored] = {}
        self._pending_bytes = 0
        self._pending_since = 0.0
        self._form: dict[str, Any] | None = None
        _remove_leftovers(folder)

    def add(
        self,
        key: str,
        features: Features,
        *,
        decode_s: float = float("nan"),
        extract_s: float = float("nan"),
    ) -> None:
        """Take the features of the photo `key`, and the seconds that decoding and extracting took.

        Raises StoreError when they have not the arrays that the photos before had, when descriptors or
        maps are too large for the stored type, or when a shard cannot be written.
        """
        if not key or SEPARATOR in key:
            raise StoreError(f"photo key {key!r} is empty or holds a zero byte; use the photo's path")
        stored = self._converted(key, features)
        self._check_form(key, stored)
        if not self._pending:
            self._pending_since = time.monotonic()
        self._pending[key] = Stored(stored, decode_s, extract_s)
        self._pending_bytes += _size_bytes(stored)
        waited_s = time.monotonic() - self._pending_since
        if self._pending_bytes >= self._shard_bytes or waited_s >= self._shard_s:
            self.flush()

    def flush(self) -> None:
        """Write what has come since the last shard; raises StoreError when the disk refuses."""
        if not self._pending:
            return
        path = self._folder / f"{_next_number(self._folder):06d}-{uuid.uuid4().hex[:12]}.h5"
        try:
            write_shard(path, self._pending)
        except OSError as error:
            raise StoreError(
                f"cannot write {path}, about {self._pending_bytes / 1e6:.1f} MB: {error}. "
                "Check the space and the rights there; the same command then goes on from here."
            ) from error
        self._pending = {}
        self._pending_bytes = 0

    def _converted(self, key: str, features: Features) -> Features:
        descriptors = features.descriptors
        return replace(
            features,
            descriptors=None if descriptors is None else self._narrowed(descriptors, f"descriptors of {key}"),
            dense={
                name: self._narrowed(map_, f"map {name} of {key}") for name, map_ in features.dense.items()
            },
        )

    def _narrowed(self, array: np.ndarray, what: str) -> np.ndarray:
        """Return an array in the stored type; whole numbers, such as a photo's pixels, stay as they are."""
        if array.dtype.kind != "f" or array.dtype == self._descriptor_dtype:
            return array
        largest = np.abs(array).max(initial=0.0)
        if largest > np.finfo(self._descriptor_dtype).max:
            raise StoreError(
                f"{what} reach {largest:.3g}, too large for {self._descriptor_dtype}; store them as float32"
            )
        return array.astype(self._descriptor_dtype)

    def _check_form(self, key: str, features: Features) -> None:
        form = _form(features)
        self._form = self._form or form
        if form != self._form:
            raise StoreError(
                f"features of {key} have the arrays {form}, those before had {self._form}; "
                "an extractor must give the same arrays for every photo, without rows if need be"
            )


def _form(features: Features) -> dict[str, Any]:
    """Return what all photos of a shard must have in common: array name -> type and fixed sizes."""
    form: dict[str, Any] = {
        name: (str(array.dtype), array.shape[1:]) for name, array in features.per_keypoint().items()
    }
    if features.global_descriptor is not None:
        form["global_descriptor"] = (str(features.global_descriptor.dtype), features.global_descriptor.shape)
    if features.frame_size is not None:
        form["frame_size"] = "present"
    return form | {f"dense {name}": (str(a.dtype), a.ndim) for name, a in features.dense.items()}


def _size_bytes(features: Features) -> int:
    arrays = [*features.per_keypoint().values(), *features.dense.values()]
    if features.global_descriptor is not None:
        arrays.append(features.global_descriptor)
    return sum(array.nbytes for array in arrays)


def _next_number(folder: Path) -> int:
    numbers = [int(path.name.split("-")[0]) for path in folder.glob(SHARDS)]
    return max(numbers, default=0) + 1


def _remove_leftovers(folder: Path) -> None:
    """Remove the half-written files of killed processes; younger ones may be in the writing."""
    for part in folder.glob(".*.part"):
        with suppress(FileNotFoundError):  # another process was quicker
            if time.time() - part.stat().st_mtime > LEFTOVER_S:
                part.unlink()
