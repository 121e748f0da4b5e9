from typing import Any

import numpy as np
import pytest
import torch

import extractors
from data.errors import SettingsError, WeightsError
from extractors import Features
from extractors.conformance import extract
from extractors.delg import Delg, DelgSettings
from extractors.delg_network import Architecture, DelgNetwork, pad_same
from extractors.delg_pyramid import level_size, limit_size, resize_level
from networks.seeded import seeded_state
from tests.extractors.methods import build, photo

ONE_SCALE = {"image_scales": (1.0,), "global_scales_ind": (0,)}


def test_companions_in_a_batch_change_no_digit(small: np.ndarray) -> None:
    alone = extract(build("delg"), small)[0]
    together = extract(build("delg"), np.full_like(small, 40), small)[1]
    for name, array in alone.per_keypoint().items():
        np.testing.assert_array_equal(getattr(together, name), array)
    np.testing.assert_array_equal(together.global_descriptor, alone.global_descriptor)


@pytest.fixture(scope="module")
def small() -> np.ndarray:
    return photo()[60:188, 80:240]


@pytest.mark.parametrize(
    ("settings", "file", "threshold"),
    [
        ({}, "r50delg_gldv2clean_20200914.tar.gz", 454.6),
        ({"trained_on": "gld"}, "r50delg_gld_20200814.tar.gz", 175.0),
        ({"depth": 101}, "r101delg_gldv2clean_20200914.tar.gz", 357.48),
        ({"depth": 101, "trained_on": "gld", "score_threshold": 0}, "r101delg_gld_20200814.tar.gz", 0),
    ],
)
def test_each_published_file_has_its_threshold(settings: dict[str, Any], file: str, threshold: float) -> None:
    chosen = DelgSettings(**settings)
    assert Delg.checkpoint(chosen) == file
    assert chosen.least_attention == threshold


def test_published_names_of_settings() -> None:
    built = build("delg", max_feature_num=7)
    assert built.settings.max_keypoints == 7


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"global_scales_ind": (7,)}, r"goes beyond the 7 image_scales"),
        ({"image_scales": (0.0, 1.0)}, "image_scales"),
        ({"max_image_size": 9}, "max_image_size"),
        ({"block3_stride": 8}, "block3_stride"),
        ({"variant": "keras"}, "variant"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        build("delg", **settings)


def test_weights_of_the_other_variant_are_refused() -> None:
    with pytest.raises(WeightsError, match=r"missing: .*conv1\.bias.*unknown: .*expansion\.bn\.bias"):
        build("delg", variant="training")


def test_101_layers_have_more_units_in_the_third_stage() -> None:
    with torch.device("meta"):
        fifty, hundred = (DelgNetwork(Architecture(depth=depth)) for depth in (50, 101))
    assert len(hundred.backbone.layer3) - len(fifty.backbone.layer3) == 17
    assert hundred.backbone.layer3[-1].conv2.stride == (2, 2)
    assert fifty.backbone.layer3[-1].conv2.stride == (2, 2)


def test_photos_are_limited_in_size_and_keypoints_stay_in_original_pixels(small: np.ndarray) -> None:
    doubled = small.repeat(2, axis=0).repeat(2, axis=1)
    free, limited = (extract(build("delg", max_image_size=n, **ONE_SCALE), doubled)[0] for n in (1024, 160))
    assert free.image_size == limited.image_size == (256, 320)
    assert {32, 64} <= set(free.keypoints[:, 0])
    assert set(limited.keypoints[:, 0]) == {0, 64, 128, 192, 256}
    assert set(limited.keypoints[:, 1]) == {0, 64, 128, 192}


def test_limits_of_the_longer_side() -> None:
    photo = np.zeros((30, 101, 3), np.uint8)
    assert limit_size(photo, 50).shape == (15, 50, 3)
    assert limit_size(photo, 101) is photo
    assert limit_size(photo, 300, min_px=202).shape == (60, 202, 3)
    assert limit_size(np.zeros((45, 100, 3), np.uint8), 50).shape == (22, 50, 3)  # half to even


def test_levels_are_rounded_half_to_even() -> None:
    assert level_size((125, 127), 0.5) == (62, 64)
    assert level_size((240, 320), 0.35355338) == (85, 113)


def test_the_older_resize_starts_on_the_first_pixel_and_ends_on_the_last() -> None:
    ramp = torch.arange(4.0).expand(1, 1, 2, 4)
    assert resize_level(ramp, (2, 8), "legacy")[0, 0, 0].tolist() == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3]
    assert resize_level(ramp.mT, (2, 2), "legacy")[0, 0, :, 0].tolist() == [0, 2]
    assert resize_level(ramp, (2, 8), "half-pixel")[0, 0, 0].tolist() == [
        0,
        0.25,
        0.75,
        1.25,
        1.75,
        2.25,
        2.75,
        3,
    ]


