from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import DatasetError
from data.files import digest_of_names
from data.photoset import PhotoSet, base_name, sort_paths


def photo_set(paths: list[str]) -> PhotoSet:
    count = len(paths)
    return PhotoSet(
        Path("/photos"),
        tuple(paths),
        "base name",
        positions=np.arange(2.0 * count).reshape(count, 2),
        headings=np.arange(count) + 0.5,
        times=np.arange(count).astype("datetime64[s]"),
        zones=np.array([f"{i}S" for i in range(count)]),
        conditions=np.array(["night"] * count),
    )


def test_names_paths_and_fingerprint():
    photos = photo_set(["a/2.jpg", "b/3.jpg"])
    assert len(photos) == 2
    assert photos.names == ["2.jpg", "3.jpg"]
    assert photos.path(1) == Path("/photos/b/3.jpg")
    assert photos.fingerprint.count == 2
    assert photos.fingerprint.digest == digest_of_names(["3.jpg", "2.jpg"])


@pytest.mark.parametrize("chosen", [[0, 2], [True, False, True], np.array([0, 2], np.int32)])
def test_a_subset_keeps_rows_together(chosen):
    part = photo_set(["a.jpg", "b.jpg", "c.jpg"]).subset(chosen)
    assert list(part.paths) == ["a.jpg", "c.jpg"]
    np.testing.assert_array_equal(part.positions, [[0, 1], [4, 5]])
    np.testing.assert_array_equal(part.headings, [0.5, 2.5])
    assert part.zones.tolist() == ["0S", "2S"]
    assert part.fingerprint.digest == digest_of_names(["a.jpg", "c.jpg"])


@pytest.mark.parametrize("chosen", [[], [False, False]])
def test_an_empty_subset(chosen):
    part = photo_set(["a.jpg", "b.jpg"]).subset(chosen)
    assert len(part) == 0
    assert part.positions.shape == (0, 2)


@pytest.mark.parametrize("chosen", [[1, 0], [1, 1], [-1, 0], [0, 2], [0.5], [[0]], [True]])
def test_what_would_break_the_order_is_refused(chosen):
    with pytest.raises(DatasetError):
        photo_set(["a.jpg", "b.jpg"]).subset(chosen)


def test_arrays_of_another_length_are_refused():
    with pytest.raises(DatasetError, match="2 positions of 1 photos"):
        PhotoSet(Path(), ("a.jpg",), "base name", np.zeros((2, 2)), *[np.zeros(1)] * 4)


@settings(deadline=None)
@given(st.lists(st.text(alphabet="ab/.", min_size=1), unique=True))
def test_order_is_base_name_then_path(paths):
    assert sort_paths(paths) == sorted(paths, key=lambda path: (base_name(path), path))
