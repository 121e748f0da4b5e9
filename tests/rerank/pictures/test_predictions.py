import dataclasses

import numpy as np
import pytest

from rerank.pictures.photos import Picture
from rerank.pictures.predictions import (
    draw_predictions,
    reranked,
    retrieved,
    score_in_words,
    telling_query,
)
from rerank.run import Run
from tests.rerank.made_runs import make_run, make_shortlist, run_of_hits
from tests.rerank.plots.reading import words

PHOTO = Picture((30, 40), np.full((30, 40, 3), 90, np.uint8))


@pytest.fixture
def run() -> Run:
    """One query of four candidates: the retriever's second is right, the fourth is padding."""
    shortlist = dataclasses.replace(
        make_shortlist(1, 4),
        indices=np.array([[7, 3, 5, -1]]),
        distances_m=np.array([[80.0, 12.4, 1234.0, np.inf]]),
        descriptor_distances=np.array([[0.5, 0.625, 1.0, np.inf]], np.float32),
    )
    return make_run(shortlist, np.array([[2.0, 45926.4, -np.inf, -np.inf]]), "rootsift", "ransac")


def test_before_re_ranking_the_order_is_the_retrievers(run):
    ranking = retrieved(run, 0)
    assert [candidate.index for candidate in ranking.candidates] == [7, 3, 5]
    assert [candidate.right for candidate in ranking.candidates] == [False, True, False]
    assert [candidate.score for candidate in ranking.candidates] == [-0.5, -0.625, -1.0]
    assert ranking.first_hit == 2
    assert ranking.label == "before re-ranking (vlad)"


def test_after_it_the_order_is_that_of_the_scores(run):
    ranking = reranked(run, "a name", 0, top=2)
    assert [candidate.index for candidate in ranking.candidates] == [3, 7]
    assert [candidate.distance_m for candidate in ranking.candidates] == [12.4, 80.0]
    assert ranking.first_hit == 1


def test_a_query_without_a_positive_has_no_first_hit(run):
    far = dataclasses.replace(run.shortlist, distances_m=np.full((1, 4), 90.0))
    ranking = retrieved(dataclasses.replace(run, shortlist=far), 0)
    assert ranking.first_hit is None
    assert "none right among the candidates" in words(
        draw_predictions("q.jpg", PHOTO, [ranking], lambda _: PHOTO)
    )


def test_right_and_wrong_differ_in_frame_and_words(run):
    asked = []

    def picture_of(index: int) -> Picture:
        asked.append(index)
        return PHOTO

    figure = draw_predictions("q.jpg", PHOTO, [retrieved(run, 0), reranked(run, "m", 0)], picture_of)
    assert asked == [7, 3, 5, 3, 7, 5]
    _, wrong, right, *_ = figure.axes
    frames = [next(iter(axis.spines.values())) for axis in (right, wrong)]
    assert frames[0].get_linestyle() != frames[1].get_linestyle()
    assert frames[0].get_linewidth() > frames[1].get_linewidth()
    assert wrong.get_xlabel() == "1. ✗ wrong, 80 m\nscore -0.5"
    assert right.get_xlabel() == "2. ✓ right, 12 m\nscore -0.625"
    written = words(figure)
    assert "1,234 m\nno score" in written
    assert "score 45,926" in written
    assert "m: first right at 1" in written


def test_absent_photos_are_frames(run):
    absent = Picture((3, 4), None, "photo is missing")
    written = words(draw_predictions("$q_<b>.jpg", absent, [retrieved(run, 0)], lambda _: absent))
    assert written.count("photo is missing") == 4
    assert "query" in written
    assert "$q_<b>.jpg" in written


@pytest.mark.parametrize("size", [(2000, 20), (20, 2000), (1, 1)])
def test_photos_of_any_shape_fit(run, size):
    odd = Picture(size, np.zeros((4, 4, 3), np.uint8))
    figure = draw_predictions("q.jpg", odd, [reranked(run, "m", 0)], lambda _: odd)
    words(figure)
    assert figure.get_size_inches().max() < 12


def test_no_runs_and_no_candidates_are_drawn(run):
    assert "no runs" in words(draw_predictions("q.jpg", PHOTO, [], lambda _: PHOTO))
    padded = dataclasses.replace(run.shortlist, indices=np.full((1, 4), -1))
    ranking = retrieved(dataclasses.replace(run, shortlist=padded), 0)
    assert ranking.candidates == ()
    assert "query" in words(draw_predictions("q.jpg", PHOTO, [ranking], lambda _: PHOTO))


@pytest.mark.parametrize(
    ("score", "text"),
    [(-np.inf, "no score"), (0.123456, "score 0.1235"), (63.0, "score 63"), (-4321.5, "score -4,322")],
)
def test_scores_have_four_digits(score, text):
    assert score_in_words(score) == text


def test_the_query_shown_is_one_that_re_ranking_puts_right():
    assert telling_query([run_of_hits([False, False, True, True], "a", "b")]) == 2
    assert telling_query([run_of_hits([False, False], "a", "b")]) == 0
    assert telling_query([run_of_hits([True], "a", "b"), run_of_hits([False], "a", "c")]) == 0
