import numpy as np
import pytest

from data.errors import ResultError
from rerank.latency import STAGES, measure_latency, stage_row

ON = {"device": "cpu", "precision": "float32", "threads": 2}
QUERY = dict(zip(STAGES, (0.01, 0.1, 1.0, 10.0, 0.2, 0.03, 0.4), strict=True))


def rows(*queries: dict[str, float]) -> np.ndarray:
    return np.array([stage_row(query) for query in queries])


def test_cold_and_warm_by_hand():
    latency = measure_latency(rows(QUERY), np.array([9]), **ON)
    assert latency.cold.median_s == pytest.approx(0.01 + 0.1 + 1.0 + 10.0 + 0.03 + 0.4)
    assert latency.warm.median_s == pytest.approx(0.01 + 0.1 + 0.2 + 0.03 + 0.4)
    assert latency.stages["candidate_extraction"].median_s == 10.0
    assert (latency.device, latency.precision, latency.threads) == ("cpu", "float32", 2)


def test_percentiles_are_over_queries():
    seconds = rows(*({**QUERY, "matching": float(number)} for number in range(101)))
    matching = measure_latency(seconds, np.full(101, 9), **ON).stages["matching"]
    assert (matching.median_s, matching.low_s, matching.high_s) == pytest.approx((50.0, 5.0, 95.0))
    assert matching.queries == 101


def test_the_first_queries_of_every_process_are_left_out():
    seconds = rows(*({**QUERY, "matching": matching} for matching in (99.0, 98.0, 1.0, 97.0, 96.0, 2.0)))
    latency = measure_latency(seconds, np.array([0, 1, 2, 0, 1, 2]), warm_up=2, **ON)
    assert latency.stages["matching"].median_s == 1.5
    assert latency.warm_up == 4


def test_with_nothing_but_warm_up_nothing_is_left_out():
    latency = measure_latency(rows(QUERY), np.array([0]), warm_up=3, **ON)
    assert latency.warm_up == 0
    assert latency.cold.queries == 1


def test_what_was_not_measured_is_absent():
    stored = {stage: 1.0 for stage in STAGES if not stage.startswith("candidate_")}
    latency = measure_latency(rows({**stored, "candidate_reading": 0.5}), np.array([5]), **ON)
    assert latency.cold is None
    assert latency.warm.median_s == 4.5
    assert "candidate_decode" not in latency.stages


def test_queries_that_were_not_measured_do_not_count():
    latency = measure_latency(rows({}, QUERY), np.array([5, 6]), **ON)
    assert latency.cold.queries == 1


def test_no_query_has_no_latency():
    latency = measure_latency(np.zeros((0, len(STAGES))), np.zeros(0), **ON)
    assert latency.cold is None
    assert latency.stages == {}


def test_unknown_stages_are_refused():
    with pytest.raises(
        ResultError, match="no stage is called drawing, thinking; the stages are query_decode"
    ):
        stage_row({"thinking": 1.0, "drawing": 1.0})
