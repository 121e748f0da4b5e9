"""Affine verification: a known map, few matches, features that serve several."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import matchers
from data.errors import SettingsError
from extractors import Features
from matchers.conformance import drawn_photo
from tests.matchers.drawn import moved

MAP = np.array([[0.9, 0.2, 15.0], [-0.1, 1.1, -8.0], [0.0, 0.0, 1.0]])


def test_views_under_an_affine_map_are_wholly_inliers() -> None:
    query = drawn_photo(60, seed=0)
    scores = matchers.build("affine", residual_px=1.0).score(
        query, [drawn_photo(60, seed=1), moved(query, MAP)]
    )
    assert scores.values[1] == 60 > scores.values[0]


@pytest.mark.parametrize("count", [0, 1, 3, 4])
def test_three_matches_or_fewer_score_zero(count: int) -> None:
    query = drawn_photo(count, seed=2)
    score = matchers.build("affine").score(query, [moved(query, MAP)])
    assert score.matches.tolist() == [count]
    assert score.values.tolist() == [4.0 if count == 4 else 0.0]


def test_points_on_a_line_score_zero() -> None:
    query = drawn_photo(9, seed=3)
    line = replace(query, keypoints=np.arange(9, dtype=np.float32)[:, None] * np.float32([3, 2]))
    assert matchers.build("affine").score(line, [line]).inliers.tolist() == [0]


def test_a_feature_of_the_candidate_may_serve_several() -> None:
    query = drawn_photo(2, seed=4)
    query.descriptors[1] = query.descriptors[0]
    found = matchers.build("affine").match(query, drawn_photo(2, seed=4))
    assert found.indices.tolist() == [[0, 0], [1, 0]]


def test_ties_go_to_the_more_similar_global_descriptor() -> None:
    query = drawn_photo(60, seed=0)
    opposite = replace(query, global_descriptor=-query.global_descriptor)
    fewer = Features(query.image_size, **{name: array[1:] for name, array in query.per_keypoint().items()})
    fewer = replace(fewer, global_descriptor=query.global_descriptor)
    scores = matchers.build("affine").score(query, [fewer, opposite, query])
    assert scores.inliers.tolist() == [59, 60, 60]
    np.testing.assert_allclose(scores.values, [59.25, 59.75, 60.25], rtol=1e-6)


def test_ties_are_left_to_the_retriever_on_request_and_without_global_descriptors() -> None:
    query = drawn_photo(60, seed=0)
    bare = replace(query, global_descriptor=None)
    assert matchers.build("affine", tie_break="retriever").score(query, [query]).values.tolist() == [60]
    assert matchers.build("affine").score(query, [bare]).values.tolist() == [60]
    assert matchers.build("affine").score(bare, [query]).values.tolist() == [60]


@pytest.mark.parametrize("settings", [{"iterations": 0}, {"residual_px": -1}, {"confidence": 1.5}])
def test_settings_out_of_range_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=str(next(iter(settings.values())))):
        matchers.build("affine", **settings)
