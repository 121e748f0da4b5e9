import pytest

from rerank.plots import KINDS
from rerank.run import Run
from tests.rerank.plots.made import make_runs, untimed

ALWAYS = {"recall_candidates", "recall_threshold"}


def allowed(runs: list[Run]) -> set[str]:
    return {name for name, kind in KINDS.items() if not kind.lacking(runs)}


@pytest.mark.parametrize(
    ("datasets", "more"),
    [
        (["city_day"], set()),
        (["city_day", "city_night"], {"day_night"}),
        (["city_darkness_0", "city_darkness_1"], {"recall_dial"}),
    ],
)
def test_results_allow_what_they_have(datasets, more):
    runs = make_runs(datasets, queries=4)
    assert allowed(runs) == {"latency_recall", "latency_stages"} | ALWAYS | more
    assert allowed([untimed(run) for run in runs]) == ALWAYS | more


def test_retrieval_alone_allows_nothing():
    runs = make_runs(("city_day",), methods=[], queries=4)
    assert allowed(runs) == set()
    assert KINDS["latency_recall"].lacking(runs) == "no method that re-ranks"
    assert KINDS["latency_recall"].lacking([]) == "no method that re-ranks"
    assert KINDS["latency_recall"].lacking([untimed(run) for run in make_runs(queries=4)]) == "no timings"


def test_every_kind_draws_whatever_it_is_given():
    for kind in KINDS.values():
        for runs in ([], make_runs(("city_day",), methods=[], queries=4)):
            assert kind.draw(runs, 1).get_size_inches().all()
