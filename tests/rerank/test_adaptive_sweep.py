import dataclasses

import numpy as np
import pytest

from rerank.adaptive_sweep import enough_queries, sweep_adaptive
from rerank.latency import STAGES
from rerank.recall import recall_intervals
from rerank.run import Run
from tests.rerank.made_runs import make_run, make_shortlist
from tests.rerank.test_adaptive import CANDIDATES, drawn


@pytest.fixture
def run() -> Run:
    values, labels = drawn(300, quality=8.0)
    shortlist = dataclasses.replace(
        make_shortlist(300, CANDIDATES),
        distances_m=np.where(labels, 10.0, 90.0),
        positives=labels.sum(axis=1),
    )
    return make_run(shortlist, values, stage_s=1.0)


def test_no_tolerance_is_full_reranking(run: Run) -> None:
    (saving,) = sweep_adaptive(run, [0.0])
    assert (saving.candidates, saving.given_up_percent) == (CANDIDATES, 0.0)
    assert saving.recalls == {n: recall_intervals(run.first_hits(), (n,))[n] for n in (1, 5, 10)}
    assert saving.lost.value == 0.0
    assert saving.warm_saved is not None and saving.warm_saved.value == 0.0


def test_seconds_are_saved_in_proportion_to_the_candidates(run: Run) -> None:
    (saving,) = sweep_adaptive(run, [2.0], (1,))
    left_out = 1 - saving.candidates / CANDIDATES
    assert 0.2 < left_out < 0.88
    assert saving.warm_saved is not None and saving.cold_saved is not None
    # every stage takes a second; two of them are the query's own
    assert saving.warm_saved.value == pytest.approx(100 * left_out * 3 / 5)
    assert saving.cold_saved.value == pytest.approx(100 * left_out * 4 / 6)
    assert saving.warm_saved.low < saving.warm_saved.value < saving.warm_saved.high
    full = recall_intervals(run.first_hits(), (1,))[1].value
    assert saving.lost.value == pytest.approx(full - saving.recalls[1].value)
    assert saving.lost.low <= saving.lost.value <= saving.lost.high


def test_seconds_that_were_not_measured_are_unknown(run: Run) -> None:
    seconds = run.seconds.copy()
    seconds[:, STAGES.index("candidate_extraction")] = np.nan
    (saving,) = sweep_adaptive(dataclasses.replace(run, seconds=seconds), [5.0])
    assert saving.cold_saved is None and saving.warm_saved is not None
    clocks_stood_still = dataclasses.replace(run, seconds=np.zeros_like(seconds))
    assert sweep_adaptive(clocks_stood_still, [5.0])[0].warm_saved is None


def test_enough_queries_are_those_that_a_rule_can_be_learned_from(run: Run) -> None:
    assert enough_queries(run, 1.0) and not enough_queries(run, 0.3)
    assert sweep_adaptive(run, [0.3])[0].candidates == CANDIDATES
    assert sweep_adaptive(run, [1.0])[0].candidates < CANDIDATES


def test_no_query_at_all() -> None:
    (saving,) = sweep_adaptive(make_run(make_shortlist(0, 5), np.zeros((0, 5))), [5.0])
    assert np.isnan(saving.candidates) and np.isnan(saving.recalls[1].value)
    assert saving.warm_saved is None
