from typing import Any

import numpy as np
import pytest

import extractors
import matchers
from data.errors import SettingsError
from extractors import Features
from matchers.base import fits
from matchers.conformance import drawn_photo
from matchers.smnn import SMNN
from tests.matchers.drawn import moved


def photo(*rows: tuple[float, float]) -> Features:
    descriptors = np.array(rows, np.float32)
    return Features((100, 100), np.arange(2.0 * len(rows), dtype=np.float32).reshape(-1, 2), descriptors)


def by_definition(
    descriptors0: np.ndarray, descriptors1: np.ndarray, threshold: float
) -> set[tuple[int, int]]:
    """Return the mutual neighbours that pass the ratio test on both sides, in float64."""
    distances = np.linalg.norm(descriptors0[:, None].astype(float) - descriptors1[None], axis=2)
    kept = set()
    for row, column in enumerate(distances.argmin(axis=1)):
        mutual = distances[:, column].argmin() == row
        ratios = [np.divide(*np.sort(line)[:2]) for line in (distances[row], distances[:, column])]
        if mutual and max(ratios) <= threshold:
            kept.add((row, int(column)))
    return kept


@pytest.mark.parametrize("threshold", [0.5, 0.8, 0.95, 1.0])
def test_matches_are_those_of_the_definition(threshold: float) -> None:
    query = drawn_photo(80, seed=1)
    candidate = moved(query, np.eye(3), noise=0.1)
    found = matchers.build("smnn", ratio_threshold=threshold).match(query, candidate)
    expected = by_definition(query.descriptors, candidate.descriptors, threshold)
    assert {tuple(pair) for pair in found.indices.tolist()} == expected and len(expected) > 10


def test_confidence_is_one_minus_the_larger_ratio() -> None:
    found = matchers.build("smnn").match(photo((0, 0), (10, 0)), photo((1, 0), (10, 4)))
    # distances 1 and sqrt(116) from the first, 9 and 4 from the second
    np.testing.assert_array_equal(found.indices, [[0, 0], [1, 1]])
    expected = 1 - np.array([1 / 9, max(4 / 9, 4 / np.sqrt(116))])
    np.testing.assert_allclose(found.confidences, expected, rtol=1e-5)


def test_the_score_is_the_number_of_matches() -> None:
    query = drawn_photo(80, seed=1)
    candidates = [drawn_photo(70, seed=2), moved(query, np.eye(3))]
    scores = matchers.build("smnn").score(query, candidates)
    np.testing.assert_array_equal(scores.values, scores.matches)
    assert scores.values[1] > 2 * scores.values[0]


def test_it_takes_any_descriptors_and_the_published_name_of_its_setting() -> None:
    assert fits(extractors.registry.load("rootsift").spec, SMNN.spec) and SMNN.spec.beyond_benchmark
    assert matchers.build("smnn", th=0.7).settings.ratio_threshold == 0.7
    assert SMNN.Settings().ratio_threshold == 0.95


@pytest.mark.parametrize("settings", [{"ratio_threshold": 0}, {"ratio_threshold": 1.1}])
def test_impossible_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="ratio_threshold"):
        matchers.build("smnn", **settings)
