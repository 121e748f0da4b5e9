"""Making a whole report: what is written, what is warned of, what is refused."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from data.errors import DatasetError, ResultError, SettingsError
from matchers import Matches
from rerank import report as report_room
from rerank.cli.app import app
from rerank.report import Options, make_report
from rerank.report.correspondences import MOST_REJECTED, STEPS, drawn
from rerank.results import RunFolder
from tests.rerank.report.made_results import make_runs, make_street, run_places


def value_of(path: Path) -> Any:
    return json.loads(path.read_text().partition("]=")[2].removesuffix(";\n"))


@pytest.fixture
def results(tmp_path: Path, unplotted: None) -> Path:
    make_runs(tmp_path / "results", make_street(tmp_path / "street"))
    return tmp_path / "results"


def test_the_same_results_give_the_same_files(results: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        make_report(results, tmp_path / name)
    files = [path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file()]
    assert len(files) > 50
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file


def test_all_that_the_page_names_is_there(results: Path, tmp_path: Path) -> None:
    folder = make_report(results, tmp_path / "report").folder
    page = (folder / "index.html").read_text()
    named = [part.partition('"')[0] for key in ('src="', 'href="') for part in page.split(key)[1:]]
    assert len(named) > 30
    assert [name for name in named if not name.startswith("#") and not (folder / name).is_file()] == []
    loaded = {path.name for path in (folder / "assets").iterdir()}
    assert loaded == {Path(name).name for name in named if name.startswith("assets/")}


def test_lost_photos_are_warned_of_and_found_where_one_says(results: Path, tmp_path: Path) -> None:
    shutil.move(tmp_path / "street", tmp_path / "moved")
    made = make_report(results, tmp_path / "report")
    assert made.photos == 0
    assert len(made.warnings) == 1
    assert "street is shown without photos and map" in made.warnings[0]
    assert "--dataset street=PATH" in made.warnings[0]
    again = make_report(results, tmp_path / "report", Options(sources={"street": str(tmp_path / "moved")}))
    assert again.photos > 12
    assert again.warnings == []


def test_a_place_without_the_photos_is_refused_and_the_older_report_stays(
    results: Path, tmp_path: Path
) -> None:
    make_report(results, tmp_path / "report")
    with pytest.raises(DatasetError):
        make_report(results, tmp_path / "report", Options(sources={"street": str(tmp_path)}))
    with pytest.raises(
        SettingsError, match="names no dataset of the results: 'stret'; did you mean 'street'"
    ):
        make_report(results, tmp_path / "report", Options(sources={"stret": str(tmp_path)}))
    assert (tmp_path / "report" / "index.html").exists()


def test_missing_photos_are_counted_and_named(results: Path, tmp_path: Path) -> None:
    for photo in sorted((tmp_path / "street" / "queries").iterdir())[:7]:
        photo.write_bytes(b"torn")
    made = make_report(results, tmp_path / "report")
    assert len(made.warnings) == 1
    assert made.warnings[0].startswith("7 photos could not be shown: @")
    assert made.warnings[0].endswith(" and 2 more")
    (columns,) = (value_of(path) for path in (tmp_path / "report" / "data").glob("*/queries.js"))
    assert columns["photos"].count(None) == 7


def test_a_run_folder_itself_may_be_given(results: Path, tmp_path: Path) -> None:
    made = make_report(results / "street" / "run1", tmp_path / "report")
    assert made.runs == 1


@pytest.fixture(scope="module")
def matched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report, with correspondences, of a benchmark that was really run."""
    folder = tmp_path_factory.mktemp("matched")
    return make_report(run_places(folder), folder / "report", Options(matches=True)).folder


def test_correspondences_are_those_of_the_method(matched: Path) -> None:
    (found,) = value_of(next((matched / "data").glob("*/matches-0.js")))
    run = RunFolder(matched.parent / "results" / "places" / "rootsift+ransac").read()
    firsts = run.order[:, 0]
    for query, of_query in enumerate(found):
        assert of_query["counts"][0] == run.inliers[query, firsts[query]]
        assert sum(of_query["counts"]) == run.matches[query, firsts[query]]
    points = np.array(found[0]["inliers"]).reshape(-1, 4)
    assert (points >= 0).all()
    assert (points <= STEPS).all()
    moved = np.median(points[:, 2:] - points[:, :2], axis=0) / STEPS * (160, 120)
    np.testing.assert_allclose(moved, (9, 9), atol=0.5)  # the query is the place shifted by 9 px


def test_many_correspondences_are_thinned_and_counted() -> None:
    count = 1000
    points = np.linspace(0, 99, 2 * count, dtype=np.float32).reshape(count, 2)
    found = drawn(Matches(points, points, np.zeros(count, bool)), [np.array([100.0, 100.0])] * 2)
    assert found["counts"] == [0, count]
    assert found["inliers"] == []
    assert 0 < len(found["rejected"]) // 4 <= MOST_REJECTED


def test_the_command_says_where_the_report_is(results: Path, tmp_path: Path) -> None:
    output = tmp_path / "report"
    done = CliRunner().invoke(app, ["--quiet", "report", str(results), "-o", str(output), "--photo-px", "64"])
    assert done.exit_code == 0, done.output
    assert f"{output / 'index.html'}: 3 runs, " in done.output
    refused = CliRunner().invoke(app, ["--quiet", "report", str(results), "-o", str(results)])
    assert isinstance(refused.exception, ResultError)
    assert "is no report" in str(refused.exception)
    wrong = CliRunner().invoke(
        app, ["--quiet", "report", str(results), "-o", str(output), "--dataset", "street"]
    )
    assert isinstance(wrong.exception, SettingsError)
    assert "NAME=PATH" in str(wrong.exception)


def test_plots_are_drawn_of_names_with_markup_and_dollars(tmp_path: Path) -> None:
    make_runs(tmp_path / "results", make_street(tmp_path / "<b>$x$&"), ["<i>$a$+_^{}"])
    folder = make_report(tmp_path / "results", tmp_path / "report").folder
    plots = {plot["file"] for plot in value_of(folder / "data" / "summary.js")["plots"]}
    assert {"latency_recall", "recall_candidates"} <= plots
    assert {path.name for path in (folder / "plots").iterdir()} == {
        f"{plot}.{suffix}" for plot in plots for suffix in ("svg", "png")
    }


def test_pages_take_no_data_for_markup_and_allow_nothing_from_elsewhere() -> None:
    site = Path(report_room.__file__).parent / "site"
    for script in (site / "assets").glob("*.js"):
        text = script.read_text()
        for door in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "http"):
            assert door not in text.replace("http://www.w3.org/2000/svg", ""), (script.name, door)
    page = (site / "index.html").read_text()
    assert "default-src 'none'" in page
    assert "unsafe" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert "<style" not in page
    assert " style=" not in page
    assert " onclick" not in page
    assert page.count("<script") == page.count("<script src=")
