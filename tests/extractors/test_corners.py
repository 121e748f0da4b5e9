import cv2
import numpy as np
import pytest

from extractors.conformance import extract
from extractors.corners import cornerness, onto_corners
from tests.extractors.methods import build, photo

FINE = 8  # a shape is drawn so many times as large, and then made small


def square(x: float, y: float, side: float = 24.0, size: int = 48) -> np.ndarray:
    """Draw a bright square, whose first corner's pixel is (x, y)."""
    canvas = np.zeros((size * FINE, size * FINE), np.float32)
    first = [round((value + 0.5) * FINE) for value in (x, y)]
    canvas[first[1] : first[1] + round(side * FINE), first[0] : first[0] + round(side * FINE)] = 0.8
    return cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize("shift", [(0.5, 0.375), (-0.375, 0.5), (0.25, -0.5)])
def test_keypoints_follow_corners_between_pixels(shift: tuple[float, float]) -> None:
    still, moved = (
        onto_corners(np.array([[12, 11]]), cornerness(square(12 + x, 12 + y)), 2)
        for x, y in ((0.0, 0.0), shift)
    )
    np.testing.assert_allclose(moved - still, [shift], atol=0.2)


def test_keypoints_move_no_further_than_asked() -> None:
    strength = np.zeros((20, 30), np.float32)
    strength[10, 13] = 1.0
    points = np.array([[10, 10], [11, 9], [13, 10]], np.float32)
    assert onto_corners(points, strength, 2).tolist() == [[8, 8], [13, 10], [13, 10]]


def test_keypoints_at_the_edge_stay_in_the_photo() -> None:
    strength = np.random.default_rng(0).random((9, 7), np.float32)
    y, x = np.mgrid[:9, :7].reshape(2, -1)
    moved = onto_corners(np.stack([x, y], axis=1).astype(np.float32), strength, 3)
    assert (moved >= 0).all() and (moved <= [6, 8]).all()
    assert np.abs(moved - np.stack([x, y], axis=1)).max() <= 3.5


def test_no_keypoints_stay_none() -> None:
    assert onto_corners(np.zeros((0, 2), np.float32), np.ones((5, 5), np.float32), 2).shape == (0, 2)


def test_superpoint_moves_keypoints_and_descriptors_alone() -> None:
    plain, refined = (
        extract(build("superpoint", refine_px=reach), photo())[0].per_keypoint() for reach in (0, 2)
    )
    moved = np.abs(refined["keypoints"] - plain["keypoints"]).max(axis=1)
    assert 0 < moved.max() <= 2.5 and (refined["keypoints"] % 1 != 0).any()
    np.testing.assert_array_equal(refined["scores"], plain["scores"])
    assert np.abs(refined["descriptors"] - plain["descriptors"]).max() > 0
