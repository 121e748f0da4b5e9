"""RANSAC: scores by hand, few matches, normalisation, levels."""

from dataclasses import replace

import numpy as np
import pytest

import matchers
from data.errors import PairError, SettingsError
from extractors import Features
from matchers.conformance import SIZE, drawn_photo
from matchers.levels import standardise
from tests.matchers.drawn import moved

SHIFT = np.array([[1.0, 0.0, 12.0], [0.0, 1.0, -7.0], [0.0, 0.0, 1.0]])


def with_matches(count: int) -> tuple[Features, Features]:
    """Return a query of 12 and a candidate of 9 features of which exactly `count` match."""
    draw = np.random.default_rng(count)
    descriptors = np.eye(24, dtype=np.float32)
    points = draw.uniform(0, 200, (21, 2)).astype(np.float32)
    query = Features(SIZE, keypoints=points[:12], descriptors=descriptors[:12])
    rows = np.r_[:count, 12 : 21 - count]
    return query, Features(SIZE, keypoints=points[12:], descriptors=descriptors[rows])


@pytest.mark.parametrize(
    ("few_matches", "expected"), [("counted", [0, 1, 2, 3, 4]), ("zero", [0, 0, 0, 0, 4])]
)
def test_scores_of_few_matches(few_matches: str, expected: list[int]) -> None:
    ransac = matchers.build("ransac", few_matches=few_matches, match_threshold=0.5)
    pairs = [with_matches(count) for count in range(5)]
    scores = [ransac.score(query, [candidate]) for query, candidate in pairs]
    assert [score.matches[0] for score in scores] == [0, 1, 2, 3, 4]
    assert [score.inliers[0] for score in scores] == expected
    assert [score.values[0] for score in scores] == expected


def first_rows(photo: Features, count: int) -> Features:
    return replace(photo, **{name: array[:count] for name, array in photo.per_keypoint().items()})


def test_inliers_over_query_features() -> None:
    query = drawn_photo(50, seed=0)
    candidate = moved(first_rows(query, 40), SHIFT)
    plain, over = (
        matchers.build("ransac", normalise=normalise, match_threshold=0.5).score(query, [candidate])
        for normalise in ("none", "query_features")
    )
    assert plain.values.tolist() == [40.0] and over.values.tolist() == [40 / 50]


def test_a_view_of_the_query_comes_before_other_photos() -> None:
    query = drawn_photo(80, seed=1)
    candidates = [drawn_photo(80, seed=2), moved(query, SHIFT), drawn_photo(80, seed=3)]
    assert matchers.build("ransac").score(query, candidates).values.argmax() == 1


def test_levels_are_matched_apart_and_weighted() -> None:
    query = drawn_photo(90, seed=4)
    candidate = moved(query, SHIFT)
    weights = (1.0, 10.0, 100.0)
    scores = matchers.build("ransac", levels="weighted", level_weights=weights).score(query, [candidate])
    assert scores.values.tolist() == [30 * 1 + 30 * 10 + 30 * 100]
    assert scores.inliers.tolist() == [90]


def test_a_level_that_one_photo_lacks_scores_zero() -> None:
    query = drawn_photo(90, seed=5)
    candidate = moved(query, SHIFT)
    kept = candidate.levels != 1
    lacking = replace(candidate, **{name: array[kept] for name, array in candidate.per_keypoint().items()})
    ransac = matchers.build("ransac", levels="weighted", level_weights=(1.0, 1.0, 1.0))
    assert ransac.score(query, [lacking]).values.tolist() == [60.0]


def test_pairs_of_levels_point_at_the_whole_features() -> None:
    query = drawn_photo(60, seed=6)
    candidate = moved(query, SHIFT)
    found = matchers.build("ransac", levels="weighted", match_threshold=0.5).match(query, candidate)
    np.testing.assert_array_equal(found.points0, query.keypoints[found.indices[:, 0]])
    np.testing.assert_allclose(found.points1, found.points0 + SHIFT[:2, 2], atol=1e-3)


def test_levels_without_a_weight_are_refused() -> None:
    query = drawn_photo(9, seed=7)
    ransac = matchers.build("ransac", levels="weighted", level_weights=(0.5, 0.5))
    with pytest.raises(PairError, match="weights for 2 levels, found levels 0 to 2"):
        ransac.score(query, [query])
    with pytest.raises(PairError, match="ransac needs levels"):
        ransac.score(replace(query, levels=None), [])


def test_standardised_levels_by_hand() -> None:
    per_level = np.array([[1.0, 5.0], [3.0, 5.0], [5.0, 5.0]])
    third = np.sqrt(8 / 3)  # population deviation of 1, 3, 5
    np.testing.assert_allclose(standardise(per_level), [[-2 / third, 0], [0, 0], [2 / third, 0]])
    assert standardise(np.empty((0, 2))).shape == (0, 2)


def test_settings_are_known_by_their_published_names_too() -> None:
    ransac = matchers.build("ransac", ransacReprojThreshold=30, ransacIter="500")
    assert (ransac.settings.reprojection_px, ransac.settings.iterations) == (30.0, 500)
    with pytest.raises(SettingsError, match="reprojection_px is given twice"):
        matchers.build("ransac", ransacReprojThreshold=30, reprojection_px=30)


def test_the_default_threshold_is_the_published_one() -> None:
    settings = matchers.build("ransac").settings
    assert (settings.reprojection_px, settings.confidence) == (24.0, 0.995)
