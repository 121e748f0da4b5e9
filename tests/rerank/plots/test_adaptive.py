"""Stopping early, on the plot of recall against candidates."""

import numpy as np

from rerank.adaptive_sweep import sweep_adaptive
from rerank.plots import recall_adaptive, recall_candidates
from rerank.plots.adaptive import TOLERATED_POINTS
from rerank.sweeps import default_ks
from tests.rerank.plots.made import CANDIDATES, make_runs


def test_a_rule_that_stops_early_stands_at_the_candidates_it_scores():
    runs = make_runs(("city_day",), queries=60)
    (axis,) = recall_adaptive(runs).axes
    (sweeps,) = recall_candidates(runs).axes
    hollow = [line for line in axis.get_lines() if line.get_markerfacecolor() == "none"]
    assert len(hollow) == 4 and len(axis.get_lines()) > len(sweeps.get_lines())
    places = [step for step in default_ks(CANDIDATES) if step]
    expected = []
    for run in runs[1:]:
        (saving,) = sweep_adaptive(run, (TOLERATED_POINTS,), (1,))
        place = np.interp(saving.candidates, places, range(len(places)))
        expected.append((float(place), saving.recalls[1].value))
        written = f"{-saving.warm_saved.value:.0f} %"
        assert written in [text.get_text() for text in axis.texts]
    drawn = [line.get_xydata()[0].tolist() for line in hollow]
    np.testing.assert_allclose(sorted(drawn), sorted(expected))


def test_no_rule_is_drawn_for_too_few_queries():
    (axis,) = recall_adaptive(make_runs(("city_day",), queries=20)).axes
    assert not axis.texts
