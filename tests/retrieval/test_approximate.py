import logging

import numpy as np
import pytest

from data.errors import SettingsError
from retrieval import approximate
from retrieval.approximate import build_index
from retrieval.blocks import Block
from retrieval.exact import search_exact
from retrieval.index import search
from retrieval.index_kinds import EXACT, KINDS, parse_kind

ROWS, DIMENSION, TOP_K = 3000, 32, 10
# Small enough for 3000 rows; the recall of the first ten that each must reach, well above chance (0.003).
SMALL = {
    "ivf:lists=16,nprobe=8": 0.9,
    "pq:codes=16": 0.85,
    "ivfpq:lists=16,codes=16,nprobe=8": 0.85,
    "imi:cell_bits=3,codes=16,nprobe=32": 0.85,
    "hnsw:links=16,efSearch=64": 0.9,
    "pqfs:codes=32": 0.8,
    "ivfpqfs:lists=16,codes=32,nprobe=8": 0.8,
    "pqfs:codes=32,refine=8": 0.99,
    "ivfpq:lists=16,codes=16,nprobe=16,refine=8": 0.99,
}


def made(count: int, seed: int) -> np.ndarray:
    """Draw rows in clusters, as descriptors of places are."""
    centres = np.random.default_rng(7).standard_normal((100, DIMENSION))
    draw = np.random.default_rng(seed)
    drawn = centres[draw.integers(0, 100, count)] + 0.6 * draw.standard_normal((count, DIMENSION))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def blocks(size: int = 700, rows: np.ndarray | None = None) -> list[Block]:
    rows = made(ROWS, 0) if rows is None else rows
    return [
        Block(rows[at : at + size], np.arange(at, at + len(rows[at : at + size])))
        for at in range(0, len(rows), size)
    ]


def recall(found: np.ndarray, true: np.ndarray) -> float:
    return float(np.mean([np.isin(one, other).mean() for one, other in zip(true, found, strict=True)]))


@pytest.mark.parametrize("kind", SMALL)
def test_every_kind_finds_most_neighbours(kind: str) -> None:
    queries = made(60, 1)
    found = search(blocks(), queries, TOP_K, kind)
    true = search_exact(blocks(), queries, TOP_K)
    assert found.indices.shape == (60, TOP_K)
    assert (found.distances.dtype, found.indices.dtype) == (np.float32, np.int64)
    assert (np.diff(found.distances, axis=1) >= 0).all()
    assert recall(found.indices, true.indices) >= SMALL[kind]


def test_every_kind_is_tried_here() -> None:
    assert {kind.partition(":")[0] for kind in SMALL} == set(KINDS) - {EXACT}


@pytest.mark.parametrize("kind", ["ivf:lists=16,nprobe=2", "pqfs:codes=32", "ivfpq:lists=16,codes=16"])
def test_the_same_index_every_time_whatever_the_blocks(kind: str) -> None:
    first, second = (search(blocks(size), made(20, 1), TOP_K, kind) for size in (700, 1234))
    np.testing.assert_array_equal(first.indices, second.indices)


def test_refined_distances_are_exact() -> None:
    queries = made(20, 1)
    found = search(blocks(), queries, TOP_K, "pq:codes=16,refine=4")
    true = ((made(ROWS, 0)[found.indices] - queries[:, None]) ** 2).sum(axis=2)
    np.testing.assert_allclose(found.distances, true, rtol=1e-5, atol=1e-6)
    coarse = search(blocks(), queries, TOP_K, "pq:codes=16")
    assert not np.allclose(coarse.distances[:, 0], true[:, 0], rtol=1e-3)


def test_positions_are_those_of_the_blocks_and_what_is_not_found_is_none() -> None:
    rows = made(ROWS, 0)
    moved = [Block(rows.astype(np.float16), 5 * np.arange(ROWS))]
    found = search(moved, rows[:30], 400, "ivf:lists=64,nprobe=1")
    np.testing.assert_array_equal(found.indices[:, 0], 5 * np.arange(30))
    lacking = found.indices == -1
    assert lacking.any()
    assert np.isinf(found.distances[lacking]).all() and np.isfinite(found.distances[~lacking]).all()


def test_knobs_change_between_searches_of_one_index() -> None:
    index = build_index(blocks(), parse_kind("ivf:lists=64,nprobe=1"))
    queries, true = made(60, 1), search_exact(blocks(), made(60, 1), TOP_K).indices
    narrow = index.search(queries, TOP_K)
    index.set_knobs(parse_kind("ivf:lists=64,nprobe=64"))
    wide = index.search(queries, TOP_K)
    assert recall(narrow.indices, true) < recall(wide.indices, true) == 1.0


def test_bytes_are_those_of_the_codes() -> None:
    choice = parse_kind("pq:codes=16")
    assert build_index(blocks(), choice).bytes() == pytest.approx(ROWS * 16 + 256 * DIMENSION * 4, rel=0.05)


def test_a_sample_does_not_depend_on_the_blocks_and_is_of_all_parts() -> None:
    rows = np.arange(ROWS, dtype=np.float32)[:, None]
    first, second = (approximate._sample(blocks(size, rows), 500, seed=3) for size in (100, 1234))
    np.testing.assert_array_equal(first, second)
    assert len(np.unique(first)) == 500
    assert (np.histogram(first, bins=5, range=(0, ROWS))[0] > 70).all()
    assert len(approximate._sample(blocks(100, rows), 5000, seed=3)) == ROWS


def test_databases_too_small_for_a_kind_are_refused_with_what_to_do() -> None:
    with pytest.raises(SettingsError, match=r"1024 centroids .* 900 rows .* use the index exact"):
        search(blocks(rows=made(900, 0)), made(2, 1), 5, "ivf")
    with pytest.raises(SettingsError, match="256 centroids"):
        search(blocks(rows=made(255, 0)), made(2, 1), 5, "pq:codes=8")
    with pytest.raises(SettingsError, match="no descriptors"):
        search([], made(2, 1), 5, "hnsw")


def test_few_rows_for_the_centroids_are_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        search(blocks(), made(2, 1), 5, "ivf:lists=100")
    assert "3000 rows for 100 centroids are few" in caplog.text


def test_what_cannot_be_built_is_refused() -> None:
    with pytest.raises(SettingsError, match="32 dimensions cannot be divided among 20"):
        search(blocks(), made(2, 1), 5, "pq:codes=20")
    with pytest.raises(SettingsError, match="pass by again"):
        search(iter(blocks()), made(2, 1), 5, "pq:codes=16")
    with pytest.raises(SettingsError, match="needs no index"):
        build_index(blocks(), parse_kind(EXACT))
