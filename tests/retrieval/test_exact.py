import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval import exact
from retrieval.blocks import Block
from retrieval.exact import search_exact

DIMENSION = 24


def rows(count: int, seed: int = 0, length: float = 1.0) -> np.ndarray:
    drawn = np.random.default_rng(seed).standard_normal((count, DIMENSION))
    return (length * drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def by_sorting(database: np.ndarray, queries: np.ndarray, top_k: int) -> tuple[np.ndarray, np.ndarray]:
    """Sort all distances, computed by difference, by distance and index."""
    difference = database[None].astype(np.float32) - queries[:, None]
    distances = np.square(difference).sum(axis=2, dtype=np.float64).astype(np.float32)
    order = np.argsort(distances, axis=1, kind="stable")[:, :top_k]
    return np.take_along_axis(distances, order, 1), order


def hold(database: np.ndarray, queries: np.ndarray, top_k: int, size: int = 64) -> None:
    starts = range(0, len(database), size)
    blocks = [Block(database[at : at + size], np.arange(len(database))[at : at + size]) for at in starts]
    found = search_exact(blocks, queries, top_k)
    distances, order = by_sorting(database, queries, top_k)
    np.testing.assert_array_equal(found.distances, distances)
    np.testing.assert_array_equal(found.indices, order)


@pytest.fixture(autouse=True)
def _small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact, "TILE_ROWS", 32)
    monkeypatch.setattr(exact, "GROUP_QUERIES", 3)
    monkeypatch.setattr(exact, "CHUNK_PAIRS", 7)


@settings(max_examples=30, deadline=None)
@given(
    count=st.integers(1, 200),
    size=st.integers(1, 201),
    top_k=st.integers(1, 80),
    length=st.sampled_from([1e-3, 1.0, 300.0]),
    seed=st.integers(0, 99),
)
def test_every_size_gives_what_sorting_gives(
    count: int, size: int, top_k: int, length: float, seed: int
) -> None:
    hold(rows(count, seed, length), rows(7, seed + 1000, length), top_k, size)


def test_a_database_that_comes_nearer_and_nearer() -> None:
    database, queries = rows(400), rows(1, 1)
    farthest_first = np.argsort(-((database - queries) ** 2).sum(axis=1))
    hold(database[farthest_first], queries, 10)


def test_a_database_that_goes_farther_and_farther() -> None:
    database, queries = rows(400), rows(1, 1)
    hold(database[np.argsort(((database - queries) ** 2).sum(axis=1))], queries, 10)


def test_descriptors_of_all_lengths() -> None:
    """Products of long descriptors are large, however far they lie."""
    lengths = np.geomspace(1e-2, 1e2, 300, dtype=np.float32)[:, None]
    hold(rows(300) * lengths, rows(4, 1), 20)
    hold(rows(300) * lengths[::-1], rows(4, 1), 20)


def test_neighbours_that_float32_products_cannot_tell_apart() -> None:
    """Distances of 1e-5 and less beside lengths of 1: the product alone is off by 1e-7 of both."""
    queries = rows(3, 1)
    steps = 1e-4 * np.random.default_rng(2).random((500, 1), np.float32)
    hold(queries[0] + steps * rows(500), queries, 30)


def test_more_equal_photos_than_candidates() -> None:
    database = np.repeat(rows(4), 100, axis=0)
    hold(database, rows(3, 1), 150)
    hold(database, database[:3], 150)


def test_half_precision_gives_the_distances_of_the_stored_numbers() -> None:
    hold(rows(300).astype(np.float16), rows(5, 1), 20)


def test_few_of_many_rows_are_looked_at_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    keep = exact._Group._keep

    def counting(group, tile, queries, rows) -> None:  # type: ignore[no-untyped-def]
        looked.append(len(rows))
        keep(group, tile, queries, rows)

    monkeypatch.setattr(exact._Group, "_keep", counting)
    hold(rows(6400), rows(3, 1), 10)
    assert sum(looked) < 3 * 6400 / 40
    assert sum(looked[100:]) < 60  # of 3200 rows by 3 queries


@pytest.mark.parametrize("blocks", [20, 200])
def test_memory_does_not_grow_with_the_database(blocks: int) -> None:
    def passing() -> Iterator[Block]:
        for number in range(blocks):
            yield Block(rows(128, seed=number), np.arange(128) + 128 * number)

    tracemalloc.start()
    search_exact(passing(), rows(3, 1), 10)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 250_000  # 200 blocks are 2.5 MB


def test_no_queries_and_no_rows() -> None:
    assert search_exact([Block(rows(5), np.arange(5))], rows(0), 3).indices.shape[0] == 0
    assert search_exact([], rows(2), 3).indices.shape == (2, 0)
    assert search_exact([Block(rows(0), np.arange(0))], rows(2), 3).distances.shape == (2, 0)
