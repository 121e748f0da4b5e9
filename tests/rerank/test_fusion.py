from dataclasses import replace

import numpy as np
import pytest

from data.errors import ResultError
from rerank.fusion import fused_values
from rerank.metrics import rank_candidates
from rerank.run import Run
from rerank.sweeps import sweep_candidates, sweep_fusion
from tests.rerank.made_runs import make_run, make_shortlist


@pytest.fixture
def run() -> Run:
    values = np.random.default_rng(3).integers(0, 30, (40, 12)).astype(np.float64)
    return make_run(make_shortlist(40, 12), values)


def test_the_ends_are_the_method_and_the_retriever(run: Run) -> None:
    np.testing.assert_array_equal(rank_candidates(fused_values(run, 0.0)), run.order)
    retriever = np.argsort(run.shortlist.descriptor_distances, axis=1, kind="stable")
    np.testing.assert_array_equal(rank_candidates(fused_values(run, 1.0)), retriever)
    swept = sweep_fusion(run, [0.0, 1.0])
    ends = sweep_candidates(run, [12, 0])
    np.testing.assert_array_equal(swept.value, ends.value)


def test_scores_and_similarities_are_mixed_by_their_deviations(run: Run) -> None:
    shortlist = replace(
        run.shortlist,
        query_names=["q"],
        indices=np.array([[0, 1, 2]]),
        distances_m=np.zeros((1, 3)),
        descriptor_distances=np.float32([[0.0, 0.5, 1.0]]),
        positives=np.array([1]),
    )
    small = replace(run, shortlist=shortlist, values=np.array([[10.0, 40.0, 70.0]]))
    unit = np.sqrt(1.5)  # of -1, 0, 1
    np.testing.assert_allclose(fused_values(small, 0.25), [[-0.5 * unit, 0.0, 0.5 * unit]])


def test_candidates_without_a_score_stay_last_and_equal_scores_say_nothing(run: Run) -> None:
    values = run.values.copy()
    values[0] = 5.0
    values[0, 3] = -np.inf
    fused = fused_values(replace(run, values=values), 0.5)
    assert fused[0, 3] == -np.inf and np.isfinite(np.delete(fused[0], 3)).all()
    by_retriever = np.argsort(run.shortlist.descriptor_distances[0], kind="stable")
    expected = [column for column in by_retriever if column != 3] + [3]
    assert rank_candidates(fused)[0].tolist() == expected


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_impossible_shares_are_refused(run: Run, share: float) -> None:
    with pytest.raises(ResultError, match="share"):
        fused_values(run, share)
