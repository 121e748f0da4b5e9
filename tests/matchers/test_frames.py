"""Thresholds and places in pixels of the resized photo, where an extractor resizes, or of the original."""

from dataclasses import replace

import numpy as np
import pytest

import matchers
from extractors import Features
from extractors.record import rescaled
from matchers.conformance import drawn_photo
from tests.matchers.drawn import moved

FRAME = (240, 320)
LARGE = (960, 1280)  # four times the frame
OFF_PX = 12.0


def enlarged(photo: Features) -> Features:
    """Return features of a large photo that an extractor shrank to FRAME."""
    keypoints = rescaled(photo.keypoints, FRAME, LARGE)
    return replace(photo, image_size=LARGE, frame_size=FRAME, keypoints=keypoints)


@pytest.fixture(scope="module")
def pair() -> tuple[Features, Features]:
    """A query, and the same photo with a third of its features off by 12 pixels of the frame."""
    query = drawn_photo(60, seed=1)
    wrong = np.arange(60) < 20
    sideways = np.where(wrong[:, None], [OFF_PX, 0.0], 0.0)
    return enlarged(query), enlarged(
        replace(query, keypoints=(query.keypoints + sideways).astype(np.float32))
    )


@pytest.mark.parametrize(
    ("settings", "inliers"),
    [
        ({"reprojection_px": 18}, 60),  # of the frame, by default
        ({"reprojection_px": 8, "frame": "original"}, 40),  # there they are off by 48
        ({"reprojection_px": 2}, 40),
        ({"reprojection_px": 72, "frame": "original"}, 60),
    ],
)
@pytest.mark.parametrize("levels", ["joint", "weighted"])
def test_the_reprojection_threshold_counts_pixels_of_the_frame(
    pair: tuple[Features, Features], settings: dict[str, object], inliers: int, levels: str
) -> None:
    query, candidate = pair
    ransac = matchers.build("ransac", levels=levels, match_threshold=0.9, **settings)
    assert ransac.score(query, [candidate]).inliers.tolist() == [inliers]
    found = ransac.match(query, candidate)
    assert found.inliers.sum() == inliers
    np.testing.assert_array_equal(found.points0, query.keypoints[found.indices[:, 0]])
    np.testing.assert_array_equal(found.points1, candidate.keypoints[found.indices[:, 1]])


@pytest.mark.parametrize("variant", ["joint", "weighted"])
def test_rapid_places_features_in_the_frame(variant: str) -> None:
    query, candidate = drawn_photo(60, seed=2), drawn_photo(60, seed=3)
    in_frame = matchers.build("rapid", variant=variant).score(query, [candidate]).values
    pair = enlarged(query), enlarged(candidate)
    by_frame, by_original = (
        matchers.build("rapid", variant=variant, frame=frame).score(pair[0], [pair[1]]).values
        for frame in ("method", "original")
    )
    np.testing.assert_allclose(by_frame, in_frame, rtol=1e-5)
    np.testing.assert_allclose(by_original, 16 * in_frame, rtol=0.05)  # squares of lengths


def test_photos_of_different_sizes_meet_in_the_frame() -> None:
    query = drawn_photo(60, seed=4)
    shifted = moved(query, np.array([[1.0, 0, 5], [0, 1.0, 3], [0, 0, 1]]))
    scores = matchers.build("ransac").score(enlarged(query), [enlarged(shifted), shifted])
    assert scores.inliers[0] == scores.inliers[1] >= 60
