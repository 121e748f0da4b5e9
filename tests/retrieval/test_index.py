import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import SettingsError
from retrieval.blocks import Block
from retrieval.index import search


def unit_rows(count: int, dim: int = 16, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((count, dim))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def blocks(database: np.ndarray, size: int) -> list[Block]:
    starts = range(0, len(database), size)
    return [Block(database[i : i + size], np.arange(len(database))[i : i + size]) for i in starts]


def test_squared_distances_of_numbers_worked_by_hand() -> None:
    database = np.array([[3, 4], [0, 1], [1, 0]], np.float32)
    found = search(blocks(database, 2), np.array([[0, 0], [1, 1]], np.float32), 3)
    np.testing.assert_array_equal(found.indices, [[1, 2, 0], [1, 2, 0]])
    np.testing.assert_array_equal(found.distances, [[1, 1, 25], [1, 1, 13]])
    assert (found.distances.dtype, found.indices.dtype) == (np.float32, np.int64)


@settings(max_examples=40, deadline=None)
@given(count=st.integers(1, 60), size=st.integers(1, 61), top_k=st.integers(1, 70), seed=st.integers(0, 99))
def test_any_division_into_blocks_gives_the_brute_force_result(
    count: int, size: int, top_k: int, seed: int
) -> None:
    """Blocks of unequal size must not move indices, nor short ones give index -1 (the known defects)."""
    database, queries = unit_rows(count, seed=seed), unit_rows(4, seed=1000 + seed)
    database[count // 2] = database[0]  # a tie
    exact = ((queries[:, None].astype(np.float64) - database[None]) ** 2).sum(axis=2)
    order = np.argsort(exact, axis=1, kind="stable")[:, :top_k]

    found = search(blocks(database, size), queries, top_k)

    np.testing.assert_array_equal(found.indices, order)
    np.testing.assert_allclose(found.distances, np.take_along_axis(exact, order, 1), rtol=1e-5, atol=1e-6)


def test_more_candidates_than_photos_gives_every_photo_once() -> None:
    found = search(blocks(unit_rows(7), 3), unit_rows(2, seed=1), 100)
    np.testing.assert_array_equal(np.sort(found.indices, axis=1), [range(7)] * 2)
    assert np.isfinite(found.distances).all()


@pytest.mark.parametrize("size", [64, 300])
def test_equal_photos_keep_the_order_of_the_database(size: int) -> None:
    database = np.tile(unit_rows(1, 512), (300, 1))
    found = search(blocks(database, size), unit_rows(3, 512, seed=1), 100)
    np.testing.assert_array_equal(found.indices, [range(100)] * 3)


def test_a_photo_is_at_distance_zero_from_itself() -> None:
    database = unit_rows(2000, 512)
    found = search(blocks(database, 700), database[:50], 1)
    np.testing.assert_array_equal(found.indices[:, 0], range(50))
    assert not found.distances.any()


def test_rows_that_are_missing_from_the_database_are_never_found() -> None:
    database = unit_rows(6)
    present = Block(database[[0, 2, 5]], np.array([0, 2, 5]))
    found = search([present], database, 6)
    assert set(found.indices.ravel()) == {0, 2, 5}
    assert found.indices.shape == (6, 3)


def test_blocks_are_taken_one_at_a_time() -> None:
    def one_by_one():  # type: ignore[no-untyped-def]
        for start in range(3):
            yield Block(unit_rows(4, seed=start), np.arange(4) + 4 * start)

    assert search(one_by_one(), unit_rows(1), 5).indices.shape == (1, 5)


def test_unknown_kinds_and_no_candidates_are_refused() -> None:
    with pytest.raises(SettingsError, match="did you mean 'exact'"):
        search([], unit_rows(1), 5, kind="exat")
    with pytest.raises(SettingsError, match="at least 1"):
        search([], unit_rows(1), 0)
