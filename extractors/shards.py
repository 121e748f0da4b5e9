"""One shard of a feature store: an HDF5 file with the features of some photos, end to end.

Layout: attribute `format_version`; `keys`, all photo keys in UTF-8 with a zero byte between them;
`image_sizes` (P, 2); `seconds` (P, 2), what decoding and extracting took; `offsets` (P + 1,), the
first row of each photo in the arrays with one row per keypoint (`keypoints`, `descriptors`, `scores`,
`scales`, `levels`); `global_descriptor` (P, G); `frame_sizes` (P, 2); for maps `dense/NAME`, flat, and
`dense_shapes/NAME` (P, dimensions). Arrays that an extractor does not yield are absent.
"""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

from data.errors import StoreError
from data.files import replacing
from extractors.record import Features

FORMAT_VERSION = 1
DAMAGE = (OSError, RuntimeError, LookupError, ValueError)  # what reading a damaged file can raise
SHARDS = "[0-9]*-*.h5"  # number-token.h5
SEPARATOR = "\0"  # the one character that no path can hold


class Stored(NamedTuple):
    """A photo's features and the seconds that they took, NaN where unknown."""

    features: Features
    decode_s: float
    extract_s: float


def write_shard(path: Path, photos: Mapping[str, Stored]) -> None:
    """Write the features of photos (key -> features, all with the same arrays), whole or not at all."""
    image = io.BytesIO()  # HDF5 itself crashes the process where a disk is full
    with h5py.File(image, "w") as file:
        _fill(file, photos)
    with replacing(path) as part:
        part.write_bytes(image.getbuffer())


def _fill(file: h5py.File, photos: Mapping[str, Stored]) -> None:
    records = [stored.features for stored in photos.values()]
    file.attrs["format_version"] = FORMAT_VERSION
    text = SEPARATOR.join(photos).encode("utf-8", "surrogateescape")
    file["keys"] = np.frombuffer(text, np.uint8)
    file["image_sizes"] = np.array([record.image_size for record in records], np.int64)
    file["seconds"] = np.array([(stored.decode_s, stored.extract_s) for stored in photos.values()])
    file["offsets"] = _starts([row_count(record) for record in records])
    if records[0].frame_size is not None:
        file["frame_sizes"] = np.array([record.frame_size for record in records], np.int64)
    for name in records[0].per_keypoint():
        file[name] = np.concatenate([getattr(record, name) for record in records])
    if records[0].global_descriptor is not None:
        file["global_descriptor"] = np.array([record.global_descriptor for record in records])
    for name in records[0].dense:
        maps = [record.dense[name] for record in records]
        file[f"dense/{name}"] = np.concatenate([values.ravel() for values in maps])
        file[f"dense_shapes/{name}"] = np.array([values.shape for values in maps], np.int64)


def row_count(record: Features) -> int:
    """Return the number of keypoints, by whichever array of one row per keypoint there is."""
    return max((len(array) for array in record.per_keypoint().values()), default=0)


class ShardReader:
    """An open shard.

    Raises StoreError for a shard of a newer format, and one of DAMAGE for a damaged one.
    """

    def __init__(self, path: Path) -> None:
        # Without HDF5's locks, which some network file systems lack: a finished shard never changes.
        self._file = h5py.File(path, "r", locking=False)
        version = int(self._file.attrs["format_version"])
        if version > FORMAT_VERSION:
            raise StoreError(
                f"{path} has format {version}; this version of the program reads up to {FORMAT_VERSION}. "
                "Use a newer version, or another folder for the features."
            )
        self._arrays = {name: item for name, item in self._file.items() if isinstance(item, h5py.Dataset)}
        self._keys = self._arrays.pop("keys")
        self._image_sizes = self._arrays.pop("image_sizes")[:]
        self._seconds = self._arrays.pop("seconds")[:]
        self._offsets = self._arrays.pop("offsets")[:]
        frame_sizes = self._arrays.pop("frame_sizes", None)
        self._frame_sizes = None if frame_sizes is None else frame_sizes[:]
        self._globals = self._arrays.pop("global_descriptor", None)
        self._dense = dict(self._file.get("dense", {}).items())
        self._shapes = {name: shapes[:] for name, shapes in self._file.get("dense_shapes", {}).items()}
        self._starts = {name: _starts(shapes.prod(axis=1)) for name, shapes in self._shapes.items()}
        self._check()

    def keys(self) -> list[str]:
        """Return the photos' keys, row by row."""
        keys = self._keys[:].tobytes().decode("utf-8", "surrogateescape").split(SEPARATOR)
        if len(keys) != len(self._image_sizes):
            raise ValueError(f"{len(keys)} keys for {len(self._image_sizes)} photos")
        return keys

    def read(self, row: int) -> Features:
        """Return the features of the photo in `row`."""
        height, width = self._image_sizes[row].tolist()
        rows = slice(self._offsets[row], self._offsets[row + 1])
        arrays: dict[str, Any] = {name: array[rows] for name, array in self._arrays.items()}
        if self._globals is not None:
            arrays["global_descriptor"] = self._globals[row]
        if self._frame_sizes is not None:
            arrays["frame_size"] = tuple(self._frame_sizes[row].tolist())
        dense = {name: self._read_map(name, row) for name in self._dense}
        return Features((height, width), **arrays, dense=dense)

    def seconds(self, row: int) -> np.ndarray:
        """Return what decoding and extracting the photo in `row` took, (2,) float64."""
        return self._seconds[row]

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _read_map(self, name: str, row: int) -> np.ndarray:
        values = self._dense[name][self._starts[name][row] : self._starts[name][row + 1]]
        return values.reshape(self._shapes[name][row])

    def _check(self) -> None:
        """Hold the lengths of all arrays to the offsets; raises ValueError where they differ."""
        photos = len(self._image_sizes)
        lengths = {name: (len(array), self._offsets[-1]) for name, array in self._arrays.items()}
        lengths |= {name: (len(values), self._starts[name][-1]) for name, values in self._dense.items()}
        lengths["offsets"] = (len(self._offsets), photos + 1)
        lengths["seconds"] = (len(self._seconds), photos)
        if self._globals is not None:
            lengths["global_descriptor"] = (len(self._globals), photos)
        if self._frame_sizes is not None:
            lengths["frame_sizes"] = (len(self._frame_sizes), photos)
        for name, (found, expected) in lengths.items():
            if found != expected:
                raise ValueError(f"{name} has {found} rows, expected {expected}")


def _starts(lengths: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return the first row of each of arrays that lie end to end, and the row after the last."""
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
