"""Style, labels and marks: the same everywhere, and names are drawn as they are."""

import dataclasses
import logging
import warnings

import matplotlib
import pytest

from rerank.plots import KINDS, latency_recall, won_lost
from rerank.plots.panels import labels_of, panels_of
from rerank.plots.style import COLOURS, LINES, MARKERS, ink, marks_of, shown
from rerank.provenance import Part
from tests.rerank.made_runs import run_of_hits
from tests.rerank.plots.made import make_runs, renamed
from tests.rerank.plots.reading import words

ODD = "<b>a$_1^2$ & \\frac{x}</b>"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("city_day", "city_day"),
        (ODD, ODD),
        ("two\nlines\t", r"two\nlines\t"),
        ("caf\udce9", r"caf\udce9"),
        ("x" * 60, "x" * 24 + "…" + "x" * 23),
    ],
)
def test_any_name_can_be_drawn(text, expected):
    assert shown(text) == expected


def test_long_names_lose_their_middle():
    assert shown("abcdefghij", 7) == "abc…hij"
    assert len(shown("x" * 500)) == 48


def test_many_methods_look_different():
    marks = marks_of(f"method {number:02}" for number in range(25))
    assert len({(mark.colour, mark.marker) for mark in marks.values()}) == 25
    assert len({(mark.marker, mark.line) for mark in marks.values()}) == 25  # without colours too
    assert marks == marks_of(f"method {number:02}" for number in reversed(range(25)))


def test_neighbouring_marks_differ_in_all_that_tells_them_apart():
    first, second = marks_of(["a", "b"]).values()
    assert first.colour != second.colour
    assert first.marker != second.marker
    assert first.line != second.line
    assert first.hatch != second.hatch


def test_the_periods_of_the_lists_do_not_coincide():
    lengths = [len(COLOURS), len(MARKERS), len(LINES)]
    assert len(set(lengths)) == 3


def test_letters_are_darker_than_marks():
    assert ink("#FF8000") == "#b85c00"


def test_plots_leave_the_settings_of_matplotlib_alone():
    before = dict(matplotlib.rcParams)
    latency_recall(make_runs(("city_day",), queries=5))
    assert dict(matplotlib.rcParams) == before
    assert "matplotlib.pyplot" not in latency_recall.__globals__


def test_a_method_looks_the_same_in_every_panel():
    day, night = panels_of([run for run in make_runs() if run.name != "rootsift+rapid"])
    assert {member.label: member.mark for member in day.members} == {
        member.label: member.mark for member in night.members
    }


def test_methods_of_one_name_with_other_settings_are_numbered():
    first = run_of_hits([True], "rootsift", "ransac")
    method = dataclasses.replace(first.identity.method, parts=(Part("rootsift", {"a": 1}), Part("ransac")))
    other = dataclasses.replace(first, identity=dataclasses.replace(first.identity, method=method))
    assert labels_of([first, other]) == ["rootsift+ransac (1)", "rootsift+ransac (2)"]
    assert labels_of([first, first]) == ["rootsift+ransac"] * 2
    assert labels_of([first, renamed(other, "b")]) == ["rootsift+ransac (1)", "rootsift+ransac (2)"]


@pytest.mark.parametrize("kind", KINDS)
def test_names_with_code_in_them_are_written_as_they_are(kind):
    runs = [
        renamed(run, f"{ODD}_{time}")
        for time in ("day", "night", "darkness_0", "darkness_1")
        for run in make_runs(("x",), methods=[(ODD, "ransac")], queries=4)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ODD in words(KINDS[kind].draw(runs, 1))


def test_the_picture_of_a_comparison_takes_odd_names_too():
    a, b = (run_of_hits([True, False], ODD, matcher, dataset=ODD) for matcher in ("a", "b"))
    assert f"{ODD}+a alone: 0" in words(won_lost(a, b))


def test_letters_that_the_font_lacks_are_no_crash(caplog):
    with caplog.at_level(logging.ERROR), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # matplotlib's own: a box stands for such a letter
        words(latency_recall([renamed(run, "街_day") for run in make_runs(("x",), queries=4)]))
    assert not caplog.records
