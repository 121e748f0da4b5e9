"""The bf16 search for mutual neighbours against float32: the same matches, whatever the descriptors."""

from collections.abc import Iterator
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from matchers import mutual, screening
from matchers.mutual import Products, match_candidates, mutual_entries
from matchers.screening import Entries, Screen, has_fast_bf16, rounded

needs_bf16 = pytest.mark.skipif(not has_fast_bf16(), reason="this CPU has no fast bf16 products")


@pytest.fixture(autouse=True)
def _tiny_tiles(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Screen the smallest pairs too, in tiles of few rows, however many are close."""
    monkeypatch.setattr(screening, "TILE_ENTRIES", 64)
    monkeypatch.setattr(screening, "CLOSE_SHARE", 1.0)
    monkeypatch.setattr(screening, "DECIDED_SHARE", 1.0)
    monkeypatch.setattr(screening, "PART", 50)
    monkeypatch.setattr(mutual, "TILE_ENTRIES", 64)
    monkeypatch.setattr(mutual, "LEAST_MULTIPLICATIONS", 1)
    yield


def screened(rows: np.ndarray, columns: np.ndarray) -> Entries:
    found = Screen(rounded(torch.from_numpy(columns))).entries(rounded(torch.from_numpy(rows)))
    assert found is not None
    return found


def exact(rows: np.ndarray, columns: np.ndarray) -> Entries:
    similarity = (torch.from_numpy(rows).float() @ torch.from_numpy(columns).float().T).numpy()
    row, column = mutual_entries(similarity)
    return row, column, similarity[row, column]


def hold_equal(found: Entries, expected: Entries) -> None:
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])
    np.testing.assert_allclose(found[2], expected[2], rtol=1e-5, atol=1e-30)


# Products of whole numbers below 2^11 are exact in float32 and are not in bf16; few values make ties common.
whole = st.one_of(st.integers(-3, 3), st.integers(-2047, 2047)).map(float)
sides = st.tuples(st.integers(1, 30), st.integers(1, 20)).flatmap(
    lambda sizes: st.tuples(*(arrays(np.float32, (size, 3), elements=whole) for size in sizes))
)


@given(sides=sides, exponent=st.sampled_from([-15, 0, 6]))
@settings(max_examples=150, deadline=None)
def test_exact_products_give_the_same_matches_with_all_their_ties(
    sides: tuple[np.ndarray, np.ndarray], exponent: int
) -> None:
    rows, columns = (np.ldexp(side, exponent) for side in sides)
    found, expected = screened(rows, columns), exact(rows, columns)
    hold_equal(found, expected)
    np.testing.assert_array_equal(found[2], expected[2])


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("spread", [0.0, 1.0], ids=["unit", "unnormalised"])
@pytest.mark.parametrize("width", [16, 128, 600])
def test_drawn_descriptors_give_the_same_matches(dtype: type, spread: float, width: int) -> None:
    draw = np.random.default_rng(width)
    rows, columns = (draw.standard_normal((count, width)) for count in (300, 250))
    rows[:120] = columns[:120] + 0.3 * rows[:120]
    for side in (rows, columns):
        side /= np.linalg.norm(side, axis=1, keepdims=True)
        side *= np.exp(spread * draw.standard_normal((len(side), 1)))
    columns[200:220] = columns[:20]  # twins: the first counts
    rows, columns = rows.astype(dtype), columns.astype(dtype)
    hold_equal(screened(rows, columns), exact(rows, columns))


def test_rivals_that_bf16_cannot_tell_apart_are_told_apart() -> None:
    """All columns are a hair from the same direction; bf16 sees one, float32 the order."""
    draw = np.random.default_rng(0)
    columns = np.float32(1) + draw.permutation(200).astype(np.float32)[:, None] * np.float32(2**-20)
    rows = np.ones((1, 1), np.float32)
    assert len(np.unique(torch.from_numpy(columns).bfloat16().float())) == 1
    found = screened(rows, columns)
    assert found[1].tolist() == [int(columns[:, 0].argmax())]


def test_descriptors_that_point_away_from_one_another_match_all_the_same() -> None:
    draw = np.random.default_rng(1)
    rows = np.abs(draw.standard_normal((40, 24))).astype(np.float32)
    columns = -np.abs(draw.standard_normal((30, 24))).astype(np.float32)
    found = screened(rows, columns)
    assert len(found[2]) and (found[2] < 0).all()
    hold_equal(found, exact(rows, columns))


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 7, 128, 1024]))
@settings(max_examples=40, deadline=None)
def test_bf16_products_err_by_no_more_than_the_bound(seed: int, width: int) -> None:
    draw = np.random.default_rng(seed)
    sides = [
        rounded(torch.from_numpy((draw.standard_normal((20, width)) ** 3).astype(np.float32)))
        for _ in range(2)
    ]
    products = [
        (left @ right.T).double().numpy()
        for left, right in zip(*((side.exact, side.half) for side in sides), strict=True)
    ]
    output = screening.OUTPUT_ROUNDING * np.abs(products[1])
    difference = np.abs(products[0] - products[1]) - output
    assert (difference <= sides[0].errors(sides[1])[:, None]).all()
    assert (difference <= sides[1].errors(sides[0])).all()


@pytest.mark.parametrize("share", ["CLOSE_SHARE", "DECIDED_SHARE"])
def test_too_many_rivals_are_left_to_float32(monkeypatch: pytest.MonkeyPatch, share: str) -> None:
    same = rounded(torch.ones(50, 4))
    assert Screen(same).entries(same) is not None
    monkeypatch.setattr(screening, share, 1 / 16)
    assert Screen(same).entries(same) is None


@needs_bf16
def test_screening_changes_neither_matches_nor_similarities() -> None:
    draw = np.random.default_rng(2)
    query = draw.standard_normal((90, 32)).astype(np.float32)
    candidates = [draw.standard_normal((count, 32)).astype(np.float32) for count in (70, 0, 1, 120)]
    candidates.append(np.ones((40, 32), np.float32))
    screened, whole = (
        match_candidates(query, candidates, threshold=1.0, products=products)
        for products in get_args(Products)
    )
    for one, other in zip(screened, whole, strict=True):
        np.testing.assert_array_equal(one.indices, other.indices)
        np.testing.assert_allclose(one.similarity, other.similarity, rtol=1e-6)
    assert [len(found) for found in match_candidates(query[:0], candidates)] == [0] * 5


@given(sides=sides)
@settings(max_examples=60, deadline=None)
def test_tiles_of_float32_products_give_what_the_whole_gives(sides: tuple[np.ndarray, np.ndarray]) -> None:
    query, candidate = sides
    found = match_candidates(query, [candidate])[0]
    rows, columns, values = exact(candidate, query)
    np.testing.assert_array_equal(found.indices, np.stack([columns, rows], axis=1))
    np.testing.assert_array_equal(found.similarity, values)
