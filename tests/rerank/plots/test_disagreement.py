import numpy as np
import pytest

from data.errors import ProtocolError
from rerank.compare import compare
from rerank.plots import won_lost
from tests.rerank.made_runs import run_of_hits
from tests.rerank.plots.made import make_runs
from tests.rerank.plots.reading import words


def marks(figure) -> dict[int, np.ndarray]:
    """Return where the marks stand: number of the set -> rank by b and by a of its marks, (M, 2)."""
    _, ranked = figure.axes
    return {number: np.asarray(drawn.get_offsets()) for number, drawn in enumerate(ranked.collections)}


def test_the_legend_counts_as_the_comparison_does():
    a, b = make_runs(("city_day",))[1:3]
    counts = compare(a, b).counts
    written = words(won_lost(a, b))
    assert f"{a.name} alone: {counts.only_a}" in written
    assert f"{b.name} alone: {counts.only_b}" in written
    assert f"both: {counts.both}" in written
    assert f"neither: {counts.neither}" in written


def test_marks_stand_at_the_ranks_of_both():
    a = run_of_hits([True, True, False, False], "rootsift", "ransac")
    b = run_of_hits([True, False, True, True], "rootsift", "rapid")
    same, won, lost = marks(won_lost(a, b)).values()
    assert same.tolist() == [[1, 1]]
    assert won.tolist() == [[2, 1]]  # rank by b, then by a
    assert lost.tolist() == [[1, 2]]


def test_areas_grow_with_the_queries():
    a = run_of_hits([True, False, False], "rootsift", "ransac")
    b = run_of_hits([True, True, True], "rootsift", "rapid")
    _, ranked = won_lost(a, b).axes
    same, _, lost = ranked.collections
    assert lost.get_sizes() == pytest.approx(2 * same.get_sizes())


def test_queries_without_a_positive_stand_at_none():
    a = run_of_hits([True, False], "rootsift", "ransac")
    figure = won_lost(a, a, threshold_m=1.0)
    same, won, lost = marks(figure).values()
    assert len(won) == len(lost) == 0
    assert (same > 2).all()
    assert "none" in words(figure)
    assert "neither: 2" in words(figure)


def test_at_a_larger_n_fewer_queries_are_lost():
    a = run_of_hits([True, False], "rootsift", "ransac")
    b = run_of_hits([False, True], "rootsift", "rapid")
    assert "R@2" in words(won_lost(a, b, n=2))
    same, won, lost = marks(won_lost(a, b, n=2)).values()
    assert (len(same), len(won), len(lost)) == (2, 0, 0)


def test_runs_that_do_not_compare_are_refused():
    a, b = (run_of_hits([True] * count, "rootsift", "ransac") for count in (3, 4))
    with pytest.raises(ProtocolError):
        won_lost(a, b)


def test_no_queries_are_drawn_as_such():
    empty = run_of_hits([], "rootsift", "ransac")
    assert "no queries" in words(won_lost(empty, empty))
