"""Rapid scoring against the benchmark's and Patch-NetVLAD's own."""

import fnmatch
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import matchers
from matchers.mutual import match_candidates
from matchers.rapid import Rapid
from tests.parity.golden import Golden
from tests.parity.photos import cases, photo, rows

CLEAR_MARGIN = 1e-5  # closer rivals may win, as the fixture's notes say


@pytest.fixture(scope="module")
def fixture(golden: Callable[[str], Golden]) -> Golden:
    return golden("rapid")


@pytest.fixture(scope="module")
def arrays(fixture: Golden) -> dict[str, np.ndarray]:
    return fixture.arrays("cases.npz")


def pair(fixture: Golden, case: str) -> tuple[Any, Any]:
    size = (fixture.meta["config"]["height"], fixture.meta["config"]["width"])
    query, candidate = (photo(fixture.arrays("cases.npz"), case, number, size) for number in (0, 1))
    return query, candidate


def rtol(fixture: Golden, name: str) -> float:
    """Return the tolerance of an array by the patterns of `tolerances`."""
    tolerances = fixture.meta["tolerances"]
    return next(spec["rtol"] for pattern, spec in tolerances.items() if fnmatch.fnmatch(name, pattern))


def assert_score(rapid: Rapid, fixture: Golden, case: str, name: str) -> None:
    """Hold the score of a case to array `name`, where smaller is better."""
    query, candidate = pair(fixture, case)
    expected = -fixture.arrays("cases.npz")[f"{case}/{name}"]
    value = rapid.score(query, [candidate]).values[0]
    np.testing.assert_allclose(value, expected, rtol=rtol(fixture, name), err_msg=f"{case}/{name}")


def test_matches_over_all_levels_and_within_each(fixture: Golden, arrays: dict[str, np.ndarray]) -> None:
    levels = range(len(fixture.meta["config"]["patch_sizes"]))
    for case in cases(arrays, "matches_joint"):
        query, candidate = pair(fixture, case)
        parts = [(query.descriptors, candidate.descriptors, "_joint")]
        for level in levels:
            if f"{case}/matches{level}" in arrays:
                of_level = [photo.descriptors[photo.levels == level] for photo in (query, candidate)]
                parts.append((*of_level, str(level)))
        for descriptors0, descriptors1, name in parts:
            expected = arrays[f"{case}/matches{name}"]
            clear = np.atleast_1d(arrays[f"{case}/margin{name}"]) > CLEAR_MARGIN
            found = rows(match_candidates(descriptors0, [descriptors1])[0].indices)
            assert rows(expected[clear]) <= found, f"{case}{name}"
            assert len(found) <= len(expected) + 2 * np.count_nonzero(~clear), f"{case}{name}"


def test_joint_scores(fixture: Golden, arrays: dict[str, np.ndarray]) -> None:
    for case in cases(arrays, "harness_joint"):
        assert_score(matchers.build("rapid"), fixture, case, "harness_joint")


def test_levels_scored_apart_and_summed(fixture: Golden, arrays: dict[str, np.ndarray]) -> None:
    weights = fixture.meta["config"]["weights"]
    for case in cases(arrays, "harness_multi"):
        rapid = matchers.build("rapid", variant="weighted", level_weights=weights)
        assert_score(rapid, fixture, case, "harness_multi")
        assert_levels(rapid, fixture, case, "harness_per_level")


def test_published_scores_on_the_grid_of_patches(fixture: Golden, arrays: dict[str, np.ndarray]) -> None:
    weights = fixture.meta["config"]["weights"]
    for case in cases(arrays, "published_weighted"):
        rapid = matchers.build("rapid", variant="published", level_weights=weights)
        per_level = assert_levels(rapid, fixture, case, "published_per_level")
        np.testing.assert_allclose(
            per_level @ weights,
            -arrays[f"{case}/published_weighted"],
            rtol=rtol(fixture, "published_weighted"),
        )


def assert_levels(rapid: Rapid, fixture: Golden, case: str, name: str) -> np.ndarray:
    """Hold the scores of each level to array `name`, and return them."""
    query, candidate = pair(fixture, case)
    levels = zip(rapid.levels.split(query), rapid.levels.split(candidate), strict=True)
    per_level = np.array([rapid.score_level(of_query, [of_one]).values[0] for of_query, of_one in levels])
    expected = -fixture.arrays("cases.npz")[f"{case}/{name}"]
    np.testing.assert_allclose(per_level, expected, rtol=rtol(fixture, name), err_msg=f"{case}/{name}")
    return per_level
