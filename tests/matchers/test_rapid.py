"""Rapid scoring: numbers worked by hand, anchors, grids."""

import numpy as np
import pytest

import matchers
from data.errors import PairError
from extractors import Features
from matchers.conformance import SIZE, drawn_photo
from matchers.rapid import agreement, grid_places
from tests.matchers.drawn import moved

# Query and candidate of three features each, all matched in order; the moves are (2, 0), (2, 0), (5, 3).
PLACES0 = np.array([[0.0, 0.0], [10.0, 4.0], [20.0, 8.0]])
PLACES1 = PLACES0 + np.array([[2.0, 0.0], [2.0, 0.0], [5.0, 3.0]])


def photo(places: np.ndarray, levels: np.ndarray | None = None) -> Features:
    descriptors = np.eye(len(places), dtype=np.float32)
    return Features(SIZE, keypoints=places.astype(np.float32), descriptors=descriptors, levels=levels)


def test_score_by_hand() -> None:
    # mean move (3, 1); residuals (1, 1), (1, 1), (2, 2); anchor (25, 11), the largest coordinates
    expected = (2 * (24**2 + 10**2) + 23**2 + 9**2) / 3
    values = matchers.build("rapid").score(photo(PLACES0), [photo(PLACES1)]).values
    np.testing.assert_allclose(values, [expected], rtol=1e-12)
    relative = matchers.build("rapid", relative_anchor=True).score(photo(PLACES0), [photo(PLACES1)]).values
    np.testing.assert_allclose(relative, [expected / (25**2 + 11**2)], rtol=1e-12)


def test_agreement_of_all_candidates_is_that_of_each() -> None:
    draw = np.random.default_rng(0)
    moves = [draw.normal(0, 9, (count, 2)) for count in (5, 0, 1, 17)]
    anchors = draw.uniform(10, 50, (4, 2))
    by_hand = [
        np.square(anchor - np.abs(move - move.mean(axis=0))).sum() if len(move) else 0.0
        for move, anchor in zip(moves, anchors, strict=True)
    ]
    np.testing.assert_allclose(agreement(moves, anchors), by_hand)


def test_a_common_move_scores_more_than_a_scattered_one() -> None:
    query = drawn_photo(60, seed=1)
    shift = np.array([[1.0, 0.0, 9.0], [0.0, 1.0, 4.0], [0.0, 0.0, 1.0]])
    scores = matchers.build("rapid").score(query, [drawn_photo(60, seed=2), moved(query, shift)])
    assert scores.values[1] > scores.values[0] > 0


def test_relative_scores_do_not_depend_on_the_scale_of_both_photos() -> None:
    rapid = matchers.build("rapid", relative_anchor=True)
    once = rapid.score(photo(PLACES0), [photo(PLACES1)]).values
    thrice = rapid.score(photo(3 * PLACES0), [photo(3 * PLACES1)]).values
    np.testing.assert_allclose(once, thrice)


def test_an_anchor_at_the_origin_scores_zero() -> None:
    corner = photo(np.zeros((1, 2)))
    assert matchers.build("rapid", relative_anchor=True).score(corner, [corner]).values.tolist() == [0.0]


def test_places_on_a_grid_in_any_order_and_unit() -> None:
    columns, rows = (places.ravel() for places in np.meshgrid(np.arange(4), np.arange(3)))
    cells = np.stack([columns, rows], axis=1)
    order = np.random.default_rng(3).permutation(12)
    np.testing.assert_array_equal(grid_places((15 + 16.5 * cells)[order]), cells[order])


@pytest.mark.parametrize("broken", ["one patch missing", "one patch twice"])
def test_a_grid_with_holes_is_refused(broken: str) -> None:
    grid = np.stack([places.ravel() for places in np.meshgrid(np.arange(4.0), np.arange(3.0))], axis=1)
    places = grid[1:] if broken == "one patch missing" else np.concatenate([grid[1:], grid[1:2]])
    rapid = matchers.build("rapid", variant="published", level_weights=(1.0,))
    given = photo(places, np.zeros(len(places), np.int64))
    with pytest.raises(PairError, match="one patch for each column and row"):
        rapid.score(given, [given])


def test_published_scores_are_standardised_over_the_candidates() -> None:
    grid = np.stack([places.ravel() for places in np.meshgrid(np.arange(4.0), np.arange(3.0))], axis=1)
    query = photo(16 * grid, np.zeros(12, np.int64))
    others = [photo(16 * grid[::-1], np.zeros(12, np.int64)), query, photo(16 * grid, np.zeros(12, np.int64))]
    rapid = matchers.build("rapid", variant="published", level_weights=(2.0,))
    # the two equal candidates lie half a deviation of (a, b, b) above the mean, the other one below
    np.testing.assert_allclose(rapid.score(query, others).values, [-2 * 2**0.5, 2**0.5, 2**0.5])
