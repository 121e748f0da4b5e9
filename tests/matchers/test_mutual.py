"""Mutual neighbours against their definition, on both strategies."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import PairError
from matchers import mutual
from matchers.mutual import match_candidates, mutual_entries


def by_definition(query: np.ndarray, candidate: np.ndarray, threshold: float) -> list[tuple[int, int]]:
    """Pairs (query, candidate) that are each other's first best, one descriptor at a time."""
    pairs = []
    for j in range(len(candidate)):
        i = max(range(len(query)), key=lambda i: (query[i] @ candidate[j], -i))
        back = max(range(len(candidate)), key=lambda k: (query[i] @ candidate[k], -k))
        if back == j and query[i] @ candidate[j] >= threshold:
            pairs.append((i, j))
    return pairs


def in_batches(
    query: np.ndarray, candidates: list[np.ndarray], threshold: float, batch_bytes: int
) -> list[mutual.MutualMatches]:
    """The strategy for GPUs, run on the CPU."""
    found = mutual._in_batches(query, candidates, torch.device("cpu"), batch_bytes)
    return [mutual._above(threshold, *parts) for parts in found]


# Components of few whole values make ties common and dot products exact.
whole = st.integers(-2, 2).map(float)
descriptors = (
    st.integers(0, 6)
    .flatmap(lambda n: st.lists(st.lists(whole, min_size=3, max_size=3), min_size=n, max_size=n))
    .map(lambda rows: np.array(rows, np.float32).reshape(-1, 3))
)


@given(
    query=descriptors.filter(len),
    candidates=st.lists(descriptors, max_size=5),
    threshold=st.sampled_from([-np.inf, 0.0, 1.0]),
    batch_bytes=st.sampled_from([1, 100, 10_000]),
)
@settings(max_examples=100, deadline=None)
def test_matches_are_those_of_the_definition(
    query: np.ndarray, candidates: list[np.ndarray], threshold: float, batch_bytes: int
) -> None:
    expected = [by_definition(query, candidate, threshold) for candidate in candidates]
    for found in (
        match_candidates(query, candidates, threshold),
        in_batches(query, candidates, threshold, batch_bytes),
    ):
        assert [list(map(tuple, matches.indices.tolist())) for matches in found] == expected
        for matches, candidate in zip(found, candidates, strict=True):
            assert matches.indices.dtype == np.int64
            products = np.einsum("md,md->m", query[matches.indices[:, 0]], candidate[matches.indices[:, 1]])
            np.testing.assert_array_equal(matches.similarity, products)


def test_the_first_of_equal_rivals_wins_even_when_another_row_prefers_it() -> None:
    """Rows 0 and 1 tie in column 0; row 0 prefers column 1, so neither is mutual in column 0."""
    similarity = np.array([[0.5, 0.9], [0.5, 0.1]], np.float32)
    rows, columns = mutual_entries(similarity)
    assert rows.tolist() == [0] and columns.tolist() == [1]


def test_identical_descriptors_leave_one_match() -> None:
    same = np.tile(np.array([[0.6, 0.8]], np.float32), (5, 1))
    assert match_candidates(same, [same])[0].indices.tolist() == [[0, 0]]


def test_photos_without_descriptors_have_no_matches() -> None:
    none, some = np.zeros((0, 4), np.float32), np.eye(4, dtype=np.float32)
    assert [len(found) for found in match_candidates(some, [none, some, none])] == [0, 4, 0]
    assert [len(found) for found in match_candidates(none, [none, some])] == [0, 0]
    assert [len(found) for found in in_batches(some, [none, none], 0.0, 1000)] == [0, 0]
    assert match_candidates(some, []) == []


def test_the_threshold_is_inclusive() -> None:
    pair = np.array([[0.5, 0.0]], np.float32)
    one = np.array([[1.0, 0.0]], np.float32)
    assert len(match_candidates(one, [pair], threshold=0.5)[0]) == 1
    assert len(match_candidates(one, [pair], threshold=np.nextafter(0.5, 1))[0]) == 0


def test_half_precision_descriptors_match_as_their_float32_values() -> None:
    draw = np.random.default_rng(0)
    query, candidate = (draw.standard_normal((40, 16)).astype(np.float16) for _ in range(2))
    candidate.flags.writeable = False  # as a memory-mapped store gives them
    half = match_candidates(query, [candidate])[0]
    full = match_candidates(query.astype(np.float32), [candidate.astype(np.float32)])[0]
    np.testing.assert_array_equal(half.indices, full.indices)
    np.testing.assert_array_equal(half.similarity, full.similarity)
    assert half.similarity.dtype == np.float32


def test_matches_do_not_depend_on_the_other_candidates() -> None:
    draw = np.random.default_rng(1)
    query = draw.standard_normal((50, 8)).astype(np.float32)
    candidates = [draw.standard_normal((n, 8)).astype(np.float32) for n in (30, 1, 70, 50)]
    together = match_candidates(query, candidates)
    for candidate, found in zip(candidates, together, strict=True):
        alone = match_candidates(query, [candidate])[0]
        np.testing.assert_array_equal(found.indices, alone.indices)
        np.testing.assert_array_equal(found.similarity, alone.similarity)


def test_swapping_the_photos_swaps_the_indices() -> None:
    draw = np.random.default_rng(2)
    first, second = (draw.standard_normal((60, 8)).astype(np.float32) for _ in range(2))
    there = match_candidates(first, [second])[0].indices
    back = match_candidates(second, [first])[0].indices
    assert set(map(tuple, there.tolist())) == {(i, j) for j, i in back.tolist()}


def test_descriptors_of_another_width_are_refused() -> None:
    with pytest.raises(PairError, match=r"4 components.*candidate 1 have 3"):
        match_candidates(np.ones((2, 4)), [np.ones((2, 4)), np.ones((2, 3))])


def test_matches_are_the_same_however_candidates_are_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(5)
    query, *candidates = (draw.standard_normal((count, 16)).astype(np.float32) for count in (60, 50, 0, 70))
    ways = []
    for sizes in (range(0), range(10**6), range(10**6, 10**7)):  # on all cores in turn, at once, on one
        monkeypatch.setattr(mutual, "SPREAD_COMPONENTS", sizes)
        ways.append(match_candidates(query, candidates))
    for found in zip(*ways, strict=True):
        for other in found[1:]:
            np.testing.assert_array_equal(other.indices, found[0].indices)
            np.testing.assert_array_equal(other.similarity, found[0].similarity)
