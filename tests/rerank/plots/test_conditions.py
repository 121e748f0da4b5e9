import dataclasses

import numpy as np

from data.photoset import Fingerprint
from rerank.plots import day_night
from rerank.plots.conditions import day_night_pairs
from rerank.recall import recall_report
from rerank.run import Run
from tests.rerank.made_runs import run_of_hits
from tests.rerank.plots.made import make_runs
from tests.rerank.plots.reading import words


def paired(names: list[str]) -> list[tuple[str, str]]:
    """Return the datasets by day and by night that are put together among datasets of these names."""
    runs = [run_of_hits([True, False], "rootsift", "ransac", dataset=name) for name in names]
    return [(day.run.identity.dataset, night.run.identity.dataset) for day, night in day_night_pairs(runs)]


def test_datasets_are_paired_by_their_names():
    assert paired(["city_day", "city_night"]) == [("city_day", "city_night")]
    assert paired(["b_night", "a_day", "b_day"]) == [("b_day", "b_night")]
    assert paired(["svox", "svox_night"]) == [("svox", "svox_night")]  # known to be by day
    assert paired(["places", "places_night"]) == []  # not known
    assert paired(["city_day"]) == []


def test_other_databases_are_not_paired():
    day, night = (run_of_hits([True], "a", "b", dataset=f"city_{time}") for time in ("day", "night"))
    protocol = dataclasses.replace(night.identity.protocol, database=Fingerprint(5, "other"))
    other = dataclasses.replace(night, identity=dataclasses.replace(night.identity, protocol=protocol))
    assert len(day_night_pairs([day, night])) == 1
    assert day_night_pairs([day, other]) == []


def test_each_row_has_the_recalls_by_day_and_by_night():
    runs = make_runs()
    (axis,) = day_night(runs).axes
    labels = [label.get_text() for label in axis.get_yticklabels()]
    assert labels == ["vlad alone", "delg+rrt", "rootsift+ransac", "rootsift+rapid", "superpoint+superglue"]
    lying = [container[0].get_xydata()[:, 0] for container in axis.containers]
    for values, dataset in zip(lying, ("city_day", "city_night"), strict=True):
        by_name = {run.name: run for run in runs if run.identity.dataset == dataset}
        expected = [_recall(by_name["vlad"]), *(_recall(by_name[name]) for name in labels[1:])]
        np.testing.assert_allclose(values, expected)


def test_a_method_that_was_not_run_by_night_has_no_row():
    runs = [run for run in make_runs() if (run.name, run.identity.dataset) != ("delg+rrt", "city_night")]
    assert "delg+rrt" not in words(day_night(runs))


def test_without_a_night_split_the_plot_says_so():
    assert "no dataset was measured by day and by night" in words(day_night(make_runs(("city_day",))))
    empty = [run_of_hits([], "a", "b", dataset=f"city_{time}") for time in ("day", "night")]
    assert "no queries" in words(day_night(empty))


def test_several_places_get_a_plot_each():
    names = [f"{city}_{time}" for city in "abc" for time in ("day", "night")]
    figure = day_night(make_runs(names, queries=5))
    titled = [axis for axis in figure.axes if axis.get_title(loc="left")]
    assert len(titled) == 3
    assert all(len(axis.containers) == 2 for axis in titled)


def _recall(run: Run) -> float:
    return recall_report(run.first_hits(), run.shortlist.candidates)["R@1"]["value"]
