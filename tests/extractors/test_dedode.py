from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import extractors
from data.errors import SettingsError
from extractors.conformance import drawn_scene, extract
from extractors.dedode import DeDoDe
from networks.checkpoint_table import CHECKPOINTS
from networks.weights_policy import WeightsPolicy, using_policy
from tests.extractors.methods import build, state


def test_the_defaults_are_kornias_with_the_smaller_descriptor() -> None:
    settings = DeDoDe.Settings()
    assert (settings.detector, settings.descriptor, settings.max_keypoints) == (
        "L-C4-v2",
        "B-upright",
        10_000,
    )


@pytest.mark.parametrize("detector", ["L-upright", "L-C4", "L-SO2", "L-C4-v2"])
@pytest.mark.parametrize("descriptor", ["B-upright", "B-C4", "B-SO2"])
def test_every_pair_of_weights_is_in_the_table(detector: str, descriptor: str) -> None:
    listed = CHECKPOINTS[DeDoDe.checkpoint(DeDoDe.Settings(detector=detector, descriptor=descriptor))]
    assert [prefix for prefix, _ in listed.parts] == ["detector.", "descriptor."]
    assert [CHECKPOINTS[file].purpose for _, file in listed.parts] == [
        f"part of DeDoDe, detector {detector}",
        f"part of DeDoDe, descriptor {descriptor}",
    ]


def test_both_published_files_are_put_together(tmp_path: Path) -> None:
    weights = {key: torch.as_tensor(value) for key, value in state("dedode").items()}
    for prefix, file in CHECKPOINTS[DeDoDe.checkpoint(DeDoDe.Settings())].parts:
        of_part = {
            key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)
        }
        torch.save(of_part, tmp_path / file)
    with using_policy(WeightsPolicy(folder=tmp_path, allow_download=False)):
        put_together = extractors.build("dedode", max_keypoints=50)
    image = drawn_scene()[:56, :56]
    found, expected = (extract(one, image)[0] for one in (put_together, build("dedode", max_keypoints=50)))
    np.testing.assert_array_equal(found.keypoints, expected.keypoints)
    np.testing.assert_array_equal(found.descriptors, expected.descriptors)


def test_keypoints_are_pixels_best_first() -> None:
    features = extract(build("dedode", max_keypoints=50), drawn_scene()[:43, :61])[0]
    assert len(features) == 50 and np.all(np.diff(features.scores) <= 0)
    np.testing.assert_allclose(features.keypoints, features.keypoints.round(), atol=1e-4)


def test_without_a_cap_every_pixel_is_a_keypoint_but_none_of_the_padding() -> None:
    features = extract(build("dedode", max_keypoints=None), drawn_scene()[:30, :45])[0]
    places = {(round(float(x)), round(float(y))) for x, y in features.keypoints}
    assert len(features) == 30 * 45 and places == {(x, y) for x in range(45) for y in range(30)}


@pytest.mark.parametrize(
    "settings", [{"max_keypoints": 0}, {"detector": "B-upright"}, {"descriptor": "G-upright"}]
)
def test_impossible_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=next(iter(settings))):
        build("dedode", **settings)
