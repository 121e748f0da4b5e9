"""`rerank plot`, `rerank show` and the picture of `rerank compare`, as a user calls them."""

from pathlib import Path

import pytest
from PIL import Image

from data.errors import DatasetError, ResultError, SettingsError
from tests.places import make_places, place_name
from tests.rerank.cli.test_commands import call

ALWAYS = {"latency_recall", "latency_stages", "recall_candidates", "recall_threshold"}


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished benchmark by day and by night, in folders beside each other."""
    folder = tmp_path_factory.mktemp("work")
    places = make_places(folder / "places", queries=3, query_folder="queries_day")
    make_places(places, queries=3, query_folder="queries_night")
    result = call(
        "benchmark", "--dataset", places, "--pair", "rootsift+ransac", "--pair", "rootsift+rapid",
        "--queries-folder", "queries_day", "--queries-folder", "queries_night",
        "--results", folder / "results", "--caches", folder / "caches",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    return folder


def written(output: str) -> list[Path]:
    """Return the files that a command said it wrote, all of which are there."""
    paths = [Path(line) for line in output.splitlines() if line.endswith((".png", ".svg", ".pdf"))]
    assert all(path.stat().st_size > 1000 for path in paths)
    return paths


def test_plot_draws_all_that_the_results_allow(work: Path, tmp_path: Path) -> None:
    output = call("plot", work / "results", "-o", tmp_path / "plots").output
    found = written(output)
    assert {path.stem for path in found} == ALWAYS | {"day_night"}
    assert {path.suffix for path in found} == {".png", ".svg"}
    assert "recall_dial: not plotted: no runs on a swept city" in output


def test_plot_draws_the_kind_asked_for_whatever_there_is(work: Path, tmp_path: Path) -> None:
    output = call("plot", work / "results" / "places_day", "--kind", "day_night", "-o", tmp_path).output
    assert [path.name for path in written(output)] == ["day_night.png", "day_night.svg"]


def test_an_unknown_kind_of_plot_is_refused(work: Path) -> None:
    with pytest.raises(SettingsError, match="did you mean 'day_night'"):
        call("plot", work / "results", "--kind", "day_nigth")


def test_compare_writes_the_queries_won_and_lost(work: Path, tmp_path: Path) -> None:
    results = work / "results" / "places_day"
    output = call(
        "compare", results / "rootsift+ransac", results / "vlad", "--picture", tmp_path / "won.pdf"
    ).output
    assert "R@1 at 25 m over 3 queries" in output
    assert [path.name for path in written(output)] == ["won.pdf"]


def test_keypoints_are_drawn_by_an_extractor_or_from_a_run(work: Path, tmp_path: Path) -> None:
    photos = [work / "places" / f"queries_{time}" / place_name(1, 10.0) for time in ("day", "night")]
    run = work / "results" / "places_day" / "rootsift+ransac"
    output = call(
        "show", "keypoints", *photos, "-e", "rootsift", "--set", "rootsift.max_keypoints=9",
        "--run", run, "-o", tmp_path / "k.png",
    ).output  # fmt: skip
    (path,) = written(output)
    assert Image.open(path).size[0] > 1000
    with pytest.raises(SettingsError, match="--extractor, or a run"):
        call("show", "keypoints", *photos)


def test_matches_are_drawn_of_runs_and_of_pairs_asked_for(work: Path, tmp_path: Path) -> None:
    output = call(
        "show", "matches", work / "results" / "places_night", "--pair", "rootsift+affine",
        "--query", "1", "--candidate", "2", "-o", tmp_path / "m",
    ).output  # fmt: skip
    assert f"query 1: {place_name(1, 10.0)}" in output
    assert "candidate: " in output
    assert [path.name for path in written(output)] == ["m.png", "m.svg"]


def test_matches_are_drawn_of_any_two_photos(work: Path, tmp_path: Path) -> None:
    first, second = (work / "places" / "database" / place_name(place) for place in (0, 1))
    asked = ["--pair", "rootsift+ransac", "--query", first, "-o", tmp_path / "m.png"]
    assert len(written(call("show", "matches", *asked, "--candidate", second).output)) == 1
    with pytest.raises(SettingsError, match="give run folders, or --pair with two photos"):
        call("show", "matches", *asked)
    with pytest.raises(DatasetError, match="no such photo"):
        call("show", "matches", *asked, "--candidate", tmp_path / "none.jpg")


def test_predictions_are_drawn_of_the_query_named(work: Path, tmp_path: Path) -> None:
    results = work / "results" / "places_day"
    output = call(
        "show", "predictions", results, "--query", place_name(2, 10.0), "-o", tmp_path / "p.png"
    ).output
    assert "query 2: " in output
    assert len(written(output)) == 1
    assert "query 0: " in call("show", "predictions", results, "-o", tmp_path / "p.png").output


def test_predictions_need_runs_of_one_task_that_re_rank(work: Path) -> None:
    with pytest.raises(ResultError, match="of 2: places_day, places_night"):
        call("show", "predictions", work / "results")
    with pytest.raises(ResultError, match="only retrieval was run here"):
        call("show", "predictions", work / "results" / "places_day" / "vlad")


def test_a_dataset_that_moved_is_told_where(work: Path, tmp_path: Path) -> None:
    run = work / "results" / "places_day" / "rootsift+ransac"
    with pytest.raises(DatasetError):
        call("show", "predictions", run, "--dataset", tmp_path)
