"""The map's ground: all places of a small database, some of a large one, from all over it."""

import numpy as np

from rerank.report.ground import thinned


def test_few_places_stay_as_they_are_but_for_unknown_ones() -> None:
    places = np.array([[0.0, 1.0], [np.nan, 2.0], [3.0, 4.0]])
    assert thinned(places).tolist() == [[0.0, 1.0], [3.0, 4.0]]


def test_many_places_are_thinned_and_reach_as_far() -> None:
    places = np.random.default_rng(0).uniform(0, 1000, (50_000, 2))
    kept = thinned(places, most=500)
    assert 100 < len(kept) <= 500
    assert kept.min() < 60
    assert kept.max() > 940


def test_places_that_are_all_one_do_not_divide_by_nothing() -> None:
    assert thinned(np.zeros((10, 2)), most=5).tolist() == [[0.0, 0.0]]
    assert len(thinned(np.empty((0, 2)))) == 0