def test_same_padding_is_one_pixel_more_at_the_end_of_even_sides() -> None:
    padded = pad_same(torch.ones(1, 1, 4, 5), kernel=3, stride=2, value=0)[0, 0]
    assert padded.shape == (5, 7)
    assert padded[:, 3].tolist() == [1, 1, 1, 1, 0]
    assert padded[0].tolist() == [0, 1, 1, 1, 1, 1, 0]


def test_no_feature_passes_a_high_threshold_but_the_global_descriptor_stays(small: np.ndarray) -> None:
    none, some = (extract(build("delg", score_threshold=t), small)[0] for t in (1e9, 0))
    assert len(none) == 0 and len(some) > 0
    assert none.descriptors.shape == (0, 128)
    np.testing.assert_array_equal(none.global_descriptor, some.global_descriptor)
    np.testing.assert_allclose(np.linalg.norm(none.global_descriptor), 1, rtol=1e-5)


def test_threshold_is_inclusive_and_scores_fall(small: np.ndarray) -> None:
    everything = extract(build("delg"), small)[0]
    border = float(everything.scores[9])
    kept = extract(build("delg", score_threshold=border), small)[0]
    assert len(kept) == 10
    assert np.all(np.diff(kept.scores) <= 0)


def test_photos_under_ten_pixels_have_a_global_descriptor_of_zeros() -> None:
    tiny, enough = (extract(build("delg"), np.full((n, 40, 3), 90, np.uint8))[0] for n in (9, 10))
    assert len(tiny) == 0 and not tiny.global_descriptor.any()
    assert len(enough) > 0 and enough.global_descriptor.any()


def test_stage_4_runs_on_the_levels_of_the_global_descriptor_alone(
    small: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    extractor = build("delg", image_scales=(0.5, 1, 2), global_scales_ind=(1,))
    seen = []
    deepen = extractor.network.embedding
    monkeypatch.setattr(extractor.network, "embedding", lambda maps: seen.append(maps.shape) or deepen(maps))
    extract(extractor, small)
    assert seen == [(1, 1024, 4, 5)]


def test_half_the_stride_keeps_what_the_whole_stride_sees(small: np.ndarray) -> None:
    fine, coarse = (extract(build("delg", block3_stride=n, **ONE_SCALE), small)[0] for n in (16, 32))
    assert len(fine) == 4 * len(coarse) == 4 * 4 * 5
    np.testing.assert_allclose(fine.global_descriptor, coarse.global_descriptor, atol=1e-6)
    at = {tuple(place): row for row, place in enumerate(fine.keypoints.tolist())}
    rows = [at[tuple(place)] for place in coarse.keypoints.tolist()]
    np.testing.assert_allclose(fine.scores[rows], coarse.scores, rtol=1e-4)
    np.testing.assert_allclose(fine.descriptors[rows], coarse.descriptors, atol=1e-5)


def test_activation_after_the_reduction_is_a_setting(small: np.ndarray) -> None:
    without, with_relu = (
        extract(build("delg", reduction_activation=name, **ONE_SCALE), small)[0] for name in (None, "relu")
    )
    assert without.descriptors.min() < 0 == with_relu.descriptors.min()
    np.testing.assert_array_equal(without.scores, with_relu.scores)


def test_levels_of_which_the_pool_leaves_nothing_are_left_out() -> None:
    settings = {"variant": "training", "score_threshold": 0.0}
    with torch.device("meta"):
        network = DelgNetwork(DelgSettings(variant="training").architecture)
    shapes = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    extractor = extractors.build("delg", seeded_state(shapes), **settings)
    found: Features = extract(extractor, np.full((10, 10, 3), 90, np.uint8))[0]
    np.testing.assert_allclose(np.unique(1 / found.scales), [0.5, 0.7071, 1, 1.4142, 2], rtol=1e-4)
