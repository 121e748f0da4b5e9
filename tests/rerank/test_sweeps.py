import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import ResultError
from rerank.metrics import recall_at
from rerank.recall import recall_intervals
from rerank.sweeps import default_ks, order_of_first, sweep_candidates, sweep_thresholds
from tests.rerank.made_runs import make_run, make_shortlist


@pytest.fixture
def run():
    shortlist = make_shortlist(40, 12)
    return make_run(shortlist, np.random.default_rng(1).integers(0, 5, (40, 12)).astype(float))


def test_the_rest_stays_behind_in_the_retrievers_order():
    values = np.array([[1.0, 2.0, 9.0, 3.0]])
    assert order_of_first(values, 2).tolist() == [[1, 0, 2, 3]]
    assert order_of_first(values, 0).tolist() == [[0, 1, 2, 3]]
    assert order_of_first(values, 4).tolist() == [[2, 3, 1, 0]]


def test_the_sweep_runs_from_retrieval_to_the_run_itself(run):
    sweep = sweep_candidates(run, ns=(1, 5))
    assert sweep.steps.tolist() == [0, 1, 2, 5, 10, 12]
    assert sweep.value[0] == pytest.approx(recall_at(run.retrieval_first_hits(), (1, 5)))
    assert sweep.value[-1] == pytest.approx(recall_at(run.first_hits(), (1, 5)))
    assert (sweep.value[1] == sweep.value[0]).all()


def test_recall_at_k_does_not_change_when_k_are_reranked(run):
    retrieved = recall_at(run.retrieval_first_hits(), [5])
    assert sweep_candidates(run, [5], [5]).value[0] == pytest.approx(retrieved)


def test_intervals_are_those_of_the_tables(run):
    sweep = sweep_candidates(run, [12], (1, 5))
    interval = recall_intervals(run.first_hits(), (1, 5))[5]
    assert (sweep.value[0, 1], sweep.low[0, 1], sweep.high[0, 1]) == (
        interval.value,
        interval.low,
        interval.high,
    )


@pytest.mark.parametrize("k", [-1, 13])
def test_more_candidates_than_there_are_is_refused(run, k):
    with pytest.raises(ResultError, match="12 candidates a query"):
        sweep_candidates(run, [k])


def test_thresholds_by_hand():
    shortlist = make_shortlist(2, 2)
    shortlist.distances_m[:] = [[30.0, 10.0], [5.0, 100.0]]
    run = make_run(shortlist, np.array([[0.0, 1.0], [0.0, 1.0]]))
    sweep = sweep_thresholds(run, [1.0, 5.0, 10.0, 30.0, 100.0], ns=(1, 2))
    assert sweep.value.tolist() == [[0, 0], [0, 50], [50, 100], [50, 100], [100, 100]]


@given(st.integers(1, 1000))
@settings(deadline=None)
def test_steps_rise_from_none_to_all(candidates):
    steps = default_ks(candidates)
    assert steps == sorted(set(steps))
    assert (steps[0], steps[-1]) == (0, candidates)


def test_a_sweep_of_no_query_is_unknown():
    assert np.isnan(sweep_candidates(make_run(make_shortlist(0, 3), np.zeros((0, 3)))).value).all()
