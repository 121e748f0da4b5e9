from typing import Any

import numpy as np
import pytest

import extractors
from data.errors import SettingsError, WeightsError
from extractors.aliked import ALIKED
from extractors.conformance import drawn_scene, extract
from extractors.record import Features
from networks.seeded import made_up_state
from tests.extractors.methods import build, state


def found(**settings: Any) -> Features:
    return extract(build("aliked", **settings), drawn_scene()[:128, :160])[0]


def test_the_defaults_are_the_published_settings() -> None:
    settings = ALIKED.Settings()
    assert (settings.max_keypoints, settings.detection_threshold, settings.nms_radius) == (5000, 0.2, 2)
    assert ALIKED.checkpoint(settings) == "aliked-n16.pth"


@pytest.mark.parametrize(
    ("variant", "width", "thousands"),
    [
        ("aliked-t16", 64, 192),
        ("aliked-n16", 128, 677),
        ("aliked-n16rot", 128, 677),
        ("aliked-n32", 128, 980),
    ],
)
def test_variants_are_those_of_the_paper(variant: str, width: int, thousands: int) -> None:
    settings = ALIKED.Settings(variant=variant)
    network = ALIKED.layers(settings)
    assert round(sum(value.numel() for value in network.parameters()) / 1000) == thousands
    extractor = extractors.build("aliked", made_up_state(network), variant=variant)
    features = extract(extractor, drawn_scene()[:64, :96])[0]
    assert features.descriptors.shape == (len(features), width) and len(features) > 5
    assert ALIKED.checkpoint(settings) == f"{variant}.pth"


def test_weights_of_another_variant_are_refused() -> None:
    with pytest.raises(WeightsError, match=r"of another shape: .*expected"):
        build("aliked", variant="aliked-t16")


@pytest.mark.parametrize("radius", [1, 2, 5])
def test_the_grid_of_the_window_is_not_taken_from_the_file(radius: int) -> None:
    weights = state("aliked")
    assert "dkd.hw_grid" in weights
    learned = {key: array for key, array in weights.items() if key != "dkd.hw_grid"}
    both = [
        extract(extractors.build("aliked", given, nms_radius=radius), drawn_scene()[:64, :96])[0]
        for given in (weights, learned)
    ]
    assert len(both[0]) > 5
    np.testing.assert_array_equal(both[0].keypoints, both[1].keypoints)


def test_the_cap_keeps_some_of_all_and_the_threshold_the_strong_ones() -> None:
    everything, few, strong = (
        found(max_keypoints=None),
        found(max_keypoints=20),
        found(detection_threshold=0.9),
    )
    assert len(few) == 20 and 0 < len(strong) < len(everything)
    for part in (few, strong):
        assert {tuple(point) for point in part.keypoints} <= {tuple(point) for point in everything.keypoints}
    assert np.median(few.scores) > np.median(everything.scores)


def test_keypoints_keep_their_distance() -> None:
    for radius in (2, 6):
        keypoints = found(nms_radius=radius).keypoints
        assert keypoints.min() > radius - 1
        assert np.all(keypoints.max(axis=0) < np.array([160, 128]) - radius)


@pytest.mark.parametrize(
    "settings",
    [
        {"max_keypoints": 0},
        {"max_keypoints": 1.5},
        {"detection_threshold": 0},
        {"nms_radius": 0},
        {"variant": "x"},
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=next(iter(settings))):
        build("aliked", **settings)
