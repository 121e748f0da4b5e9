from typing import Any

import numpy as np
import pytest
import torch

from data.errors import SettingsError
from extractors.conformance import extract
from extractors.transvpr import TransVPR, crop_offsets, enlarged, merge, patch_centres
from extractors.transvpr_network import Outputs, TransVPRNetwork
from tests.extractors.methods import build, photo

ALL_PATCHES = {"threshold": -1.0}  # attention that is not the same everywhere is at least 0


@pytest.mark.parametrize("resize", [(480, 632), (100, 160)])
def test_sizes_that_are_no_whole_patches_are_refused(resize: tuple[int, int]) -> None:
    with pytest.raises(SettingsError, match="both must be multiples of 16"):
        build("transvpr", resize=resize)


@pytest.mark.parametrize("settings", [{"layer": 6}, {"layer": -1}, {"resize": (480,)}, {"threshold": "much"}])
def test_impossible_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=next(iter(settings))):
        build("transvpr", **settings)


def test_the_defaults_are_the_published_settings() -> None:
    settings = TransVPR.Settings()
    assert (settings.resize, settings.threshold, settings.layer) == ((480, 640), 0.02, 3)
    assert not (settings.antialias or settings.central_crop)


def test_patches_are_merged_by_stretching_levels_and_their_sum() -> None:
    attention = torch.tensor([[1.0, 2, 3], [3, 1, 5], [0, 1, 0]])
    # stretched: (0, .5, 1), (.5, 0, 1), (0, 1, 0); sums .5, 1.5, 2
    torch.testing.assert_close(merge(attention), torch.tensor([0, 2 / 3, 1]))


def with_attention(extractor: TransVPR, attention: torch.Tensor) -> TransVPR:
    """Let the network find `attention` (1, 3, P) in every photo."""
    layers = torch.ones(1, 6, 1 + attention.shape[2], 256)
    extractor.network = lambda photos: Outputs(layers, attention, torch.ones(1, 256))  # type: ignore[assignment]
    return extractor


def test_attention_that_is_the_same_everywhere_marks_nothing() -> None:
    attention = torch.rand(1, 3, 80)
    attention[0, 1] = 1 / 80
    features = extract(with_attention(build("transvpr"), attention), photo()[:128, :160])[0]
    assert len(features) == 0
    assert features.descriptors.shape == (0, 256) and features.global_descriptor.shape == (256,)


def test_one_marked_patch_is_one_keypoint() -> None:
    attention = torch.zeros(1, 3, 80)
    attention[..., 27] = 1  # row 2, column 7 of 8 rows of 10
    features = extract(with_attention(build("transvpr"), attention), photo()[:128, :160])[0]
    np.testing.assert_array_equal(features.keypoints, [[7 * 16 + 7.5, 2 * 16 + 7.5]])
    assert features.scores.tolist() == [1.0]


def test_the_threshold_is_exclusive() -> None:
    attention = torch.zeros(1, 3, 80)
    attention[..., 3], attention[..., 4] = 1.0, 0.5
    image = photo()[:128, :160]
    counts = [
        len(extract(with_attention(build("transvpr", threshold=at), attention), image)[0])
        for at in (0.49, 0.5)
    ]
    assert counts == [2, 1]


def test_keypoints_are_centres_of_patches_in_pixels_of_the_original() -> None:
    image = photo()  # 240 x 320, half the size in both directions of the default
    features = extract(build("transvpr", resize=(480, 640), **ALL_PATCHES), image)[0]
    assert (features.image_size, features.frame_size) == ((240, 320), (480, 640))
    assert len(features) == 1200
    np.testing.assert_allclose(features.keypoints[[0, 1, -1]], [[3.5, 3.5], [11.5, 3.5], [315.5, 235.5]])
    np.testing.assert_allclose(features.in_frame().keypoints, patch_centres(30, 40))


def test_antialiasing_is_of_photos_that_shrink() -> None:
    image = photo()
    for resize, same in (((480, 640), True), ((96, 128), False)):
        plain, smooth = (
            build("transvpr", resize=resize, antialias=how).prepare(image) for how in (False, True)
        )
        assert torch.allclose(plain, smooth, atol=1e-4) == same


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((480, 640), (480, 640)),
        ((2000, 3000), (2000, 3000)),
        ((240, 400), (480, 800)),
        ((960, 320), (1920, 640)),
        ((7, 640), (480, 43886)),
    ],
)
def test_photos_are_enlarged_until_the_cut_fits(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert enlarged(size, (480, 640)) == expected


def test_cuts_lie_in_the_middle_rounded_half_to_even() -> None:
    assert crop_offsets((481, 643), (480, 640)) == (0, 2)
    assert crop_offsets((483, 640), (480, 640)) == (2, 0)


def test_the_middle_of_a_large_photo_has_the_features_of_the_cut_alone() -> None:
    image, resize = photo(), (96, 128)
    whole = extract(build("transvpr", resize=resize, central_crop=True, **ALL_PATCHES), image)[0]
    cut = extract(build("transvpr", resize=resize, **ALL_PATCHES), image[72:168, 96:224])[0]
    np.testing.assert_array_equal(whole.descriptors, cut.descriptors)
    np.testing.assert_array_equal(whole.keypoints, cut.keypoints + np.array([96, 72]))
    assert whole.frame_size == (240, 320)


def test_a_small_photo_is_enlarged_before_it_is_cut() -> None:
    image = photo()[:60, :160]  # enlarged by 112 / 60
    extractor = build("transvpr", resize=(112, 160), central_crop=True, **ALL_PATCHES)
    features = extract(extractor, image)[0]
    assert features.frame_size == (112, 299)
    assert features.keypoints.min() > 0 and features.keypoints[:, 0].max() < 160
    offset = crop_offsets((112, 299), (112, 160))[1]
    expected = (offset + 8) * 160 / 299 - 0.5
    np.testing.assert_allclose(features.keypoints[0], [expected, 8 * 60 / 112 - 0.5], rtol=1e-5)


def test_the_network_has_the_published_number_of_values() -> None:
    with torch.device("meta"):
        state = TransVPRNetwork().state_dict()
    assert len(state) == 109
    assert sum(tensor.numel() for tensor in state.values()) == 5_404_551
