from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import extractors
from data.errors import SettingsError
from extractors.conformance import drawn_scene, extract
from extractors.disk import DISK
from tests.extractors.methods import build, state


def test_the_defaults_are_the_published_settings_and_the_papers_budget() -> None:
    settings = DISK.Settings()
    assert (settings.max_keypoints, settings.window_size, settings.score_threshold) == (2048, 5, 0)
    assert DISK.checkpoint(settings) == "depth-save.pth"
    assert DISK.checkpoint(DISK.Settings(variant="epipolar")) == "epipolar-save.pth"


def test_the_published_container_is_known(tmp_path: Path) -> None:
    file = tmp_path / "epipolar-save.pth"
    torch.save({"extractor": {key: torch.as_tensor(value) for key, value in state("disk").items()}}, file)
    image = drawn_scene()[:64, :64]
    published, plain = (extract(one, image)[0] for one in (extractors.build("disk", file), build("disk")))
    assert len(plain) > 5
    np.testing.assert_array_equal(published.descriptors, plain.descriptors)


def test_keypoints_are_the_maxima_of_the_score_map() -> None:
    image = drawn_scene()[:96, :128]
    extractor = build("disk", window_size=7, score_threshold=0.5, max_keypoints=None)
    features = extract(extractor, image)[0]
    scores = extractor.network.heatmap_and_dense_descriptors(extractor.prepare(image)[None])[0][0, 0].numpy()
    columns, rows = features.keypoints.astype(int).T
    assert len(features) > 20
    np.testing.assert_array_equal(np.stack([columns, rows], axis=1), features.keypoints)
    np.testing.assert_allclose(features.scores, scores[rows, columns], rtol=1e-4)
    assert features.scores.min() > 0.5
    for row, column in zip(rows, columns, strict=True):
        window = scores[row - 3 : row + 4, column - 3 : column + 4]
        assert window.shape == (7, 7) and window.max() == scores[row, column]


def test_the_cap_keeps_the_best() -> None:
    image = drawn_scene()[:96, :128]
    everything, few = (extract(build("disk", max_keypoints=cap), image)[0] for cap in (None, 10))
    np.testing.assert_array_equal(np.sort(few.scores), np.sort(everything.scores)[-10:])


def test_no_keypoint_lies_in_the_padding() -> None:
    for height, width in ((81, 97), (95, 111)):
        keypoints = extract(build("disk", max_keypoints=None), drawn_scene()[:height, :width])[0].keypoints
        assert len(keypoints) > 20
        assert np.all(keypoints <= [width - 3, height - 3])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"window_size": 4}, "window_size is 4; a window with a middle is odd"),
        ({"max_keypoints": 0}, "max_keypoints"),
        ({"score_threshold": -1}, "score_threshold"),
        ({"variant": "other"}, "variant"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        build("disk", **settings)
