"""Global descriptors on disk: numbered shards of a photo set, each written whole.

A kill at any instant loses at most the shard in hand. A shard covers a fixed range of the set, so a
run that was interrupted ends with the files of one that was not. Layout of a shard: `rows` (n,) int64,
positions in the photo set; `descriptors` (n, D) float32 or float16; attribute `format_version`. Photos
that could not be read have no row; they are tried again by the next run.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

from data.errors import StoreError
from data.files import replacing, write_json
from retrieval.blocks import Block

FORMAT_VERSION = 1
STORED_AS = ("float32", "float16")
SHARD_PHOTOS = 1024
BLOCK_BYTES = 8 * 2**20  # few enough to stay near the processor
IDENTITY_FILE = "descriptors.json"

_NOTHING = Block(np.zeros((0, 0), np.float32), np.zeros(0, np.int64))

log = logging.getLogger(__name__)


class Missing(NamedTuple):
    """What a shard lacks. rows: (n,) int64, positions in the photo set."""

    shard: int
    rows: np.ndarray


class DescriptorStore:
    """Descriptors of one photo set by one retriever.

    folder: made if missing. identity: JSON-able; whatever decides what the descriptors are. count:
    photos of the set. stored_as: one of `STORED_AS`, which the identity should tell. Raises StoreError when
    the folder holds descriptors of another identity or of a newer format.
    """

    def __init__(
        self,
        folder: str | Path,
        identity: Mapping[str, Any],
        count: int,
        *,
        stored_as: str = STORED_AS[0],
        shard_photos: int = SHARD_PHOTOS,
    ) -> None:
        self.folder = Path(folder)
        self.count = count
        self.stored_as = stored_as
        self.shard_photos = shard_photos
        _claim(self.folder / IDENTITY_FILE, {**identity, "shard_photos": shard_photos})

    def missing(self) -> list[Missing]:
        """Return the shards that lack descriptors, with the rows that they lack."""
        found = []
        for shard in range(self._shards()):
            first = shard * self.shard_photos
            wanted = np.arange(first, min(first + self.shard_photos, self.count))
            rows = np.setdiff1d(wanted, np.concatenate([_NOTHING.indices, *self._stored(shard, "rows")]))
            if len(rows):
                found.append(Missing(shard, rows))
        return found

    def add(self, shard: int, vectors: Mapping[int, np.ndarray]) -> None:
        """Write a shard with `vectors` (row -> (D,)) added to what it holds already."""
        known = self._read(shard)
        merged = {**dict(zip(known.indices.tolist(), known.descriptors, strict=True)), **vectors}
        rows = sorted(merged)
        with replacing(self._path(shard)) as part, h5py.File(part, "w") as file:
            file.attrs["format_version"] = FORMAT_VERSION
            file["rows"] = np.array(rows, np.int64)
            file["descriptors"] = np.stack([merged[row] for row in rows]).astype(self.stored_as)

    def blocks(self, max_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
        """Yield all descriptors, in order, in blocks of about `max_bytes`."""
        held: list[Block] = []
        for shard in range(self._shards()):
            block = self._read(shard)
            if not len(block.indices):
                continue
            held.append(block)
            if sum(block.descriptors.nbytes for block in held) >= max_bytes:
                yield _joined(held)
                held = []
        if held:
            yield _joined(held)

    def read(self) -> Block:
        """Return all descriptors at once."""
        return _joined(list(self.blocks()))

    def _shards(self) -> int:
        return -(-self.count // self.shard_photos)

    def _path(self, shard: int) -> Path:
        return self.folder / f"{shard:06d}.h5"

    def _read(self, shard: int) -> Block:
        stored = self._stored(shard, "descriptors", "rows")
        return Block(*stored) if stored else _NOTHING

    def _stored(self, shard: int, *names: str) -> list[np.ndarray]:
        """Return arrays of a shard: none where it is missing, or damaged, which is logged."""
        path = self._path(shard)
        if not path.exists():
            return []
        try:
            with h5py.File(path, "r") as file:
                _check_version(path, int(file.attrs["format_version"]))
                if len(file["rows"]) != len(file["descriptors"]):
                    raise ValueError(f"{len(file['rows'])} rows, {len(file['descriptors'])} descriptors")
                return [file[name][:] for name in names]
        except (OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
            log.warning("%s is damaged and is written anew (%s)", path, error)
            return []


def _joined(blocks: list[Block]) -> Block:
    if not blocks:
        return _NOTHING
    return Block(*(np.concatenate(arrays) for arrays in zip(*blocks, strict=True)))


def _claim(path: Path, identity: Mapping[str, Any]) -> None:
    """Write the identity of a new folder, or hold that of an old one to it."""
    wanted = json.loads(json.dumps(identity))  # as it will be read back: tuples become lists
    if not path.exists():
        write_json(path, {"format_version": FORMAT_VERSION, "identity": wanted})
        return
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        version, found = int(stored["format_version"]), stored["identity"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{path} is damaged ({error}); delete the folder {path.parent} and run again"
        ) from error
    _check_version(path, version)
    if found != wanted:
        differing = sorted(name for name in {*found, *wanted} if found.get(name) != wanted.get(name))
        raise StoreError(
            f"{path.parent} holds descriptors that differ in {', '.join(differing)}; "
            "use another folder, or delete that one"
        )


def _check_version(path: Path, version: int) -> None:
    if version > FORMAT_VERSION:
        raise StoreError(
            f"{path} has format {version}; this version reads up to {FORMAT_VERSION}. Update the program, "
            "or use another folder."
        )
