import logging

import numpy as np
import pytest
import torch

import extractors
from data.errors import SettingsError
from extractors.conformance import extract
from extractors.r2d2 import R2D2Network, R2D2Settings, pyramid
from networks.precision import fold_norms
from networks.seeded import seeded_state
from networks.state_dicts import load_strictly, unwrap
from tests.extractors.methods import build, photo, state


def searched(height: int, width: int, **settings: float) -> list[tuple[int, int]]:
    return [level.size for level in pyramid(height, width, R2D2Settings(**settings)) if level.searched]


def test_pyramid_of_the_published_settings() -> None:
    assert [width for _, width in searched(480, 640)] == [640, 538, 453, 381, 320, 269]
    assert searched(240, 320) == [(240, 320), (202, 269)]
    assert len(searched(3024, 4032)) == 9
    assert searched(3024, 4032)[0] == (756, 1008)
    assert searched(3024, 4032)[-1] == (189, 252)  # below min_size, by the published slack


def test_pyramid_stops_when_a_level_would_have_no_pixels() -> None:
    assert searched(3, 100, min_size=0)[-1][0] == 1
    assert set(searched(1, 1, min_size=0)) == {(1, 1)}


def test_pyramid_between_shares_of_the_size() -> None:
    scales = [
        level.scale
        for level in pyramid(480, 640, R2D2Settings(min_scale=0.5, max_scale=0.85))
        if level.searched
    ]
    np.testing.assert_allclose(scales, [2 ** (-step / 4) for step in (1, 2, 3, 4)])


def test_small_photos_have_no_keypoints_and_the_log_says_why(caplog: pytest.LogCaptureFixture) -> None:
    extractor = build("r2d2", min_size=256)
    with caplog.at_level(logging.WARNING):
        found = [extract(extractor, photo()[:190, :255])[0] for _ in range(2)]
    assert [len(features) for features in found] == [0, 0]
    assert len(caplog.records) == 1
    assert "255 x 190" in caplog.text and "a lower min_size would help" in caplog.text


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"max_scale": 1.5}, "must not exceed 1; the limit in pixels is max_size"),
        ({"scale_factor": 1.0}, "scale_factor.*greater than 1"),
        ({"max_keypoints": -1}, "max_keypoints"),
        ({"min_size": -1}, "min_size"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, float], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        build("r2d2", **settings)


def test_the_published_spelling_of_a_setting_is_taken() -> None:
    assert build("r2d2", repetability_threshold=0.6).settings.repeatability_threshold == 0.6


def test_weights_with_and_without_the_prefix_are_the_same() -> None:
    plain = {key.removeprefix("module."): value for key, value in state("r2d2").items()}
    assert plain.keys() != state("r2d2").keys()
    extractor = extractors.build("r2d2", plain, min_size=64)
    first, second = (extract(one, photo()[:96, :128])[0] for one in (extractor, build("r2d2")))
    np.testing.assert_array_equal(first.descriptors, second.descriptors)


def test_the_big_network_is_known_by_its_shapes() -> None:
    shapes = {key: list(value.shape) for key, value in R2D2Network(width=6).state_dict().items()}
    extractor = extractors.build("r2d2", seeded_state(shapes), min_size=64)
    assert sum(p.numel() for p in R2D2Network(6).parameters()) == 1_038_899
    assert extract(extractor, photo()[:64, :64])[0].descriptors.shape[1] == 128


def test_folding_the_norms_changes_nothing_but_rounding() -> None:
    plain = load_strictly(R2D2Network(), unwrap(torch_state(), "r2d2"), "r2d2")
    folded = load_strictly(R2D2Network(), unwrap(torch_state(), "r2d2"), "r2d2")
    fold_norms(folded.ops)
    assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in folded.modules())
    prepared = build("r2d2").prepare(photo()[:64, :80])[None]
    with torch.inference_mode():
        for before, after in zip(plain(prepared), folded(prepared), strict=True):
            torch.testing.assert_close(after, before, rtol=1e-4, atol=1e-4)


def torch_state() -> dict[str, torch.Tensor]:
    return {key: torch.as_tensor(value) for key, value in state("r2d2").items()}


def test_scores_rise_and_the_cap_keeps_the_best() -> None:
    image = photo()[:96, :128]
    everything, few = (extract(build("r2d2", max_keypoints=n), image)[0] for n in (0, 50))
    assert np.all(np.diff(everything.scores) >= 0)
    np.testing.assert_array_equal(few.scores, everything.scores[-50:])


@pytest.mark.parametrize("name", ["reliability", "repeatability"])
def test_thresholds_are_inclusive(name: str) -> None:
    image = photo()[:96, :128]
    loose = {"reliability_threshold": 0, "repeatability_threshold": 0, "max_keypoints": 0, "min_size": 128}
    extractor = build("r2d2", **loose)
    values = getattr(extractor.network(extractor.prepare(image)[None]), name)[0].numpy()

    def at_keypoints(**settings: float) -> np.ndarray:
        columns, rows = extract(build("r2d2", **{**loose, **settings}), image)[0].keypoints.astype(int).T
        return np.sort(values[rows, columns])

    everything = at_keypoints()
    middle = everything[len(everything) // 2]
    np.testing.assert_array_equal(
        at_keypoints(**{f"{name}_threshold": float(middle)}), everything[everything >= middle]
    )
