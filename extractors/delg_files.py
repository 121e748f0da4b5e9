"""Reading the feature files that DELG's published extraction writes, to hold features against them.

Source: tensorflow/models, research/delf: feature.proto and datum.proto. `NAME.delg_local` is a list of
features, `NAME.delg_global` one array.
"""

from pathlib import Path

import numpy as np

from data.errors import StoreError
from extractors.record import Features
from networks.protobuf import packed_integers, parts

_FEATURES, _DESCRIPTOR = 1, 1
_NUMBERS = {"x": 2, "y": 3, "scale": 4, "attention": 6}  # fields of a feature


def read_published(local: Path, whole: Path, image_size: tuple[int, int]) -> Features:
    """Return a photo's features out of its `.delg_local` and `.delg_global` files.

    image_size: (H, W) of the photo, which the files do not tell. Raises StoreError when one of them is
    damaged.
    """
    try:
        path = local
        messages = parts(local.read_bytes(), _FEATURES)
        descriptors = [_array(parts(message, _DESCRIPTOR)[0]) for message in messages]
        numbers = np.array([_numbers(message) for message in messages], np.float32).reshape(-1, len(_NUMBERS))
        path = whole
        global_descriptor = _array(whole.read_bytes())
        return Features(
            image_size,
            keypoints=numbers[:, :2],
            descriptors=np.array(descriptors, np.float32).reshape(len(messages), -1 if messages else 0),
            scales=numbers[:, 2],
            scores=numbers[:, 3],
            global_descriptor=global_descriptor,
        )
    except (OSError, ValueError, IndexError) as error:
        raise StoreError(f"{path} is no feature file of DELG, or is damaged: {error}") from error


def _numbers(feature: bytes) -> list[float]:
    """Return x, y, scale and attention of a feature; what is 0 is not written."""
    fields = (b"".join(parts(feature, number)) for number in _NUMBERS.values())
    return [float(np.frombuffer(field or bytes(4), "<f4")[0]) for field in fields]


def _array(datum: bytes) -> np.ndarray:
    """Return the array of a DatumProto: 1 its shape, 2 its values, each a list of packed numbers."""
    shape, values = (b"".join(parts(parts(datum, number)[0], 1)) for number in (1, 2))
    return np.frombuffer(values, "<f4").reshape(packed_integers(shape))
