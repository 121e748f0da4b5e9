"""Feature records for tests of the store."""

from collections.abc import Iterable

import numpy as np

from extractors import Features
from extractors.store import FeatureStore

IDENTITY = {"extractor": "some", "settings": {"max_keypoints": 9}, "weights": "0123"}


def features_of(number: int) -> Features:
    """Return the features of a made-up photo; every fifth has no keypoints."""
    draw = np.random.default_rng(number)
    count = 0 if number % 5 == 0 else int(draw.integers(1, 40))
    return Features(
        (10 + number, 20),
        keypoints=draw.random((count, 2), np.float32) * 100,
        descriptors=draw.standard_normal((count, 8)).astype(np.float16),
        scores=draw.random(count, np.float32),
    )


def keys_of(numbers: Iterable[int]) -> list[str]:
    return [f"database/photo {number}.jpg" for number in numbers]


def fill(store: FeatureStore, numbers: Iterable[int]) -> None:
    """Store those photos of `numbers` that are missing."""
    numbers = list(numbers)
    missing = set(store.missing(keys_of(numbers)))
    with store.writer() as writer:
        for number, key in zip(numbers, keys_of(numbers), strict=True):
            if key in missing:
                writer.add(key, features_of(number))


def hold_same(found: Features, expected: Features) -> None:
    """Hold two records to one another: names, types, shapes and values."""
    assert (found.image_size, found.frame_size) == (expected.image_size, expected.frame_size)
    assert found.names() == expected.names()
    arrays = {**expected.per_keypoint(), **expected.dense}
    stored = {**found.per_keypoint(), **found.dense}
    if expected.global_descriptor is not None:
        arrays["global"], stored["global"] = expected.global_descriptor, found.global_descriptor
    assert arrays.keys() == stored.keys()
    for name, array in arrays.items():
        assert stored[name].dtype == array.dtype, name
        np.testing.assert_array_equal(stored[name], array, err_msg=name)
