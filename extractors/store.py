"""The feature store: one folder for each dataset and extractor-with-settings.

`store.json` says whose features these are; numbered shards hold them. A shard appears whole or not
at all, so a kill at any instant loses at most the shard in hand. Several processes can fill one
folder: they name their shards so that none collide, and a photo that two of them extracted is simply
there twice.
"""

import fnmatch
import json
import logging
import os
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np

from data.errors import StoreError
from data.files import write_json
from extractors.record import Features
from extractors.shard_writer import ShardWriter
from extractors.shards import DAMAGE, FORMAT_VERSION, SHARDS, ShardReader

IDENTITY_FILE = "store.json"
SHARD_BYTES = 64 * 2**20
SHARD_S = 60.0
OPEN_SHARDS = 128  # files that a store keeps open for reading

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Shard:
    """A shard on disk. first: number of its first photo, counted over all shards."""

    path: Path
    first: int
    photos: int
    size_bytes: int


class FeatureStore:
    """Features of photos by key, on disk.

    folder: made if missing. identity: JSON-able; whatever decides what the features are (extractor,
    settings, digest of the weights, image settings). descriptor_dtype: how descriptors and
    floating-point maps are stored; everything else keeps its type. shard_bytes, shard_s: a shard is
    written once its arrays take so much, or its first photo has waited so long. Reading is safe from
    several threads.
    Raises StoreError when the folder holds features of another identity or of a newer format.
    """

    def __init__(
        self,
        folder: str | Path,
        identity: Mapping[str, Any],
        *,
        descriptor_dtype: Literal["float16", "float32"] = "float16",
        shard_bytes: int = SHARD_BYTES,
        shard_s: float = SHARD_S,
    ) -> None:
        self.folder = Path(folder)
        self.descriptor_dtype = descriptor_dtype
        self.shard_bytes = shard_bytes
        self.shard_s = shard_s
        self._shards: list[_Shard] = []
        self._seen: set[str] = set()
        self._numbers: dict[str, int] = {}  # photo key -> its number, counted over all shards
        self._readers: OrderedDict[Path, ShardReader] = OrderedDict()
        self._lock = threading.RLock()
        self._size_bytes = 0
        _claim(self.folder, {**identity, "descriptor_dtype": descriptor_dtype})
        self.refresh()

    def __len__(self) -> int:
        self.refresh()
        return len(self._numbers)

    def refresh(self) -> None:
        """Take note of the shards that appeared since, whoever wrote them.

        A damaged shard is logged by name and left alone: its photos count as missing.
        """
        with self._lock:
            with os.scandir(self.folder) as entries:  # `missing` is asked for every query
                new = [entry.name for entry in entries if entry.name not in self._seen]
            for name in sorted(fnmatch.filter(new, SHARDS)):
                self._seen.add(name)
                self._note(self.folder / name)

    def missing(self, keys: Iterable[str]) -> list[str]:
        """Return those of `keys` whose features are not stored, in their order."""
        self.refresh()
        return [key for key in keys if key not in self._numbers]

    @contextmanager
    def writer(self) -> Iterator[ShardWriter]:
        """Yield a writer; what it still holds is written when the block ends, by an error too."""
        writer = ShardWriter(self.folder, self.descriptor_dtype, self.shard_bytes, self.shard_s)
        try:
            yield writer
        finally:
            writer.flush()

    def read(self, keys: Sequence[str]) -> list[Features]:
        """Return the features of photos in the order of `keys`, descriptors in the stored type.

        Raises StoreError when some are not stored, or when a shard cannot be read.
        """
        return self._gather(keys, ShardReader.read)

    def seconds(self, keys: Sequence[str]) -> np.ndarray:
        """Return what decoding and extracting took: (K, 2) float64, NaN where it was not given.

        Raises StoreError as `read` does.
        """
        return np.array(self._gather(keys, ShardReader.seconds), np.float64).reshape(-1, 2)

    def bytes_per_photo(self) -> float | None:
        """Return the mean size of a stored photo in bytes; None while there is none."""
        size_bytes = self.size_bytes()
        photos = sum(shard.photos for shard in self._shards)
        return size_bytes / photos if photos else None

    def size_bytes(self) -> int:
        """Return the size of all shards."""
        self.refresh()
        return self._size_bytes

    def removable(self) -> dict[str, int]:
        """Return the photos that have a shard to themselves, with its size in bytes."""
        self.refresh()
        shards = {key: self._shards[self._place_of(number)] for key, number in self._numbers.items()}
        return {key: shard.size_bytes for key, shard in shards.items() if shard.photos == 1}

    def remove(self, key: str) -> None:
        """Delete the features of a photo that has a shard to itself; raises StoreError for others."""
        with self._lock:
            self._require([key])
            place = self._place_of(self._numbers[key])
            shard = self._shards[place]
            if shard.photos > 1:
                raise StoreError(f"{key!r} is stored in {shard.path} with {shard.photos - 1} other photos")
            shard.path.unlink(missing_ok=True)
            if shard.path in self._readers:
                self._readers.pop(shard.path).close()
            self._size_bytes -= shard.size_bytes
            self._seen.discard(shard.path.name)
            del self._shards[place], self._numbers[key]

    def _gather(self, keys: Sequence[str], take: Callable[[ShardReader, int], T]) -> list[T]:
        """Return what `take` finds for each key, going through each shard once and in its order."""
        with self._lock:
            self._require(keys)
            numbers = [self._numbers[key] for key in keys]
            found: dict[int, T] = {}
            for number in sorted(set(numbers)):
                shard = self._shards[self._place_of(number)]
                try:
                    found[number] = take(self._reader(shard.path), number - shard.first)
                except DAMAGE as error:
                    raise StoreError(
                        f"cannot read {shard.path}: {error}. Delete it and run the same command again: "
                        "its photos are then extracted anew."
                    ) from error
            return [found[number] for number in numbers]

    def _place_of(self, number: int) -> int:
        """Return the index in `_shards` of the shard that holds a photo."""
        return bisect_right(self._shards, number, key=attrgetter("first")) - 1

    def _require(self, keys: Sequence[str]) -> None:
        if all(key in self._numbers for key in keys):
            return
        missing = self.missing(keys)
        if missing:
            raise StoreError(
                f"{len(missing)} of {len(keys)} photos have no features in {self.folder}, first "
                f"{missing[0]!r}; extract them first"
            )

    def _note(self, path: Path) -> None:
        try:
            with closing(ShardReader(path)) as reader:
                keys = reader.keys()
            size_bytes = path.stat().st_size
        except DAMAGE as error:
            log.warning("skipping %s, which is damaged (%s): its photos count as missing", path, error)
            return
        first = self._shards[-1].first + self._shards[-1].photos if self._shards else 0
        self._shards.append(_Shard(path, first, len(keys), size_bytes))
        self._size_bytes += size_bytes
        self._numbers.update(zip(keys, range(first, first + len(keys)), strict=True))

    def _reader(self, path: Path) -> ShardReader:
        """Return an open reader, closing the one unused for longest when too many are open."""
        if path not in self._readers:
            self._readers[path] = ShardReader(path)
        self._readers.move_to_end(path)
        if len(self._readers) > OPEN_SHARDS:
            self._readers.popitem(last=False)[1].close()
        return self._readers[path]


