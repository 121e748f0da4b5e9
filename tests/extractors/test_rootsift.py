import numpy as np
import pytest

from data.errors import SettingsError
from extractors.conformance import extract
from tests.extractors.methods import build, photo


@pytest.mark.parametrize(("x", "y"), [(80.0, 60.0), (70.3, 52.8), (61.5, 66.5)])
def test_the_middle_of_a_blob_is_where_it_was_drawn(x: float, y: float) -> None:
    rows, columns = np.mgrid[:121, :161]
    blob = 40 + 180 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 6.0**2))
    found = extract(build("rootsift"), np.dstack([blob.round().astype(np.uint8)] * 3))[0]
    assert len(found) > 0
    np.testing.assert_allclose(found.keypoints, np.broadcast_to([x, y], (len(found), 2)), atol=0.06)


def test_keypoints_come_strongest_first() -> None:
    found = extract(build("rootsift"), photo())[0]
    assert np.all(np.diff(found.scores) <= 0)
    assert np.all(found.scales > 0)


def test_settings_reach_the_detector() -> None:
    usual = extract(build("rootsift"), photo())[0]
    fewer = [{"contrast_threshold": 0.12}, {"edge_threshold": 3.0}, {"sigma": 3.0}, {"max_keypoints": 7}]
    for settings in fewer:
        assert 0 < len(extract(build("rootsift", **settings), photo())[0]) < len(usual), settings


@pytest.mark.parametrize("settings", [{"sigma": 0}, {"edge_threshold": -1}, {"max_keypoints": 0}])
def test_impossible_settings_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match=next(iter(settings))):
        build("rootsift", **settings)
