from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import matchers
from data.errors import SettingsError
from matchers.adalam import AdaLAM
from matchers.conformance import drawn_photo
from tests.matchers.drawn import moved

AFFINE = np.array([[0.9, 0.1, 10], [-0.1, 1.05, 5], [0, 0, 1]])


def test_the_defaults_are_the_published_settings() -> None:
    from kornia.feature.adalam import get_adalam_default_config

    published = get_adalam_default_config()
    settings = AdaLAM.Settings()
    names = set(published) - {"device", "orientation_difference_threshold"}
    assert {name: getattr(settings, name) for name in names} == {name: published[name] for name in names}


def test_what_moves_together_is_kept_and_what_does_not_scores_zero() -> None:
    query = drawn_photo(300, seed=0)
    same, other = moved(query, AFFINE), drawn_photo(300, seed=3)
    scores = matchers.build("adalam").score(query, [same, other])
    assert scores.values[0] > 250 and scores.values[1] == 0
    found = matchers.build("adalam").match(query, same)
    mapped = found.points0 @ AFFINE[:2, :2].T + AFFINE[:2, 2]
    assert np.mean(np.linalg.norm(mapped - found.points1, axis=1) < 1) > 0.99
    assert found.confidences.min() >= 199.9


def test_kornias_fallback_is_a_setting() -> None:
    query, other = drawn_photo(300, seed=0), drawn_photo(300, seed=3)
    counted = matchers.build("adalam", fallback="counted")
    assert counted.score(query, [other]).values[0] > 50
    assert len(counted.match(query, other).indices) > 50


def test_a_match_of_another_size_than_those_around_it_is_left_out() -> None:
    query = drawn_photo(300, seed=0)
    same = moved(query, np.eye(3))
    odd = np.arange(300) % 30 == 0  # too few to hold one another up
    changed = replace(same, scales=np.where(odd, 4 * same.scales, same.scales).astype(np.float32))
    matcher = matchers.build("adalam")
    whole, fewer = (set(matcher.match(query, photo).indices[:, 1]) for photo in (same, changed))
    assert len(set(np.flatnonzero(odd)) & whole) >= 9
    assert not set(np.flatnonzero(odd)) & fewer and len(fewer) > 280
    lenient = matchers.build("adalam", scale_rate_threshold=10.0).match(query, changed)
    assert set(lenient.indices[:, 1]) == whole


def test_settings_reach_kornia() -> None:
    query = drawn_photo(120, seed=0)
    candidate = moved(query, AFFINE)
    scores = [
        matchers.build("adalam", **settings).score(query, [candidate]).values[0]
        for settings in ({}, {"min_inliers": 60}, {"min_confidence": 1e9}, {"search_expansion": 1})
    ]
    assert scores[0] > 50
    assert scores[1] == scores[2] == 0
    assert scores[3] < scores[0]


@pytest.mark.parametrize(
    "settings", [{"min_inliers": 0}, {"min_confidence": 0}, {"area_ratio": -1}, {"fallback": "kept"}]
)
def test_impossible_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=next(iter(settings))):
        matchers.build("adalam", **settings)
