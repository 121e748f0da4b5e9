from typing import Any

import numpy as np
import pytest
import torch.nn.functional as F

from data.errors import SettingsError
from extractors.conformance import drawn_scene, extract
from extractors.record import rescaled
from extractors.xfeat import XFeat
from tests.extractors.methods import build


def test_the_defaults_are_the_published_settings() -> None:
    settings = XFeat.Settings()
    assert (settings.max_keypoints, settings.detection_threshold) == (4096, 0.05)
    assert XFeat.checkpoint(settings) == "xfeat.pt"


@pytest.mark.parametrize(
    ("size", "resized"), [((127, 191), (96, 160)), ((96, 149), (96, 128)), ((20, 100), (32, 96))]
)
def test_keypoints_are_at_the_pixels_of_the_resized_photo(
    size: tuple[int, int], resized: tuple[int, int]
) -> None:
    extractor = build("xfeat")
    prepared = extractor.prepare(drawn_scene()[: size[0], : size[1]])[None]
    found = extractor.extract(prepared)[0]
    smaller = F.interpolate(prepared, resized, mode="bilinear", align_corners=False)
    expected = extractor.extract(smaller)[0]
    assert len(expected) > 20
    np.testing.assert_array_equal(expected.keypoints, expected.keypoints.round())
    np.testing.assert_allclose(
        found.keypoints, rescaled(expected.keypoints, resized, size), rtol=0, atol=1e-4
    )
    np.testing.assert_allclose(found.descriptors, expected.descriptors, atol=1e-5)


def test_scores_fall_and_the_cap_keeps_the_best() -> None:
    image = drawn_scene()[:96, :128]
    everything, few = (extract(build("xfeat", max_keypoints=cap), image)[0] for cap in (None, 10))
    assert len(everything) > 100 and np.all(np.diff(everything.scores) <= 0)
    np.testing.assert_array_equal(few.scores, everything.scores[:10])


def test_a_higher_threshold_leaves_fewer_keypoints() -> None:
    image = drawn_scene()[:96, :128]
    counts = [len(extract(build("xfeat", detection_threshold=at), image)[0]) for at in (0.0, 0.05, 0.5)]
    assert counts[0] >= counts[1] > counts[2]


@pytest.mark.parametrize("settings", [{"max_keypoints": 0}, {"detection_threshold": -1}])
def test_impossible_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=next(iter(settings))):
        build("xfeat", **settings)
