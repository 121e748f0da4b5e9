import numpy as np
import pytest

from data.errors import RerankError
from extractors import Features
from extractors.record import rescaled


def test_arrays_of_different_length_are_refused() -> None:
    with pytest.raises(RerankError, match="differ in length"):
        Features((10, 10), keypoints=np.zeros((3, 2)), scores=np.zeros(2))
    with pytest.raises(RerankError, match=r"must be \(N, 2\)"):
        Features((10, 10), keypoints=np.zeros((3, 3)))


def test_corners_of_photos_lie_on_one_another() -> None:
    # Pixels of 100 x 60 (W x H) on 50 x 120: half the width, twice the height.
    places = np.array([[-0.5, -0.5], [0.5, 0.0], [99.5, 59.5]], np.float32)
    np.testing.assert_array_equal(
        rescaled(places, (60, 100), (120, 50)), [[-0.5, -0.5], [0.0, 0.5], [49.5, 119.5]]
    )


def test_features_in_the_frame_are_those_of_the_resized_photo() -> None:
    frame, size = (480, 640), (1944, 2592)
    centres = np.stack(np.meshgrid(np.arange(7.5, 640, 16), np.arange(7.5, 480, 16)), -1).reshape(-1, 2)
    features = Features(
        size,
        keypoints=rescaled(centres, frame, size),
        scores=np.arange(len(centres)),
        global_descriptor=np.ones(3),
        frame_size=frame,
    )
    framed = features.in_frame()
    np.testing.assert_allclose(framed.keypoints, centres, atol=2e-4)
    assert framed.keypoints.dtype == np.float32
    assert (framed.image_size, framed.frame_size) == (frame, None)
    assert framed.scores is features.scores and framed.names() == features.names()
    assert "frame_size" not in features.names()


def test_without_a_frame_features_stay_what_they_are() -> None:
    features = Features((10, 10), keypoints=np.ones((1, 2), np.float32))
    assert features.in_frame() is features
