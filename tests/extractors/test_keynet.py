from typing import Any

import kornia.feature as KF
import numpy as np
import pytest
import torch

from data.errors import SettingsError
from extractors.conformance import drawn_scene, extract
from extractors.keynet import PATCH_RADIUS_PX, KeyNet
from networks.checkpoint_table import CHECKPOINTS
from networks.resizing import luma
from tests.extractors.methods import build


def test_the_defaults_are_kornias() -> None:
    settings = KeyNet.Settings()
    assert (settings.max_keypoints, settings.upright, settings.scale_laf) == (8000, False, 1.0)
    parts = CHECKPOINTS[KeyNet.checkpoint(settings)].parts
    assert [prefix for prefix, _ in parts] == ["keynet.", "orinet.", "hardnet."]
    assert {key.partition(".")[0] for key in KeyNet.layers(settings).state_dict()} == {
        prefix.rstrip(".") for prefix, _ in parts
    }


def blob(x: float, y: float) -> np.ndarray:
    """Return a photo of one smooth blob around (x, y), float luma (1, 1, 240, 320)."""
    rows, columns = np.mgrid[:240, :320]
    values = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 14**2))
    return torch.tensor(values, dtype=torch.float32)[None, None]


def test_keypoints_of_all_levels_lie_where_the_blob_is() -> None:
    extractor = build("keynet", upright=True)
    extractor.detector.model = torch.nn.Identity()  # a response whose maximum is known
    draw = np.random.default_rng(0)
    errors: dict[float, list[np.ndarray]] = {}
    for place in draw.uniform((80, 80), (240, 160), (60, 2)):
        with torch.inference_mode():
            found = extractor.detect(blob(*place))[0]
        for point, radius in zip(found.keypoints.numpy(), found.scales.numpy(), strict=True):
            errors.setdefault(round(float(radius) / PATCH_RADIUS_PX, 1), []).append(point - place)
    assert set(errors) == {0.7, 1.0, 1.4, 2.0, 2.9, 4.1}
    for step, of_level in errors.items():
        assert np.abs(of_level).max() < 0.75 * step + 0.01  # half a pixel of the level, and its interpolation
        error = 0.75 * step / np.sqrt(3 * len(of_level))
        np.testing.assert_allclose(np.mean(of_level, axis=0), 0, atol=4 * error)


@pytest.mark.parametrize("upright", [True, False])
def test_features_are_those_of_kornias_own_combination(upright: bool) -> None:
    extractor = build("keynet", upright=upright, scale_laf=1.5, max_keypoints=400)
    networks = extractor.network
    detector = KF.KeyNetDetector(
        pretrained=False,
        num_features=400,
        ori_module=KF.PassLAF() if upright else KF.LAFOrienter(angle_detector=networks.orinet),
    )
    detector.model = networks.keynet
    whole = KF.LocalFeature(detector, KF.LAFDescriptor(networks.hardnet), 1.5)
    image = drawn_scene()[:96, :128]
    with torch.inference_mode():
        frames, responses, descriptors = whole(luma(image)[None])
    real = KF.laf_is_filled(frames)[0]
    features = extract(extractor, image)[0]
    assert 20 < len(features) == int(real.sum()) < 400
    np.testing.assert_allclose(features.descriptors, descriptors[0][real].numpy(), atol=1e-5)
    np.testing.assert_array_equal(features.scores, responses[0][real].numpy())
    np.testing.assert_allclose(
        1.5 * features.scales, KF.get_laf_scale(frames)[0, real].flatten().numpy(), rtol=1e-5
    )


def test_turning_patches_changes_descriptors_alone() -> None:
    image = drawn_scene()[:96, :128]
    turned, upright = (extract(build("keynet", upright=how), image)[0] for how in (False, True))
    np.testing.assert_allclose(turned.keypoints, upright.keypoints, atol=1e-4)
    assert np.abs(turned.descriptors - upright.descriptors).max() > 0.01


def test_scores_fall_and_the_threshold_bounds_them() -> None:
    image = drawn_scene()[:96, :128]
    everything = extract(build("keynet"), image)[0].scores
    assert len(everything) > 20 and np.all(np.diff(everything) <= 0)
    middle = float(np.median(everything))
    few = extract(build("keynet", score_threshold=middle), image)[0].scores
    assert 0 < len(few) < len(everything) and few.min() >= middle
    assert len(extract(build("keynet", score_threshold=1e6), image)[0]) == 0


@pytest.mark.parametrize("settings", [{"max_keypoints": 0}, {"score_threshold": -1}])
def test_impossible_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=next(iter(settings))):
        build("keynet", **settings)
