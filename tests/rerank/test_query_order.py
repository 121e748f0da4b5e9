"""The order of queries by place, and when photos are wanted again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank import query_order
from rerank.query_order import NEVER, densest_place, hilbert_numbers, next_uses, order_by_place


def test_successive_numbers_are_adjacent_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_order, "CURVE_BITS", 4)
    cells = np.stack(np.meshgrid(np.arange(16.0), np.arange(16.0)), axis=-1).reshape(-1, 2)
    numbers = hilbert_numbers(548000.0 + 25.0 * cells)
    assert sorted(numbers) == list(range(256))
    steps = np.abs(np.diff(cells[np.argsort(numbers)], axis=0)).sum(axis=1)
    np.testing.assert_array_equal(steps, 1.0)


def test_points_of_one_place_have_one_number() -> None:
    assert hilbert_numbers(np.full((3, 2), 7.0)).tolist() == [0, 0, 0]
    assert hilbert_numbers(np.empty((0, 2))).shape == (0,)


def test_candidates_elsewhere_do_not_move_a_query() -> None:
    draw = np.random.default_rng(0)
    together = np.array([3000.0, 500.0]) + draw.uniform(-20.0, 20.0, (15, 2))
    points = draw.permutation(np.concatenate([together, draw.uniform(0.0, 4000.0, (85, 2))]))
    assert np.hypot(*(densest_place(points) - [3000.0, 500.0])) < 30.0
    assert densest_place(points[:1]).tolist() == points[0].tolist()


def test_queries_of_one_place_come_after_one_another_and_padded_ones_last() -> None:
    positions = np.array([[0.0, 0.0], [1000.0, 0.0], [5.0, 5.0], [1000.0, 5.0]])
    indices = np.array([[1, 3, 0], [-1, -1, -1], [0, 1, 2], [3, 1, -1], [3, 2, 0], [1, -1, -1]])
    order = order_by_place(indices, positions).tolist()
    assert set(order[:2]) == {2, 4} and set(order[2:5]) == {0, 3, 5} and order[5] == 1


def test_queries_by_place_walk_far_less_than_in_any_order() -> None:
    draw = np.random.default_rng(0)
    positions = draw.uniform(0.0, 1000.0, (400, 2))
    indices = draw.permutation(400)[:, None]
    walked = np.hypot(*np.diff(positions[indices[order_by_place(indices, positions), 0]], axis=0).T).sum()
    assert walked < 0.1 * np.hypot(*np.diff(positions[indices[:, 0]], axis=0).T).sum()


@given(st.lists(st.lists(st.integers(0, 5), min_size=3, max_size=3), min_size=1, max_size=12))
def test_the_next_use_is_the_next_query_with_the_photo(rows: list[list[int]]) -> None:
    again, first = next_uses(np.array(rows))
    for number, row in enumerate(rows):
        for column, photo in enumerate(row):
            later = [other for other in range(number + 1, len(rows)) if photo in rows[other]]
            assert again[number, column] == min(later, default=NEVER)
    assert first == {
        photo: min(number for number, other in enumerate(rows) if photo in other)
        for row in rows
        for photo in row
    }


def test_no_query_wants_nothing() -> None:
    again, first = next_uses(np.empty((0, 4), np.int64))
    assert again.shape == (0, 4) and first == {}
