"""The commands as a user calls them."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from data.errors import CacheError, ProtocolError, RerankError, ResultError, SettingsError
from rerank.cli.app import REFUSED, app, main
from tests.conftest import FIXTURES
from tests.places import make_places, place_name

PAIR = "rootsift+ransac"
CACHE = FIXTURES / "cosplace" / "candidates.h5"


def call(*arguments: Any) -> Result:
    """Call `rerank` and hand on an error made on purpose."""
    result = CliRunner().invoke(app, ["--quiet", *map(str, arguments)])
    if isinstance(result.exception, RerankError):
        raise result.exception
    return result


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished benchmark of two pairs by day and by night, in folders beside each other."""
    folder = tmp_path_factory.mktemp("work")
    places = make_places(folder / "places")
    make_places(places, queries=3, query_folder="queries_night")
    result = call(
        "benchmark", "--dataset", places, "--pair", PAIR, "--pair", "rootsift+rapid",
        "--queries-folder", "queries", "--queries-folder", "queries_night",
        "--results", folder / "results", "--caches", folder / "caches",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert PAIR in result.output
    return folder


def test_evaluate_prints_the_recalls_of_a_cache_in_json() -> None:
    printed = json.loads(call("evaluate", CACHE, "--json").output)
    told = json.loads((FIXTURES / "cosplace" / "meta.json").read_text())["candidates"]["recalls_txt"]
    published = [float(number) for number in told.partition("[")[2].partition("]")[0].split()]
    assert printed["queries"] == 4
    assert set(printed["R@1"]) == {"value", "low", "high"}
    assert (printed["R@1"]["value"], printed["R@5"]["value"]) == (published[0], published[-1])


def test_evaluate_tells_of_a_missing_cache(tmp_path: Path) -> None:
    with pytest.raises(CacheError, match="no such candidate cache"):
        call("evaluate", tmp_path / "none.h5")


def test_compare_says_in_words_which_is_better(work: Path) -> None:
    results = work / "results" / "places"
    text = call("compare", results / PAIR, results / "vlad").output
    assert "R@1 at 25 m over 4 queries" in text
    assert "not distinguishable" in text  # four queries tell nothing apart


def test_compare_refuses_runs_on_other_queries(work: Path) -> None:
    results = work / "results"
    with pytest.raises(ProtocolError, match="number of queries"):
        call("compare", results / "places" / PAIR, results / "places_night" / PAIR)


@pytest.mark.parametrize(
    ("form", "sign"), [("markdown", "| method |"), ("csv", "dataset,method"), ("latex", "\\toprule")]
)
def test_tables_come_in_every_form(work: Path, form: str, sign: str) -> None:
    text = call("table", work / "results", "--format", form).output
    assert sign in text
    assert PAIR in text


def test_an_unknown_form_of_table_is_refused(work: Path) -> None:
    with pytest.raises(SettingsError, match="did you mean 'markdown'"):
        call("table", work / "results", "--format", "markdwn")


def test_sweeps_come_from_stored_scores(work: Path) -> None:
    swept = json.loads(call("sweep", work / "results" / "places" / PAIR, "--json").output)
    (steps,) = swept.values()
    assert [step["step"] for step in steps] == [0, 1, 2, 5, 6]
    assert steps[-1]["R@1"] == 100.0
    assert "50" in call("sweep", work / "results" / "places", "--over", "threshold").output
    with pytest.raises(ResultError, match="fusion or adaptive, found 'thresholds'"):
        call("sweep", work / "results", "--over", "thresholds")


def test_what_stopping_early_saves_comes_from_stored_scores(work: Path) -> None:
    asked = ("sweep", work / "results" / "places" / PAIR, "--over", "adaptive", "--tolerate", 50)
    swept = json.loads(call(*asked, "--json").output)
    assert list(swept) == [f"places {PAIR}"]
    ((saving,),) = swept.values()
    assert (saving["tolerated_points"], saving["candidates"]) == (50.0, 6.0)
    printed = call(*asked).output
    assert "R@1 lost" in printed and "learned on other queries" in printed


def test_reading_results_where_there_are_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="no finished run"):
        call("table", tmp_path)


def test_methods_lists_what_fits_what() -> None:
    listed = json.loads(call("methods", "--json").output)
    superglue = next(method for method in listed["matcher"] if method["name"] == "superglue")
    assert superglue["goes_with"] == ["superpoint"]
    assert superglue["weights"]["permissive"] is False
    assert "rootsift" in call("methods").output


def test_retrieve_alone_prints_the_retrievers_recall(work: Path, tmp_path: Path) -> None:
    result = call(
        "retrieve", work / "places", "--queries-folder", "queries",
        "--results", tmp_path, "--caches", work / "caches",
    )  # fmt: skip
    assert result.exit_code == 0
    assert "vlad" in result.output


def test_a_benchmark_can_be_written_in_a_file(work: Path, tmp_path: Path) -> None:
    config = tmp_path / "benchmark.toml"
    config.write_text(
        f'dataset = "{work / "places"}"\npairs = ["{PAIR}"]\nqueries_folders = ["queries"]\n'
        f'caches = "{work / "caches"}"\n[settings.rootsift]\nmax_keypoints = 300\n'
    )
    result = call("benchmark", "--config", config, "--results", tmp_path / "results")
    assert result.exit_code == 0, result.output
    told = json.loads((tmp_path / "results" / "places" / PAIR / "run.json").read_text())
    assert told["identity"]["method"]["parts"][0]["settings"]["max_keypoints"] == 300


def test_an_unknown_key_in_a_file_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "benchmark.toml"
    config.write_text('dataset = "x"\npars = ["a+b"]\n')
    with pytest.raises(SettingsError, match="did you mean 'pairs'"):
        call("benchmark", "--config", config)


def test_photos_that_could_not_be_used_are_named_and_end_with_1(tmp_path: Path) -> None:
    places = make_places(tmp_path / "places")
    (places / "database" / place_name(30)).write_bytes(b"")
    result = call(
        "benchmark", "--dataset", places, "--pair", PAIR,
        "--results", tmp_path / "results", "--caches", tmp_path / "caches",
    )  # fmt: skip
    assert result.exit_code == 1
    assert f"not used: database/{place_name(30)}" in result.output
    assert PAIR in result.output


def test_data_check_finds_what_is_wrong(work: Path, tmp_path: Path) -> None:
    assert call("data", "check", work / "places", "--queries-folder", "queries").exit_code == 0
    places = make_places(tmp_path / "places")
    (places / "database" / place_name(30)).write_bytes(b"")
    result = call("data", "check", places)
    assert result.exit_code == 1
    assert "problem: unreadable" in result.output


def test_data_list_names_the_published_sets() -> None:
    assert "tokyo_night" in call("data", "list").output


def test_an_error_is_a_message_and_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise CacheError("what is wrong, and what to do")

    with pytest.raises(SystemExit) as ended:
        main(fail)
    assert ended.value.code == REFUSED
    assert capsys.readouterr().err == "error: what is wrong, and what to do\n"


def test_every_command_has_help() -> None:
    for command in typer.main.get_command(app).commands:  # type: ignore[attr-defined]
        assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0
