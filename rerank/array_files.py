"""Writing arrays of any length to an HDF5 file, without holding the file in memory."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from data.files import replacing


class _Patient(io.FileIO):
    """A file that keeps the first refusal of the disk to itself, since HDF5 may crash the process on it.

    failure: that refusal; what is written after it is lost.
    """

    failure: OSError | None = None

    def write(self, data: Any) -> int:
        """Write bytes, or lose them."""
        if self.failure is None:
            try:
                return super().write(data)
            except OSError as error:
                self.failure = error
        return len(data)

    def truncate(self, size: int | None = None) -> int:
        """Cut or lengthen the file, or leave it."""
        if self.failure is None:
            try:
                return super().truncate(size)
            except OSError as error:
                self.failure = error
        return size or 0


def write_arrays(path: Path, arrays: Mapping[str, Any], attributes: Mapping[str, Any]) -> None:
    """Write arrays and lists of bytes to an HDF5 file, whole or not at all.

    Equal arrays give equal bytes. Raises OSError when the disk refuses.
    """
    with replacing(path) as part, _Patient(part, "r+") as opened:
        try:
            _fill(opened, arrays, attributes)
        finally:
            if opened.failure is not None:
                raise opened.failure


def _fill(opened: _Patient, arrays: Mapping[str, Any], attributes: Mapping[str, Any]) -> None:
    with h5py.File(opened, "w") as stored:
        for name, value in attributes.items():
            stored.attrs[name] = value
        for name, array in arrays.items():
            if not isinstance(array, np.ndarray):
                stored.create_dataset(name, (len(array),), h5py.string_dtype(), data=array)
            elif array.size:
                stored.create_dataset(name, data=array, compression="gzip", shuffle=True)
            else:  # HDF5 compresses no empty array
                stored.create_dataset(name, data=array)
