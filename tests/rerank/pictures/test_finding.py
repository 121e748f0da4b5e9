import dataclasses

import numpy as np
import pytest

from data.datasets import open_dataset
from data.errors import DatasetError, ResultError
from rerank.pictures.finding import find_candidate, find_query, of_one_task, photo_at, score_of
from rerank.run import Run
from tests.places import make_places, place_name
from tests.rerank.made_runs import make_run, make_shortlist, run_of_hits

NAMES = ["left.jpg", "right.jpg", "upright.jpg", "12.jpg"]


@pytest.fixture
def run() -> Run:
    shortlist = dataclasses.replace(
        make_shortlist(2, 3),
        query_names=["day_1.jpg", "day_12.jpg"],
        indices=np.array([[2, 0, 3], [1, -1, -1]]),
    )
    return make_run(shortlist, np.array([[1.0, 3.0, 2.0], [5.0, -np.inf, -np.inf]]), "a", "b")


@pytest.mark.parametrize(("text", "row"), [("0", 0), ("1", 1), ("day_1.jpg", 0), ("12", 1)])
def test_queries_are_found_by_number_name_or_part(run, text, row):
    assert find_query(run, text) == row


def test_what_names_no_query_or_several_is_refused(run):
    with pytest.raises(ResultError, match="is in 2 names, such as day_1"):
        find_query(run, "day")
    with pytest.raises(ResultError, match="toy_night has no query 'noon'; there are 2"):
        find_query(run, "noon")


@pytest.mark.parametrize(
    ("text", "index"), [("1", 0), ("2", 3), ("3", 2), ("left", 0), ("right.jpg", 1), ("up", 2)]
)
def test_candidates_are_found_by_rank_or_name(run, text, index):
    assert find_candidate(run, 0, text, NAMES) == index


def test_ranks_beyond_the_candidates_are_refused(run):
    for query, text in ((0, "4"), (0, "0"), (1, "2")):
        with pytest.raises(ResultError, match=f"no candidate {text}; ranks go from 1 to 3"):
            find_candidate(run, query, text, NAMES)


def test_scores_are_those_of_the_run(run):
    assert score_of(run, 0, 3) == 2.0
    assert score_of(run, 1, 3) is None


def test_runs_of_several_tasks_are_refused():
    day, night = (run_of_hits([True], "a", "b", dataset=name) for name in ("day", "night"))
    assert of_one_task([day, day]) == [day, day]
    with pytest.raises(ResultError, match="these runs are of 2: day, night"):
        of_one_task([day, night])


def test_photos_of_a_dataset_have_the_keys_of_its_stores(tmp_path):
    dataset = open_dataset(make_places(tmp_path / "places", places=2, queries=1))
    inside = tmp_path / "places" / "queries" / place_name(0, 10.0)
    assert photo_at(inside, dataset).key == f"queries/{inside.name}"
    assert photo_at(inside).key == ""
    outside = tmp_path / "other.jpg"
    outside.write_bytes(inside.read_bytes())
    assert photo_at(outside, dataset).key == ""
    with pytest.raises(DatasetError, match="no such photo"):
        photo_at(tmp_path / "none.jpg")
