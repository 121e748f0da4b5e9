from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from networks.rootsift import hellinger, rootsift


@pytest.fixture(scope="module")
def grey() -> np.ndarray:
    photo = Path(__file__).parents[1] / "fixtures" / "images" / "image0.png"
    return np.asarray(Image.open(photo).convert("L"))


def blob(x: float, y: float) -> np.ndarray:
    rows, columns = np.mgrid[:100, :120]
    bump = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 4.0**2))
    return np.round(40 + 180 * bump).astype(np.uint8)


def test_shapes_types_and_unit_descriptors(grey: np.ndarray) -> None:
    found = rootsift(grey, 200)
    assert found.keypoints.shape == (200, 2)
    assert found.descriptors.shape == (200, 128)
    assert found.scores.shape == found.scales.shape == (200,)
    assert {array.dtype for array in found} == {np.dtype(np.float32)}
    np.testing.assert_allclose(np.linalg.norm(found.descriptors, axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(("x", "y"), [(60.0, 50.0), (60.5, 50.25), (33.3, 71.7)])
def test_a_blob_is_found_at_its_centre(x: float, y: float) -> None:
    """The centre of the top-left pixel is (0, 0): OpenCV's default lies a quarter of a pixel off."""
    np.testing.assert_allclose(rootsift(blob(x, y), 1).keypoints[0], (x, y), atol=0.05)


def test_a_moved_photo_moves_its_keypoints(grey: np.ndarray) -> None:
    whole, cropped = rootsift(grey, 5000), rootsift(grey[8:, 16:], 5000)
    nearest = np.argmax(cropped.descriptors @ whole.descriptors.T, axis=1)
    moved = cropped.keypoints + np.array([16, 8])
    agrees = np.abs(whole.keypoints[nearest] - moved).max(axis=1) < 0.1
    assert agrees.mean() > 0.8


def test_the_strongest_are_kept_in_order_and_twice_the_same(grey: np.ndarray) -> None:
    everything, some = rootsift(grey, 5000), rootsift(grey, 50)
    assert (np.diff(everything.scores) <= 0).all()
    for all_rows, kept in zip(everything, some, strict=True):
        np.testing.assert_array_equal(all_rows[:50], kept)
    for first, again in zip(everything, rootsift(grey, 5000), strict=True):
        np.testing.assert_array_equal(first, again)


def test_no_keypoint_occurs_twice(grey: np.ndarray) -> None:
    found = rootsift(grey, 5000)
    rows = np.concatenate([found.keypoints, found.scales[:, None], found.descriptors], axis=1)
    assert len(np.unique(rows, axis=0)) == len(rows)


@pytest.mark.parametrize("shape", [(1, 1), (2, 50), (15, 15), (120, 160)])
def test_a_photo_without_structure_has_no_rows(shape: tuple[int, int]) -> None:
    found = rootsift(np.full(shape, 7, np.uint8), 100)
    assert [array.shape for array in found] == [(0, 2), (0, 128), (0,), (0,)]


def test_hellinger_of_numbers_worked_by_hand() -> None:
    mapped = hellinger(np.array([[4.0, 12.0, 0.0], [0.0, 0.0, 0.0]]))
    np.testing.assert_allclose(mapped, [[0.5, 0.75**0.5, 0.0], [0.0, 0.0, 0.0]], rtol=1e-6)
