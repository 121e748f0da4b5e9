"""RANSAC against the published scorers, and its estimators against the known truth.

The tolerances of this fixture stand in words in its meta.json (`what` and `accept`); the constants
here repeat them.
"""

from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import pytest

import matchers
from matchers.geometry import Estimator, Robust, estimate_homography
from matchers.levels import standardise
from matchers.ransac import Ransac
from tests.parity.golden import Golden
from tests.parity.photos import cases, photo, rows

SIMILARITY_RTOL = 1e-5
RECALL = 0.97  # of the true inliers, from RELIABLE_RATIO of inliers up
RELIABLE_RATIO = 0.3
SCORE_ATOL = 0.02  # of scores over query features, levels and grid
ZSCORE_RTOL = 1e-9


@pytest.fixture(scope="module")
def fixture(golden: Callable[[str], Golden]) -> Golden:
    return golden("ransac")


def build(fixture: Golden, **settings: Any) -> Ransac:
    config = fixture.meta["config"]
    names = ("ransacReprojThreshold", "ransacIter", "match_threshold", "confidence")
    given = {name: config[name] for name in names} | {"normalise": "query_features"} | settings
    return matchers.build("ransac", **given)


def size(fixture: Golden) -> tuple[int, int]:
    width, height = fixture.meta["config"]["image"]
    return height, width


def test_scores_and_matches_of_single_pairs(fixture: Golden) -> None:
    arrays, config = fixture.arrays("cases.npz"), fixture.meta["config"]
    drawn = fixture.meta["outputs"]["cases.npz"]["min_margin"]  # the others are exact
    for case in cases(arrays, "score"):
        threshold = config.get(f"{case} match_threshold", config["match_threshold"])
        ransac = build(fixture, match_threshold=threshold)
        query, candidate = (photo(arrays, case, number, size(fixture)) for number in (0, 1))
        scores, found = ransac.score(query, [candidate]), ransac.match(query, candidate)
        assert found.indices is not None and scores.inliers is not None and scores.matches is not None
        assert rows(found.indices) == rows(arrays[f"{case}/matches"]), case
        assert np.all(np.diff(found.indices[:, 1]) > 0), "not in candidate order"
        assert scores.matches[0] == len(arrays[f"{case}/matches"])
        assert scores.inliers[0] == found.inliers.sum()
        assert scores.values[0] == scores.inliers[0] / len(query)
        if case not in drawn:
            np.testing.assert_allclose(scores.values[0], -arrays[f"{case}/score"], rtol=1e-12, err_msg=case)
            continue
        published = int(arrays[f"{case}/inliers"])
        assert abs(scores.inliers[0] - published) <= 0.05 * published + 2, case
        if f"{case}/true_inlier" in arrays:
            true = arrays[f"{case}/true_inlier"][np.argsort(arrays[f"{case}/matches"][:, 1])]
            assert found.inliers[true].mean() >= RECALL, case


def test_similarities_of_matches(fixture: Golden) -> None:
    arrays, config = fixture.arrays("cases.npz"), fixture.meta["config"]
    for case in cases(arrays, "similarity"):
        threshold = config.get(f"{case} match_threshold", config["match_threshold"])
        query, candidate = (photo(arrays, case, number, size(fixture)) for number in (0, 1))
        found = build(fixture, match_threshold=threshold)._mutual(query, [candidate])[0]
        order = np.argsort(arrays[f"{case}/matches"][:, 1])
        np.testing.assert_allclose(
            found.similarity, arrays[f"{case}/similarity"][order], rtol=SIMILARITY_RTOL, err_msg=case
        )


@pytest.mark.parametrize("estimator", get_args(Estimator))
def test_estimators_find_the_true_inliers(fixture: Golden, estimator: Estimator) -> None:
    arrays, config = fixture.arrays("pairs.npz"), fixture.meta["config"]
    robust = Robust(estimator, config["ransacReprojThreshold"], config["ransacIter"], config["confidence"])
    draw = np.random.default_rng(0)
    for pair, case in enumerate(cases(arrays, "inlier")):
        source, target, true = (arrays[f"{case}/{name}"] for name in ("src", "dst", "inlier"))
        low, high = arrays["accept"][pair]
        inliers = estimate_homography(source, target, robust).inliers
        assert low <= inliers.sum() <= high, f"{case}: {inliers.sum()} of {true.sum()}"
        if arrays["ratio"][pair] < RELIABLE_RATIO:
            continue  # counts are chance, and were recorded for the given order
        assert inliers[true].mean() >= RECALL, case
        for order in (draw.permutation(len(source)) for _ in range(2)):
            count = estimate_homography(source[order], target[order], robust).inliers.sum()
            assert low <= count <= high, f"{case} in another order: {count} of {true.sum()}"


def test_levels_are_scored_apart_and_summed(fixture: Golden) -> None:
    arrays = fixture.arrays("multi.npz")
    weights = fixture.meta["config"]["weights"]
    for case in cases(arrays, "per_level"):
        query, candidate = (photo(arrays, case, number, size(fixture)) for number in (0, 1))
        for level, expected in enumerate(arrays[f"{case}/per_level"]):
            alone = np.eye(len(weights))[level]
            ransac = build(fixture, levels="weighted", level_weights=tuple(alone))
            assert abs(ransac.score(query, [candidate]).values[0] + expected) <= SCORE_ATOL
        ransac = build(fixture, levels="weighted", level_weights=weights)
        assert abs(ransac.score(query, [candidate]).values[0] + arrays[f"{case}/score"]) <= SCORE_ATOL


def test_original_scores_of_a_grid_and_of_few_matches(fixture: Golden) -> None:
    arrays = fixture.arrays("original.npz")
    named = {name.replace("grid_", "grid/"): array for name, array in arrays.items()}
    ransac = build(fixture, few_matches="zero")
    query, candidate = (photo(named, "grid", number, size(fixture)) for number in (0, 1))
    assert abs(ransac.score(query, [candidate]).values[0] + arrays["grid_score"][0]) <= SCORE_ATOL
    single = fixture.arrays("cases.npz")
    few = [case for case in cases(single, "matches") if 0 < len(single[f"{case}/matches"]) < 4]
    for case in few:
        query, candidate = (photo(single, case, number, size(fixture)) for number in (0, 1))
        assert ransac.score(query, [candidate]).values[0] == -arrays["three_matches_score"][0]
    assert few


def test_levels_are_standardised_over_the_candidates(fixture: Golden) -> None:
    arrays, weights = fixture.arrays("original.npz"), fixture.meta["config"]["weights"]
    fused = standardise(-arrays["zscore_in"]) @ weights
    np.testing.assert_allclose(-fused, arrays["zscore_out"], rtol=ZSCORE_RTOL)
