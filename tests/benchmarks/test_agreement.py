"""Whether two ways of working rank alike: the figures by hand, and a small city in both ways."""

import json

import numpy as np
import pytest

from benchmarks.agreement import ways
from benchmarks.agreement.__main__ import measure
from benchmarks.agreement.cases import Case, learned_cases
from benchmarks.agreement.compare import compare
from benchmarks.agreement.tables import identity_table, recall_table
from data.city import CitySettings, draw_city

LABELS = np.array([[True, False, False], [False, True, False], [False, False, False]])


def test_recalls_are_of_each_way_and_differences_of_the_pipeline_less_the_published() -> None:
    published = np.array([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0], [1.0, 2.0, 3.0]])
    pipeline = np.array([[3.0, 2.0, 1.5], [2.0, 3.0, 1.0], [1.0, 2.0, 3.0]])
    told = compare(published, pipeline, LABELS)
    first = told["recall"]["1"]
    assert first["published"][0] == pytest.approx(100 / 3)
    assert first["pipeline"][0] == pytest.approx(200 / 3)
    assert first["difference"] == pytest.approx((100 / 3, 0.0, 100.0))
    assert told["recall"]["5"]["difference"] == (0.0, 0.0, 0.0)
    assert (told["scores"], told["different"]) == (9, 3)
    assert told["identical"] == pytest.approx(6 / 9)
    share, low, high = told["same_first"]
    assert (share, low, high) == pytest.approx((66.667, 20.766, 93.851), abs=0.001)  # Wilson, 2 of 3


def test_the_same_scores_agree_with_an_interval_that_has_a_width() -> None:
    scores = np.random.default_rng(0).random((30, 4))
    share, low, high = compare(scores, scores, scores > 0.5)["same_first"]
    assert (share, high) == (100.0, 100.0)
    assert low == pytest.approx(88.649, abs=0.001)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> ways.Place:
    folder = tmp_path_factory.mktemp("agreement")
    city = draw_city(
        folder / "city", CitySettings(seed=3, database_count=4, query_count=1, width=160, height=120)
    )
    return ways.Place(city, folder, ("queries_day", "queries_night"), 3, "cpu")


def test_scoring_one_by_one_and_together_is_the_same_on_the_same_features(place: ways.Place) -> None:
    case = learned_cases()[3]
    features = ways.as_stored(ways.published_features(case, place))
    assert {of.descriptors.dtype for of in features.values() if of.descriptors is not None} == {
        np.dtype("float16")
    }
    one_by_one, together = (
        way(case, place, features) for way in (ways.published_scores, ways.scores_together)
    )
    assert one_by_one.shape == (2, 3)
    assert one_by_one.max() > 3  # inliers were found
    np.testing.assert_array_equal(one_by_one, together)


def test_a_case_is_measured_in_both_precisions(place: ways.Place) -> None:
    case = Case(
        "superpoint+rapid", "superpoint+rapid", {"superpoint": {"variant": "small", "max_keypoints": 50}}
    )
    features = ways.published_features(case, place)
    figures = measure(case, place, features, ways.published_scores(case, place, features))
    assert figures["float32"]["scoring_alone"] == 1.0
    assert {precision: told["scores"] for precision, told in figures.items()} == {"float32": 6, "bf16": 6}
    assert figures["float32"]["rounded_alike"] > figures["bf16"]["identical"]


def test_tables_tell_recalls_of_learned_cases_and_shares_of_all_with_one_estimator(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr("benchmarks.figures.FOLDER", tmp_path)
    assert "Not measured" in recall_table()
    told = compare(LABELS.astype(float), LABELS.astype(float), LABELS)
    shares = {"rounded_alike": 1.0, "scoring_alone": 1.0}
    of_case = {"float32": told | shares, "bf16": told}
    learned = {
        case.name: of_case if case.own is None else {"float32": told, "bf16": told}
        for case in learned_cases()
    }
    found = {"learned": learned, "made_up": {"loftr+loftr": of_case}}
    (tmp_path / "agreement.json").write_text(json.dumps(found))
    recalls, shares_of = recall_table().splitlines(), identity_table().splitlines()
    assert recalls[2].startswith("| superpoint+ransac, float32 | 66.7 [0.0, 100.0] |")
    assert len(recalls) == 2 + 2 * len(learned_cases())
    assert shares_of[-1].startswith("| loftr+loftr, made up | 9 | 2 | 100.0 % | 100.0 % | 100.0 % |")
    assert not any("own estimator" in line for line in shares_of)
