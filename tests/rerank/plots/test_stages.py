import dataclasses

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from rerank.latency import COLD_STAGES, WARM_STAGES
from rerank.plots import latency_stages
from rerank.run import Run
from rerank.space import humanise_seconds
from tests.rerank.plots.made import make_runs, untimed
from tests.rerank.plots.reading import words


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    return make_runs(("city_day",), queries=12)


def test_bars_are_as_long_as_the_median_stages(runs):
    figure = latency_stages(runs)
    methods = sorted((run for run in runs if run.identity.method.reranks), key=lambda run: run.name)
    for axis, stages in zip(figure.axes, (COLD_STAGES, WARM_STAGES), strict=True):
        parts = [patch for patch in axis.patches if isinstance(patch, Rectangle)]
        widths = np.array([part.get_width() for part in parts]).reshape(len(methods), len(stages))
        expected = [[run.latency().stages[stage].median_s for stage in stages] for run in methods]
        np.testing.assert_allclose(widths, expected)
        lefts = np.array([part.get_x() for part in parts]).reshape(len(methods), len(stages))
        np.testing.assert_allclose(lefts[:, 1:], np.cumsum(widths, axis=1)[:, :-1])
        assert axis.get_xlim()[1] > widths.sum(axis=1).max()


def test_behind_each_bar_stands_the_median_of_the_whole(runs):
    written = words(latency_stages(runs))
    for run in runs[1:]:
        assert humanise_seconds(run.latency().cold.median_s) in written
        assert humanise_seconds(run.latency().warm.median_s) in written


def test_stages_that_no_method_has_are_not_in_the_legend(runs):
    assert "candidate reading" in words(latency_stages(runs))
    seconds = [run.seconds.copy() for run in runs]
    for array in seconds:
        array[:, 4] = 0.0
    without = [dataclasses.replace(run, seconds=s) for run, s in zip(runs, seconds, strict=True)]
    assert "candidate reading" not in words(latency_stages(without))


def test_missing_timings_are_told(runs):
    assert words(latency_stages([*runs[:-1], untimed(runs[-1])])).count("no timings") == 2
    assert words(latency_stages([untimed(run) for run in runs])).count("no timings") == 2
    assert "no method that re-ranks" in words(latency_stages(runs[:1]))
    assert "no runs" in words(latency_stages([]))


def test_clocks_that_stood_still_are_drawn():
    still = [dataclasses.replace(run, seconds=0.0 * run.seconds) for run in make_runs(("city_day",))]
    assert "0 ms" in words(latency_stages(still))
