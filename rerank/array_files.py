"""Writing arrays to an HDF5 file, whole or not at all."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from data.files import replacing


def write_arrays(path: Path, arrays: Mapping[str, Any], attributes: Mapping[str, Any]) -> None:
    """Write arrays and lists of bytes to an HDF5 file, whole or not at all.

    The file is made in memory first: HDF5 itself may crash the process on a full disk. Equal arrays give
    equal bytes. Raises OSError when the disk refuses.
    """
    image = io.BytesIO()
    with h5py.File(image, "w") as stored:
        for name, value in attributes.items():
            stored.attrs[name] = value
        for name, array in arrays.items():
            if not isinstance(array, np.ndarray):
                stored.create_dataset(name, (len(array),), h5py.string_dtype(), data=array)
            elif array.size:
                stored.create_dataset(name, data=array, compression="gzip", shuffle=True)
            else:  # HDF5 compresses no empty array
                stored.create_dataset(name, data=array)
    with replacing(path) as part:
        part.write_bytes(image.getbuffer())
