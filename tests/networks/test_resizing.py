import numpy as np
import pytest
import torch
from PIL import Image

from networks.resizing import (
    imagenet_normalise,
    luma,
    resize_photo,
    resize_tensor,
    shorter_side_to,
    to_unit_range,
    within_edge,
)


@pytest.fixture
def photo() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (24, 37, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("size", "expected"),
    [((240, 320), (512, 682)), ((320, 240), (682, 512)), ((100, 100), (512, 512)), ((1, 3), (512, 1536))],
)
def test_the_longer_side_is_rounded_down(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert shorter_side_to(size, 512) == expected


@pytest.mark.parametrize(
    ("size", "expected"),
    [((480, 640), (480, 640)), ((960, 1280), (480, 640)), ((1281, 961), (640, 480)), ((1, 4000), (1, 640))],
)
def test_only_longer_photos_are_shrunk(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert within_edge(size, 640) == expected


def test_resize_photo_takes_height_first_and_keeps_the_type(photo: np.ndarray) -> None:
    resized = resize_photo(photo, (10, 20))
    assert (resized.shape, resized.dtype) == ((10, 20, 3), np.uint8)
    expected = Image.fromarray(photo).resize((20, 10), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(resized, np.asarray(expected))
    assert resize_photo(photo[..., 0], (10, 20)).shape == (10, 20)


def test_a_photo_or_tensor_of_the_size_is_returned_unchanged(photo: np.ndarray) -> None:
    tensor = to_unit_range(photo)
    assert resize_photo(photo, (24, 37)) is photo
    assert resize_tensor(tensor, (24, 37), antialias=True) is tensor


def test_antialias_averages_where_plain_bilinear_skips() -> None:
    stripes = torch.zeros(1, 8, 8)
    stripes[..., ::4] = 1.0
    averaged = resize_tensor(stripes, (8, 2), antialias=True)
    skipped = resize_tensor(stripes, (8, 2), antialias=False)
    assert averaged.min() > 0.15
    assert skipped.max() == 0.0


def test_antialiased_tensors_agree_with_pil_up_to_its_rounding(photo: np.ndarray) -> None:
    by_pil = to_unit_range(resize_photo(photo, (12, 15)))
    by_torch = resize_tensor(to_unit_range(photo), (12, 15), antialias=True)
    torch.testing.assert_close(by_torch, by_pil, rtol=0, atol=1.5 / 255)


def test_normalisation_of_the_mean_colour_is_zero() -> None:
    photo = np.array([[[124, 116, 104]]], np.uint8)
    normalised = imagenet_normalise(to_unit_range(photo))
    assert normalised.shape == (3, 1, 1)
    expected = [(124 / 255 - 0.485) / 0.229, (116 / 255 - 0.456) / 0.224, (104 / 255 - 0.406) / 0.225]
    np.testing.assert_allclose(normalised.ravel(), expected, rtol=1e-4, atol=1e-6)


def test_luma_weighs_colours_as_torchvision_does() -> None:
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [10, 20, 30]]], np.uint8)
    expected = [[[0.2989, 0.587, 0.114, 0.9999, (0.2989 * 10 + 0.587 * 20 + 0.114 * 30) / 255]]]
    found = luma(colours)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found, expected, rtol=1e-6)
