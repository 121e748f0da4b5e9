"""Reading descriptors from files as blocks: our shards, or a plain .npy or .h5 of anyone's."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from data.errors import StoreError
from retrieval.blocks import Block

BLOCK_ROWS = 65_536
NAME = "descriptors"  # of the array in an HDF5 file that has several
HDF5 = (".h5", ".hdf5")


class DescriptorFile:
    """Descriptors of N rows on disk, which iterating gives in blocks, as often as it is asked for.

    path: a folder of our shards, an .npy file, or an .h5 file with an array (N, D), called "descriptors"
    where there are several. left_out: rows that blocks do not have; positions stay those of the file.
    Raises StoreError for what is missing, of another form, empty, or not finite.
    """

    def __init__(self, path: str | Path, left_out: np.ndarray | None = None) -> None:
        self.path = Path(path)
        self._parts = _parts(self.path)
        shapes = [_shape(part) for part in self._parts]
        if len({dimension for _, dimension in shapes}) > 1:
            raise StoreError(
                f"{self.path}: descriptors of different lengths, {sorted({d for _, d in shapes})}"
            )
        self._rows = sum(rows for rows, _ in shapes)
        self._kept = np.ones(self._rows, bool)
        if left_out is not None:
            self._kept[left_out] = False
        self.dimension = shapes[0][1]
        if not self._rows:
            raise StoreError(f"{self.path} holds no descriptors; describe photos first (`rerank retrieve`)")

    def __len__(self) -> int:
        return int(self._kept.sum())

    def __iter__(self) -> Iterator[Block]:
        first = 0
        for part in self._parts:
            with _opened(part) as array:
                for start in range(0, len(array), BLOCK_ROWS):
                    block = np.asarray(array[start : start + BLOCK_ROWS])
                    yield self._checked(block, np.arange(first, first + len(block)))
                    first += len(block)

    def read(self) -> np.ndarray:
        """Return all descriptors at once: (N, D) float32."""
        return np.concatenate([block.descriptors for block in self]).astype(np.float32)

    def hold_out(self, count: int, seed: int) -> tuple["DescriptorFile", np.ndarray]:
        """Draw `count` rows as queries; returns the file without them, and their descriptors (count, D).

        Raises StoreError where the file has not twice as many.
        """
        if self._rows < 2 * count:
            raise StoreError(
                f"{self.path} has {self._rows} rows, too few to take {count} as queries; give a file of "
                "queries, or fewer to take"
            )
        rows = np.sort(np.random.default_rng(seed).choice(self._rows, count, replace=False))
        others = np.delete(np.arange(self._rows), rows)
        return DescriptorFile(self.path, rows), DescriptorFile(self.path, others).read()

    def _checked(self, descriptors: np.ndarray, indices: np.ndarray) -> Block:
        if not np.isfinite(descriptors).all():
            broken = indices[~np.isfinite(descriptors).all(axis=1)]
            raise StoreError(f"{self.path}: {len(broken)} rows are not finite, the first is row {broken[0]}")
        kept = self._kept[indices]
        return Block(descriptors[kept], indices[kept])


def check_lengths(database: DescriptorFile, queries: np.ndarray, source: Path) -> None:
    """Refuse queries (Q, D) whose D is not the database's; raises StoreError."""
    if queries.shape[1] != database.dimension:
        raise StoreError(
            f"{source} has descriptors of {queries.shape[1]} numbers, {database.path} of "
            f"{database.dimension}: they are of different retrievers"
        )


def _parts(path: Path) -> list[Path]:
    if not path.exists():
        raise StoreError(f"{path} does not exist; give a folder of descriptors, an .npy or an .h5 file")
    if path.is_dir():
        shards = sorted(path.glob("[0-9]*.h5"))
        if not shards:
            raise StoreError(f"{path} holds no shards of descriptors (000000.h5, ...)")
        return shards
    if path.suffix.lower() not in (".npy", *HDF5):
        raise StoreError(f"{path}: descriptors are read from .npy and .h5 files and from folders of shards")
    return [path]


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a file's array (N, D) without reading it."""
    try:
        if path.suffix.lower() == ".npy":
            yield _checked_form(np.load(path, mmap_mode="r", allow_pickle=False), path)
            return
        with h5py.File(path, "r") as file:
            yield _checked_form(_find(file, path), path)
    except (OSError, ValueError, KeyError) as error:
        raise StoreError(f"{path} cannot be read ({error}); fetch or describe it anew") from error


def _find(file: h5py.File, path: Path) -> h5py.Dataset:
    arrays = {name: array for name, array in file.items() if isinstance(array, h5py.Dataset)}
    if NAME in arrays:
        return arrays[NAME]
    flat = [array for array in arrays.values() if array.ndim == 2]
    if len(flat) != 1:
        raise StoreError(
            f"{path} has no array called {NAME!r}, and not one (N, D) alone: {', '.join(arrays)}"
        )
    return flat[0]


def _checked_form(array: Any, path: Path) -> Any:
    if array.ndim != 2 or array.dtype.kind != "f":
        raise StoreError(
            f"{path}: descriptors must be (N, D) floats, found {array.dtype} of shape {array.shape}"
        )
    return array


def _shape(path: Path) -> tuple[int, int]:
    with _opened(path) as array:
        return int(array.shape[0]), int(array.shape[1])
