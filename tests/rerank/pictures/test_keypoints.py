import numpy as np
import pytest
from matplotlib.patches import Rectangle

from extractors import Features
from rerank.pictures.keypoints import MOST, Found, Sight, draw_keypoints
from rerank.pictures.marks import patch_sides, strongest
from rerank.pictures.photos import Picture
from tests.rerank.plots.reading import words

SIZE = (60, 80)
PHOTO = Picture(SIZE, np.full((*SIZE, 3), 90, np.uint8))
PATCHES = {"patch_sizes": [2, 5]}


def points(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 59, (count, 2)).astype(np.float32)


def patches() -> Features:
    """Return features on a grid, three of two cells and one of five, in a frame twice the photo's size."""
    keypoints = np.array([[10, 10], [40, 30], [70, 50], [40, 30]], np.float32)
    return Features(SIZE, keypoints=keypoints, levels=np.array([0, 0, 0, 1]), frame_size=(120, 160))


def test_each_keypoint_is_drawn_where_it_is():
    features = Features(SIZE, keypoints=points(7))
    figure = draw_keypoints([Sight("a.jpg", PHOTO, [Found("r2d2", {}, features)])])
    (marks,) = figure.axes[0].collections
    np.testing.assert_allclose(np.sort(marks.get_offsets(), axis=0), np.sort(points(7), axis=0))
    written = words(figure)
    assert "7 keypoints" in written
    assert "r2d2" in written
    assert "a.jpg" in written


def test_of_many_keypoints_the_best_are_drawn():
    scores = np.arange(MOST + 50, dtype=np.float32)
    features = Features(SIZE, keypoints=points(len(scores)), scores=scores)
    assert set(strongest(features, MOST).tolist()) == set(range(50, MOST + 50))
    figure = draw_keypoints([Sight("a.jpg", PHOTO, [Found("r2d2", {}, features)])])
    assert len(figure.axes[0].collections[0].get_offsets()) == MOST
    assert f"{MOST + 50} keypoints, best {MOST} drawn" in words(figure)


def test_patches_have_the_sides_of_their_cells_in_the_photo():
    np.testing.assert_allclose(patch_sides(patches(), PATCHES), [[16, 16], [40, 40]])
    wide = Features(SIZE, keypoints=points(1), levels=np.zeros(1, int), frame_size=(120, 80))
    np.testing.assert_allclose(patch_sides(wide, {"patch_sizes": (2,)}), [[32, 16]])
    assert patch_sides(Features(SIZE, keypoints=points(1)), PATCHES) is None
    assert patch_sides(patches(), {}) is None


def test_one_patch_of_each_size_is_a_box_in_the_middle():
    figure = draw_keypoints([Sight("a.jpg", PHOTO, [Found("patchnetvlad", PATCHES, patches())])])
    boxes = [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]
    assert [(*box.get_xy(), box.get_width()) for box in boxes] == [(32, 22, 16), (20, 10, 40)]
    assert boxes[0].get_linestyle() != boxes[1].get_linestyle()
    assert "4 patches of 2 sizes" in words(figure)


@pytest.mark.parametrize(
    "features", [Features(SIZE, dense={"coarse": np.zeros((2, 2, 1))}), Features(SIZE, keypoints=points(0))]
)
def test_photos_without_keypoints_are_drawn(features):
    written = words(draw_keypoints([Sight("a.jpg", PHOTO, [Found("loftr", {}, features)])]))
    assert ("no keypoints: dense maps" in written) == (features.keypoints is None)
    assert ("0 keypoints" in written) == (features.keypoints is not None)


def test_many_extractors_continue_below():
    found = [Found(f"method{number}", {}, Features(SIZE, keypoints=points(3))) for number in range(6)]
    sights = [Sight(name, PHOTO, found) for name in ("day.jpg", "night.jpg")]
    figure = draw_keypoints(sights)
    assert len(figure.axes) == 16
    written = words(figure)
    assert all(f"method{number}" in written for number in range(6))


def test_an_unreadable_photo_stands_among_the_others():
    found = [Found("r2d2", {}, Features(SIZE, keypoints=points(3)))]
    absent = Sight("gone.jpg", Picture((3, 4), None, "photo is missing"), [])
    written = words(draw_keypoints([Sight("$a_<b>.jpg", PHOTO, found), absent]))
    assert "photo is missing" in written
    assert "$a_<b>.jpg" in written
    assert "no photo could be read" in words(draw_keypoints([absent]))
    assert "no photos" in words(draw_keypoints([]))
