import dataclasses

import numpy as np
import pytest
from matplotlib.lines import Line2D

from rerank.plots import latency_recall
from rerank.plots.placement import overlaps
from rerank.plots.trade_off import FRONT, pareto_front
from rerank.recall import recall_report
from tests.rerank.made_runs import run_of_hits
from tests.rerank.plots.made import make_runs, untimed
from tests.rerank.plots.reading import bars, boxes, words


@pytest.mark.parametrize(
    ("costs", "gains", "front"),
    [
        ([1.0, 2.0, 3.0], [10.0, 20.0, 30.0], [0, 1, 2]),
        ([1.0, 2.0, 3.0], [20.0, 10.0, 30.0], [0, 2]),
        ([3.0, 2.0, 1.0], [30.0, 40.0, 10.0], [2, 1]),
        ([1.0, 1.0], [5.0, 6.0], [1]),
        ([1.0, 2.0], [5.0, 5.0], [0]),
        ([1.0, 1.0], [5.0, 5.0], [0]),
        ([4.0], [0.0], [0]),
        ([], [], []),
    ],
)
def test_the_pareto_front_holds_what_nothing_beats(costs, gains, front):
    assert pareto_front(np.array(costs), np.array(gains)).tolist() == front


def test_marks_stand_at_the_latency_with_the_intervals_of_the_report():
    runs = make_runs()
    figure = latency_recall(runs, n=5)
    for column, state in enumerate(("cold", "warm")):
        for row, dataset in enumerate(("city_day", "city_night")):
            methods = sorted(
                (run for run in runs if run.identity.dataset == dataset and run.identity.method.reranks),
                key=lambda run: run.name,
            )
            shown = bars(figure.axes[2 * row + column])
            assert len(shown) == len(methods)
            for run, (x, _, (interval,)) in zip(methods, shown, strict=True):
                assert x == [getattr(run.latency(), state).median_s]
                assert dataclasses.asdict(interval) == pytest.approx(
                    recall_report(run.first_hits(), 20)["R@5"]
                )


def test_names_overlap_neither_each_other_nor_other_marks():
    runs = make_runs()
    figure = latency_recall(runs)
    labels = sorted({run.name for run in runs if run.identity.method.reranks})
    for axis in figure.axes:
        found = boxes(figure, axis, labels)
        covered = overlaps(found, found)
        np.testing.assert_array_equal(covered[~np.eye(len(labels), dtype=bool)], 0.0)
        for x, y, _ in bars(axis):
            px, py = axis.transData.transform((x[0], y[0]))
            inside = (found[:, 0] < px) & (px < found[:, 2]) & (found[:, 1] < py) & (py < found[:, 3])
            assert not inside.any()


def test_the_front_is_a_step_through_the_unbeaten_methods():
    runs = make_runs(("city_day",))
    axis = latency_recall(runs).axes[0]
    (line,) = (line for line in axis.get_lines() if line.get_gid() == FRONT)
    spots = [(float(x[0]), float(y[0])) for x, y, _ in bars(axis)]
    front = pareto_front(*np.array(spots).T)
    assert isinstance(line, Line2D)
    assert [tuple(point) for point in line.get_xydata()[:-1]] == [spots[number] for number in front]


def test_runs_without_timings_say_so():
    timed = make_runs(("city_day",))
    assert "no timings" not in words(latency_recall(timed))
    assert words(latency_recall([untimed(run) for run in timed])).count("no timings") == 2


def test_clocks_that_stood_still_are_no_timings():
    runs = [dataclasses.replace(run, seconds=np.zeros_like(run.seconds)) for run in make_runs(("city_day",))]
    assert "no timings" in words(latency_recall(runs))


def test_one_method_one_query_and_none_are_drawn():
    one = make_runs(("city_day",), methods=[("rootsift", "ransac")], queries=1)
    assert "1 query, 25 m" in words(latency_recall(one))
    assert "no queries" in words(latency_recall([run_of_hits([], "rootsift", "ransac")]))
    assert "no runs" in words(latency_recall([]))
