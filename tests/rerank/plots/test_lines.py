"""Recall against candidates, threshold, and the dials of the drawn city."""

import dataclasses

import numpy as np
import pytest

from data.errors import ResultError
from rerank.plots import recall_candidates, recall_dial, recall_threshold
from rerank.plots.dials import dials_of
from rerank.recall import recall_report
from rerank.run import Run
from tests.rerank.made_runs import run_of_hits
from tests.rerank.plots.made import CANDIDATES, make_runs, renamed
from tests.rerank.plots.reading import bars, words


def recall_of(run: Run, n: int = 1, threshold_m: float | None = None) -> dict[str, float]:
    """Return R@n as a report has it."""
    return recall_report(run.first_hits(threshold_m), CANDIDATES, ns=[n])[f"R@{n}"]


def reranking(runs: list[Run], dataset: str) -> list[Run]:
    found = [run for run in runs if run.identity.dataset == dataset and run.identity.method.reranks]
    return sorted(found, key=lambda run: run.name)


def test_all_candidates_re_ranked_give_the_recall_of_the_report():
    runs = make_runs(("city_day",))
    (axis,) = recall_candidates(runs).axes
    for run, (_, _, intervals) in zip(reranking(runs, "city_day"), bars(axis), strict=True):
        assert dataclasses.asdict(intervals[-1]) == pytest.approx(recall_of(run))
        assert intervals[0].value == pytest.approx(recall_of(runs[0])["value"])  # one alone changes nothing


def test_the_bound_is_the_recall_of_all_candidates():
    runs = make_runs(("city_day",))
    figure = recall_candidates(runs, n=5)
    (axis,) = figure.axes
    levels = {float(line.get_ydata()[0]) for line in axis.get_lines() if len(set(line.get_ydata())) == 1}
    assert {recall_of(runs[0], CANDIDATES)["value"], recall_of(runs[0], 5)["value"]} <= levels
    assert "R@20: upper bound" in words(figure)


def test_the_ticks_are_the_numbers_of_candidates():
    (axis,) = recall_candidates(make_runs(("city_day",))).axes
    assert [label.get_text() for label in axis.get_xticklabels()] == ["1", "2", "5", "10", "20"]


def test_the_threshold_plot_has_the_recall_at_every_threshold():
    runs = make_runs(("city_day",))
    (axis,) = recall_threshold(runs).axes
    steps = [float(label.get_text()) for label in axis.get_xticklabels()]
    for run, (_, values, _) in zip(reranking(runs, "city_day"), bars(axis), strict=True):
        expected = [recall_of(run, threshold_m=step)["value"] for step in steps]
        np.testing.assert_allclose(values, expected)


def test_a_threshold_of_its_own_is_among_the_steps():
    runs = [_at_threshold(run, 12.5) for run in make_runs(("city_day",))]
    (axis,) = recall_threshold(runs).axes
    assert "12.5" in [label.get_text() for label in axis.get_xticklabels()]


def test_dials_are_found_by_the_names_of_datasets():
    names = ["my_city_darkness_0.5", "my_city_darkness_0", "my_city_shift_m_8", "my_city_day", "darkness_x"]
    found = {(dial.city, dial.name): dial.values for dial in dials_of(_same_queries(names))}
    assert found == {("my_city", "darkness"): (0.0, 0.5), ("my_city", "shift_m"): (8.0,)}


def test_the_dial_plot_has_the_recall_of_every_value():
    runs = make_runs(("city_darkness_0", "city_darkness_0.5", "city_darkness_1"))
    figure = recall_dial(runs)
    (axis,) = figure.axes
    assert [label.get_text() for label in axis.get_xticklabels()] == ["0", "0.5", "1"]
    for name, (_, values, _) in zip(_names(runs), bars(axis), strict=True):
        of_method = [run for run in runs if run.name == name]
        np.testing.assert_allclose(values, [recall_of(run)["value"] for run in of_method])
    assert "40 queries each" in words(figure)


def test_a_method_that_lacks_a_value_leaves_a_gap():
    runs = make_runs(("city_darkness_0", "city_darkness_1"))
    without = [run for run in runs if (run.name, run.identity.dataset) != ("delg+rrt", "city_darkness_1")]
    (axis,) = recall_dial(without).axes
    values = bars(axis)[_names(runs).index("delg+rrt")][1]
    assert np.isnan(values).tolist() == [False, True]


@pytest.mark.parametrize("plot", [recall_candidates, recall_threshold])
def test_one_method_one_query_and_none_are_drawn(plot):
    one = make_runs(("city_day",), methods=[("rootsift", "ransac")], queries=1)
    assert "1 query, 25 m" in words(plot(one))
    assert "no queries" in words(plot([run_of_hits([], "rootsift", "ransac")]))
    assert "no runs" in words(plot([]))
    assert "retrieval alone" in words(plot(one[:1]))  # nothing re-ranks


def test_without_a_swept_city_the_dial_plot_says_so():
    assert "no run on a swept city" in words(recall_dial(make_runs()))
    assert "no queries" in words(recall_dial([run_of_hits([], "a", "b", dataset="city_occlusion_0.1")]))


def test_an_n_below_one_is_refused():
    with pytest.raises(ResultError, match="R@N needs N"):
        recall_candidates(make_runs(("city_day",)), n=0)


def _names(runs: list[Run]) -> list[str]:
    return sorted({run.name for run in runs if run.identity.method.reranks})


def _same_queries(names: list[str]) -> list[Run]:
    run = make_runs(("city",), methods=[("rootsift", "ransac")], queries=3)[1]
    return [renamed(run, name) for name in names]


def _at_threshold(run: Run, threshold_m: float) -> Run:
    protocol = dataclasses.replace(run.identity.protocol, threshold_m=threshold_m)
    return dataclasses.replace(run, identity=dataclasses.replace(run.identity, protocol=protocol))
