import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from data.errors import ResultError
from rerank.metrics import (
    NEVER,
    distances_m,
    first_hits,
    gather_positions,
    hits_at,
    labels_within,
    rank_candidates,
    recall_at,
)

SHAPES = array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12)
SCORES = arrays(np.float64, SHAPES, elements=st.sampled_from([-np.inf, -1.0, -0.0, 0.0, 0.5, 3.0, np.inf]))
LABELS = arrays(np.bool_, SHAPES)


def test_ranks_are_best_first_and_ties_keep_the_retrievers_order():
    scores = np.array([[1.0, 5.0, 5.0, -np.inf, 7.0, 1.0], [0.0, 0.0, -0.0, 0.0, 0.0, 0.0]])
    assert rank_candidates(scores).tolist() == [[4, 1, 2, 0, 5, 3], [0, 1, 2, 3, 4, 5]]


def test_integer_scores_rank_like_numbers():
    assert rank_candidates(np.array([[0, 3, 2]], np.uint8)).tolist() == [[1, 2, 0]]


def test_nan_scores_are_refused_with_the_query():
    with pytest.raises(ResultError, match=r"1 of 3 queries have NaN scores, the first is query 1"):
        rank_candidates(np.array([[1.0, 2.0], [np.nan, 0.0], [0.0, 0.0]]))


def test_scores_of_one_query_alone_are_refused():
    with pytest.raises(ResultError, match=r"must be \(Q, K\)"):
        rank_candidates(np.zeros(5))


@given(SCORES)
@settings(deadline=None)
def test_ranking_is_a_stable_descending_permutation(scores):
    order = rank_candidates(scores)
    for row, columns in zip(scores, order, strict=True):
        expected = sorted(range(len(row)), key=lambda column: (-row[column], column))
        assert columns.tolist() == expected


def test_first_hits_by_hand():
    labels = np.array([[False, True, True], [False, False, False], [True, False, False]])
    assert first_hits(labels).tolist() == [1, NEVER, 0]
    order = np.array([[0, 2, 1], [2, 1, 0], [2, 1, 0]])
    assert first_hits(labels, order).tolist() == [1, NEVER, 2]


def test_first_hits_without_candidates_or_queries():
    assert first_hits(np.zeros((2, 0), bool)).tolist() == [NEVER, NEVER]
    assert first_hits(np.zeros((0, 4), bool)).tolist() == []


def test_recall_by_hand():
    hits = np.array([0, 0, 4, 5, 99, NEVER, 100, 19])
    assert recall_at(hits, (1, 5, 10, 20, 100)).tolist() == [25.0, 37.5, 50.0, 62.5, 75.0]


def test_no_n_however_large_counts_a_query_without_a_hit():
    assert recall_at(np.array([NEVER, 2]), [10**9]).tolist() == [50.0]


def test_recall_of_no_query_is_unknown():
    assert np.isnan(recall_at(np.zeros(0, np.int64), (1, 5))).tolist() == [True, True]


def test_n_below_one_is_refused():
    with pytest.raises(ResultError, match="N of 1 or more, found 0"):
        hits_at(np.array([0]), 0)


@given(LABELS)
@settings(deadline=None)
def test_recall_grows_with_n_up_to_the_share_of_queries_with_any_hit(labels):
    recalls = recall_at(first_hits(labels), range(1, labels.shape[1] + 3))
    assert (np.diff(recalls) >= 0).all()
    assert recalls[-1] == pytest.approx(100.0 * labels.any(axis=1).mean())


@given(LABELS, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_recall_does_not_depend_on_the_order_of_queries(labels, random):
    shuffled = list(range(len(labels)))
    random.shuffle(shuffled)
    ns = (1, 2, 5)
    assert (recall_at(first_hits(labels), ns) == recall_at(first_hits(labels[shuffled]), ns)).all()


def test_positives_lie_in_a_closed_ball():
    queries = np.array([[500000.0, 4000000.0]])
    offsets = np.array([[15.0, 20.0], [0.0, 25.0], [0.0, 25.01], [np.nan, np.nan], [-24.99, 0.0]])
    labels = labels_within(queries[:, None] + offsets, queries, 25.0)
    assert labels.tolist() == [[True, True, False, False, True]]


def test_positions_are_not_rounded_to_float32():
    queries = np.array([[543133.08, 4179853.58]])
    candidates = queries[:, None] + np.array([[25.1, 0.0]])
    assert not labels_within(candidates, queries, 25.0).any()
    assert distances_m(candidates, queries)[0, 0] == pytest.approx(25.1, abs=1e-8)


def test_unknown_positions_are_infinitely_far():
    queries = np.array([[np.nan, 0.0], [0.0, 0.0]])
    assert distances_m(np.zeros((2, 1, 2)), queries).tolist() == [[np.inf], [0.0]]


def test_padded_candidates_have_no_position():
    gathered = gather_positions(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1, -1], [0, 1]]))
    np.testing.assert_array_equal(gathered, [[[3, 4], [np.nan, np.nan]], [[1, 2], [3, 4]]])


def test_an_empty_database_leaves_only_padding():
    assert np.isnan(gather_positions(np.zeros((0, 2)), np.full((3, 2), -1))).all()
