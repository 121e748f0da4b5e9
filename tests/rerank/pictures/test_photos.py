import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from rerank.pictures.marks import evenly
from rerank.pictures.photos import Picture, bare, height_over_width, load_picture, put, shrunk
from tests.rerank.plots.reading import words


def test_large_photos_are_shrunk_and_keep_their_size_in_mind(tmp_path):
    Image.fromarray(np.full((90, 300, 3), 7, np.uint8)).save(tmp_path / "photo.png")
    picture = load_picture(tmp_path / "photo.png", 100)
    assert picture.size == (90, 300)
    assert picture.pixels is not None
    assert picture.pixels.shape == (30, 100, 3)
    assert (picture.pixels == 7).all()


def test_small_photos_stay_as_they_are(tmp_path):
    image = np.arange(36, dtype=np.uint8).reshape(3, 4, 3)
    Image.fromarray(image).save(tmp_path / "photo.png")
    np.testing.assert_array_equal(load_picture(tmp_path / "photo.png", 100).pixels, image)


def test_photos_that_are_not_there_or_damaged_say_so(tmp_path):
    assert load_picture(tmp_path / "none.jpg", 100).fault == "photo is missing"
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8\xff half")
    bad = load_picture(tmp_path / "bad.jpg", 100)
    assert bad.pixels is None
    assert bad.fault.startswith("photo cannot be read: ")


@pytest.mark.parametrize("size", [(1, 1), (1, 2000), (2000, 1), (7, 5)])
def test_photos_of_any_size_can_be_put(size):
    image = np.zeros((*size, 3), np.uint8)
    small = shrunk(image, 50)
    assert max(small.shape[:2]) <= max(50, min(size))
    assert min(small.shape[:2]) >= 1
    assert 0.25 <= height_over_width(size) <= 4.0
    axis = Figure().add_subplot()
    put(axis, Picture(size, small))
    assert axis.get_xlim() == (-0.5, size[1] - 0.5)
    assert axis.get_ylim() == (size[0] - 0.5, -0.5)


def test_an_absent_photo_is_a_frame_with_the_reason():
    figure = Figure()
    axis = figure.add_subplot()
    bare(axis)
    put(axis, Picture((3, 4), None, "photo is missing"))
    assert "photo is missing" in words(figure)


@pytest.mark.parametrize(
    ("count", "most", "chosen"),
    [(0, 5, []), (3, 5, [0, 1, 2]), (5, 3, [0, 2, 4]), (10, 4, [0, 3, 6, 9]), (9, 1, [0])],
)
def test_some_of_many_are_evenly_chosen(count, most, chosen):
    assert evenly(count, most).tolist() == chosen
