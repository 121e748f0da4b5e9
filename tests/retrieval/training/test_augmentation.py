"""Changes of colour and frame, against Python's own colours and worked numbers."""

import colorsys
from dataclasses import replace

import numpy as np
import pytest
import torch

from retrieval.training.augmentation import Augmentation, augment, choose_crop, jitter_colours, turn_hue

NOTHING = Augmentation(0.0, 0.0, 0.0, 0.0, smallest_crop=1.0, widest=1.0)


def photo(height: int = 24, width: int = 32) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).random((3, height, width), np.float32))


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, -0.3])
def test_hues_turn_as_in_hsv(share: float) -> None:
    turned = turn_hue(photo(3, 4), share)
    for before, after in zip(photo(3, 4).flatten(1).T, turned.flatten(1).T, strict=True):
        hue, saturation, value = colorsys.rgb_to_hsv(*before.tolist())
        by_hand = colorsys.hsv_to_rgb((hue + share) % 1, saturation, value)
        np.testing.assert_allclose(after, by_hand, atol=1e-5)


def test_grey_has_no_hue_to_turn() -> None:
    grey = torch.full((3, 2, 2), 0.3)
    torch.testing.assert_close(turn_hue(grey, 0.4), grey)


def test_without_reach_a_photo_stays_as_it_is() -> None:
    torch.testing.assert_close(augment(photo(), (24, 32), generator(), NOTHING), photo())


@pytest.mark.parametrize(("name", "grey"), [("brightness", 0.0), ("contrast", 0.4), ("saturation", 0.4)])
def test_each_change_keeps_its_own_fixed_point(name: str, grey: float) -> None:
    """Brightness leaves black alone, contrast a plain grey photo, saturation all that is grey."""
    how = replace(NOTHING, **{name: 0.7})
    flat = torch.full((3, 4, 4), grey)
    torch.testing.assert_close(jitter_colours(flat, generator(), how), flat, atol=1e-4, rtol=0)
    assert not torch.allclose(jitter_colours(photo(), generator(), how), photo())


def test_brightness_multiplies() -> None:
    how = replace(NOTHING, brightness=0.5)
    for seed in range(10):
        ratio = jitter_colours(torch.full((3, 1, 1), 0.5), generator(seed), how)[0, 0, 0] / 0.5
        assert 0.5 <= ratio <= 1.5


def test_crops_have_the_area_and_proportions_that_are_asked_for() -> None:
    how = Augmentation(smallest_crop=0.5, widest=4 / 3)
    seen = set()
    for seed in range(200):
        top, left, height, width = choose_crop((240, 320), (120, 160), generator(seed), how)
        assert 0 <= top <= 240 - height
        assert 0 <= left <= 320 - width
        assert 0.48 < height * width / (240 * 320) <= 1.0
        assert 0.74 < width / height / (4 / 3) < 1.35
        seen.add((top, left, height, width))
    assert len(seen) > 150


def test_where_no_crop_fits_it_is_the_whole_photo() -> None:
    how = Augmentation(smallest_crop=1.0, widest=1.0)
    assert choose_crop((240, 320), (320, 240), generator(), how) == (0, 0, 240, 320)


def test_photos_are_mirrored_as_often_as_asked() -> None:
    always = augment(photo(), (24, 32), generator(), replace(NOTHING, flip_share=1.0))
    torch.testing.assert_close(always, photo().flip(-1))


def test_the_same_seed_gives_the_same_photo() -> None:
    first, second = (augment(photo(), (16, 16), generator(5), Augmentation(flip_share=0.5)) for _ in range(2))
    assert torch.equal(first, second)
    assert first.shape == (3, 16, 16)
    assert first.min() >= 0
    assert first.max() <= 1