def _claim(folder: Path, identity: Mapping[str, Any]) -> None:
    """Write the identity of a new store's features, or hold that of an old one to it."""
    wanted = json.loads(json.dumps({"format_version": FORMAT_VERSION, **identity}))
    path = folder / IDENTITY_FILE
    if not path.exists():
        if any(folder.glob(SHARDS)):
            raise StoreError(f"{folder} has features but no {IDENTITY_FILE}; delete it or use another folder")
        write_json(path, wanted)
    found = _read_identity(path)  # of a process that was here first, it may be
    if found["format_version"] > FORMAT_VERSION:
        raise StoreError(
            f"{path} has format {found['format_version']}; this version of the program reads up to "
            f"{FORMAT_VERSION}. Use a newer version, or another folder for the features."
        )
    if found != wanted:
        raise StoreError(
            f"{folder} holds features of another kind: {'; '.join(_differences(found, wanted))}. "
            "Use another folder, or delete that one."
        )


def _read_identity(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {**found, "format_version": int(found["format_version"])}
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError(f"{path} is damaged ({error}); delete its folder and run again") from error


def _differences(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    there, here = _flat(found), _flat(wanted)
    return [
        f"{name} is {there.get(name, 'absent')} there and {here.get(name, 'absent')} here"
        for name in sorted(there.keys() | here.keys())
        if there.get(name) != here.get(name)
    ]


def _flat(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in nested.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
