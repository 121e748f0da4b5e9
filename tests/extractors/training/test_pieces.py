"""Homographies, labels, light and measures of SuperPoint's training, on cases worked by hand."""

import numpy as np
import pytest

from extractors.record import Features
from extractors.training.homographies import (
    HomographyRange,
    crop_shift,
    random_homography,
    warp_photo,
    warp_points,
)
from extractors.training.labels import NONE, cell_labels, lasting_corners, whole_cells
from extractors.training.measures import agreement, corner_error
from extractors.training.photometric import LightRange, vary_light

SIZE = (48, 64)
STILL = HomographyRange(turn_deg=0, scale=1, shift=0, perspective=0)


def test_no_reach_is_no_change() -> None:
    found = random_homography(np.random.default_rng(0), SIZE, STILL)
    np.testing.assert_allclose(found, np.eye(3), atol=1e-12)


def test_random_homographies_stay_within_reach() -> None:
    draw = np.random.default_rng(0)
    middle = np.array([[(SIZE[1] - 1) / 2, (SIZE[0] - 1) / 2]])
    for _ in range(50):
        homography = random_homography(draw, SIZE, HomographyRange(shift=0.1))
        moved = warp_points(middle, homography) - middle
        assert (np.abs(moved) <= 0.1 * np.array(SIZE[::-1]) + 1e-9).all()
        around = warp_points(middle + np.eye(2), homography) - warp_points(middle, homography)
        assert 1 / 1.6 < np.sqrt(np.abs(np.linalg.det(around))) < 1.6


def test_points_go_where_their_pixels_go() -> None:
    photo = np.zeros(SIZE, np.float32)
    photo[20:23, 30:33] = 1.0
    homography = random_homography(np.random.default_rng(4), SIZE, HomographyRange())
    warped, filled = warp_photo(photo, homography, SIZE)
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    seen = np.array([(warped * axis).sum() / warped.sum() for axis in (columns, rows)])
    np.testing.assert_allclose(seen, warp_points(np.array([[31.0, 21.0]]), homography)[0], atol=0.2)
    assert filled[warped > 0].all()
    assert 0.3 < filled.mean() < 1.0


PLACES = ((8, 8), (34, 12), (58, 8), (12, 40), (36, 42), (60, 38))


def squares(*places: tuple[int, int]) -> np.ndarray:
    """Return a photo of white squares of 12 pixels, by their upper left corners, x then y."""
    photo = np.zeros((64, 80), np.float32)
    for x, y in places:
        photo[y : y + 12, x : x + 12] = 1.0
    return photo


def test_corners_last_that_one_light_hides() -> None:
    nothing = np.zeros((0, 2))
    found = lasting_corners([squares(*PLACES), squares(*PLACES), squares(*PLACES[1:])], nothing)
    assert found.dtype == np.float32
    expected = [(x + dx, y + dy) for x, y in PLACES for dx in (0, 11) for dy in (0, 11)]
    apart = np.linalg.norm(found[:, None] - np.array(expected)[None], axis=-1)
    assert apart.min(0).max() <= 1.5
    assert apart.min(1).max() <= 1.5
    assert (apart.argmin(1)[-4:] < 4).all()  # what one light hides comes last


def test_corners_of_the_drawing_count_double() -> None:
    photos = [squares(*PLACES), *3 * [squares(*PLACES[1:])]]  # 0.17 of 1, too faint to count alone
    nothing = np.zeros((0, 2))
    drawn = np.array([PLACES[0], (np.nan, 3.0), (900.0, 3.0)])
    known, unknown = (
        np.abs(lasting_corners(photos, some) - PLACES[0]).max(1).min() for some in (drawn, nothing)
    )
    assert known <= 1
    assert unknown > 8


def test_what_is_sent_behind_the_view_is_nowhere() -> None:
    homography = np.array([[1.0, 0, 0], [0, 1, 0], [-0.1, 0, 1]])
    found = warp_points(np.array([[5.0, 0.0], [15.0, 0.0]]), homography)
    np.testing.assert_allclose(found[0], [10.0, 0.0])
    assert np.isnan(found[1]).all()


def test_crops_move_the_origin() -> None:
    np.testing.assert_array_equal(warp_points(np.array([[7.0, 9.0]]), crop_shift(3, 4)), [[4.0, 5.0]])


def test_labels_number_the_pixels_of_a_cell_row_by_row() -> None:
    corners = np.array([[0.0, 0.0], [15.4, 1.0], [8.0, 9.6], [np.nan, 3.0], [16.0, 3.0], [-1.0, 3.0]])
    found = cell_labels(corners, (16, 16))
    np.testing.assert_array_equal(found, [[0, 1 * 8 + 7], [NONE, 2 * 8 + 0]])


def test_the_first_corner_of_a_cell_counts() -> None:
    assert cell_labels(np.array([[3.0, 2.0], [4.0, 5.0]]), (8, 8)) == 2 * 8 + 3
    assert cell_labels(np.array([[4.0, 5.0], [3.0, 2.0]]), (8, 8)) == 5 * 8 + 4


def test_a_cell_is_whole_when_all_its_pixels_are() -> None:
    filled = np.ones((16, 16), bool)
    filled[15, 0] = False
    np.testing.assert_array_equal(whole_cells(filled), [[True, True], [False, True]])


@pytest.mark.parametrize("night_share", [0.0, 1.0])
def test_light_varies_within_what_a_photo_can_hold(night_share: float) -> None:
    draw = np.random.default_rng(0)
    photo = draw.random((40, 56), np.float32)
    reach = LightRange(night_share, blur_share=0.5, noise=0.03)
    lit = [vary_light(photo, np.random.default_rng(seed), reach) for seed in range(20)]
    for one in lit:
        assert one.dtype == np.float32
        assert one.shape == photo.shape
        assert one.min() >= 0
        assert one.max() <= 1
    assert np.array_equal(lit[3], vary_light(photo, np.random.default_rng(3), reach))
    means = np.array([one.mean() for one in lit])
    assert means.std() > 0.01
    assert (means < photo.mean()).mean() > 0.8 or night_share == 0.0


def features(keypoints: list[tuple[float, float]], codes: list[int]) -> Features:
    return Features(
        (100, 100),
        keypoints=np.array(keypoints, np.float32).reshape(-1, 2),
        descriptors=np.eye(8, dtype=np.float32)[codes],
    )


def test_repeatability_and_matching_counted_by_hand() -> None:
    first = features([(10, 10), (20, 20), (30, 30), (95, 50)], [0, 1, 2, 3])  # the last one leaves the view
    second = features([(20, 12), (30, 20), (60, 60), (5, 5)], [0, 5, 1, 6])  # the last one came into it
    found = agreement(first, second, crop_shift(-10, 0), threshold_px=3.0)
    # Of 3 + 3 keypoints (10, 10)-(20, 12) and (20, 20)-(30, 20) repeat; only the first is matched rightly.
    assert found.repeatability == pytest.approx(4 / 6)
    assert found.matching == pytest.approx(1 / 3)


def test_photos_without_keypoints_have_nothing_to_count() -> None:
    found = agreement(features([], []), features([(1, 1)], [0]), np.eye(3), 3.0)
    assert np.isnan(found).all()


def test_the_error_of_a_homography_is_that_of_the_corners() -> None:
    assert corner_error(crop_shift(-3, -4), np.eye(3), (100, 100)) == pytest.approx(5.0)
    assert corner_error(None, np.eye(3), (100, 100)) == float("inf")
