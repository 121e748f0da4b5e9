import dataclasses
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from data.errors import ResultError
from rerank.metrics import first_hits
from rerank.provenance import Method, Part
from rerank.results import QueryScores, RunFolder, find_runs
from rerank.run import BadPhoto
from tests.rerank.made_runs import ENVIRONMENT, fill, make_identity, make_shortlist, scores_of

ROOT = Path(__file__).parents[2]
FINISHED_FILES = ["run.json", "scores.h5", "timings.h5"]


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def shortlist():
    return make_shortlist()


def test_a_run_comes_back_as_it_was_written(tmp_path, shortlist):
    written = fill(tmp_path / "run", shortlist)
    read = RunFolder(tmp_path / "run").read()
    for name in ("values", "matches", "inliers", "seconds", "turns"):
        np.testing.assert_array_equal(getattr(read, name), getattr(written, name))
        assert getattr(read, name).dtype == getattr(written, name).dtype
    for field in dataclasses.fields(shortlist):
        np.testing.assert_array_equal(getattr(read.shortlist, field.name), getattr(shortlist, field.name))
    assert read.environment == ENVIRONMENT
    assert read.identity.protocol == written.identity.protocol
    assert (read.first_hits() == written.first_hits()).all()
    np.testing.assert_array_equal(read.values[3], scores_of(3).values)
    assert (read.inliers == -1).all()


def test_run_json_carries_recalls_latency_and_bad_photos(tmp_path, shortlist):
    with RunFolder(tmp_path) as folder:
        folder.begin(make_identity(shortlist), ENVIRONMENT)
        for query in range(6):
            folder.append(
                query, QueryScores(scores_of(query).values, seconds={"matching": 1.0, "scoring": 0.5})
            )
        run = folder.finish(
            shortlist,
            bad_photos=[BadPhoto("database/a.jpg", "empty file")],
            times={"scoring": 9.0},
            warm_up=2,
        )
    stored = json.loads((tmp_path / "run.json").read_text())
    assert stored["recalls"]["queries"] == 6
    assert stored["recalls"]["queries_without_positives"] == int(np.sum(shortlist.positives == 0))
    assert stored["recalls"]["R@1"]["value"] == pytest.approx(100 * np.mean(run.first_hits() == 0))
    assert stored["latency"]["stages"]["matching"]["median_s"] == 1.0
    assert stored["latency"]["warm_up"] == 2
    assert stored["latency"]["cold"] is None
    assert stored["protocol_digest"] == run.identity.protocol.digest
    assert RunFolder(tmp_path).read().bad_photos == (BadPhoto("database/a.jpg", "empty file"),)
    assert RunFolder(tmp_path).read().times == {"scoring": 9.0}


def test_the_order_of_queries_does_not_change_the_scores_file(tmp_path, shortlist):
    fill(tmp_path / "a", shortlist)
    fill(tmp_path / "b", shortlist, [4, 2, 0, 5, 1, 3])
    assert (tmp_path / "a/scores.h5").read_bytes() == (tmp_path / "b/scores.h5").read_bytes()


MOMENTS = [
    "write:0:half",
    "write:0:after",
    "write:1:before",
    "write:3:half",
    "write:6:after",
    "replace:0:before",
    "replace:1:before",
    "replace:2:before",
    "replace:2:after",
    "unlink:3:before",
]
AGAIN_AND_AGAIN = ["again:write:2:after", "again:write:1:half", "again:write:1:after"]  # 0 is the header


@pytest.fixture(scope="module")
def killed(tmp_path_factory) -> Path:
    """Return a folder with one killed run for each moment, and one killed several times."""
    folder = tmp_path_factory.mktemp("killed")
    arguments = [f"{number}:{moment}" for number, moment in enumerate(MOMENTS)] + AGAIN_AND_AGAIN
    command = [sys.executable, "-m", "tests.rerank.killed_run", *(f"{folder}/{text}" for text in arguments)]
    ended = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    assert ended == [str(int(signal.SIGKILL))] * len(arguments)
    return folder


@pytest.mark.parametrize("number", range(len(MOMENTS)), ids=MOMENTS)
def test_a_killed_run_goes_on_to_the_files_of_an_undisturbed_one(tmp_path, shortlist, killed, number):
    fill(tmp_path, shortlist)
    fill(killed / str(number), shortlist)
    assert files_in(killed / str(number)) == FINISHED_FILES
    assert (killed / str(number) / "scores.h5").read_bytes() == (tmp_path / "scores.h5").read_bytes()


def test_a_run_killed_again_and_again_loses_no_appended_query(tmp_path, shortlist, killed):
    with RunFolder(killed / "again") as folder:
        folder.begin(make_identity(shortlist), ENVIRONMENT)
        assert folder.done_queries() == {0, 1, 2, 3, 4}
    fill(tmp_path, shortlist)
    fill(killed / "again", shortlist)
    assert (killed / "again/scores.h5").read_bytes() == (tmp_path / "scores.h5").read_bytes()


def test_warm_up_starts_anew_with_every_process(tmp_path, shortlist):
    for queries in ([0, 1, 2], [3, 4, 5]):
        with RunFolder(tmp_path) as folder:
            folder.begin(make_identity(shortlist), ENVIRONMENT)
            for query in queries:
                folder.append(query, scores_of(query))
    run = fill(tmp_path, shortlist)
    assert run.turns.tolist() == [0, 1, 2, 0, 1, 2]


def test_a_finished_run_is_taken_as_done(tmp_path, shortlist):
    fill(tmp_path, shortlist)
    with RunFolder(tmp_path) as folder:
        folder.begin(make_identity(shortlist), ENVIRONMENT)
        assert folder.finished
        assert folder.done_queries() == set(range(6))
        with pytest.raises(ResultError, match="not being written"):
            folder.append(0, scores_of(0))


@pytest.mark.parametrize("finished", [False, True])
def test_another_configuration_is_refused_naming_what_differs(tmp_path, shortlist, finished):
    if finished:
        fill(tmp_path, shortlist)
    else:
        with RunFolder(tmp_path) as folder:
            folder.begin(make_identity(shortlist), ENVIRONMENT)
    other = dataclasses.replace(
        make_identity(shortlist),
        method=Method((Part("rootsift", {"size": (3, 5)}), Part("ransac", {"size": (3, 4)}, "f00"))),
    )
    with RunFolder(tmp_path) as folder, pytest.raises(ResultError) as caught:
        folder.begin(other, ENVIRONMENT)
    message = str(caught.value)
    assert "rootsift.size: [3, 4] against [3, 5]" in message
    assert "ransac.weights (digest):  against f00" in message
    assert "ransac.size" not in message
    assert "--results" in message


def test_a_changed_environment_is_noted(tmp_path, shortlist):
    with RunFolder(tmp_path) as folder:
        folder.begin(make_identity(shortlist), dataclasses.replace(ENVIRONMENT, versions={"numpy": "1.26"}))
    assert fill(tmp_path, shortlist).notes == (
        "begun with another environment: versions.numpy: 1.26 against 2.0",
    )


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (QueryScores(np.array([1.0, np.nan, 0, 0, 0])), r"query 0: rootsift\+ransac gave NaN as values"),
        (QueryScores(np.zeros(4)), r"query 0: values must be \(5,\)"),
        (QueryScores(np.zeros(5), inliers=np.zeros(6)), r"inliers must be \(5,\)"),
        (QueryScores(np.zeros(5), seconds={"thinking": 1.0}), "no stage is called thinking; the stages are"),
    ],
)
def test_impossible_scores_are_refused(tmp_path, shortlist, scores, message):
    with RunFolder(tmp_path) as folder:
        folder.begin(make_identity(shortlist), ENVIRONMENT)
        with pytest.raises(ResultError, match=message):
            folder.append(0, scores)
        assert folder.done_queries() == frozenset()


@pytest.mark.parametrize("query", [-1, 2, 6])
def test_unknown_and_repeated_queries_are_refused(tmp_path, shortlist, query):
    with RunFolder(tmp_path) as folder:
        folder.begin(make_identity(shortlist), ENVIRONMENT)
        folder.append(2, scores_of(2))
        with pytest.raises(ResultError, match=f"query {query} of 6"):
            folder.append(query, scores_of(2))


def test_a_query_that_cannot_be_scored_keeps_the_retrievers_order(tmp_path, shortlist):
    with RunFolder(tmp_path) as folder:
        folder.begin(make_identity(shortlist), ENVIRONMENT)
        for query in range(6):
            folder.append(query, QueryScores.unscored(5))
        run = folder.finish(shortlist)
    assert (run.order == np.arange(5)).all()
    assert (run.first_hits() == run.retrieval_first_hits()).all()


def test_an_incomplete_run_is_not_finished(tmp_path, shortlist):
    with RunFolder(tmp_path) as folder:
        folder.begin(make_identity(shortlist), ENVIRONMENT)
        folder.append(0, scores_of(0))
        with pytest.raises(ResultError, match="5 of 6 queries are not scored"):
            folder.finish(shortlist)
    with pytest.raises(ResultError, match="no finished run"):
        RunFolder(tmp_path).read()


@pytest.mark.parametrize("room_bytes", [100, 3000])
def test_a_full_disk_at_the_end_is_told_and_loses_nothing(tmp_path, shortlist, room_bytes):
    with RunFolder(tmp_path) as folder:
        folder.begin(make_identity(shortlist), ENVIRONMENT)
        for query in range(6):
            folder.append(query, scores_of(query))
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room_bytes, before[1]))
        try:
            with pytest.raises(
                ResultError, match=r"cannot be written: .* Make room and run the same command"
            ):
                folder.finish(shortlist)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert files_in(tmp_path) == ["scores.journal"]
    fill(tmp_path, shortlist)
    assert files_in(tmp_path) == FINISHED_FILES


def test_a_refused_folder_is_let_go(tmp_path, shortlist):
    fill_later, refused = RunFolder(tmp_path), RunFolder(tmp_path)
    with RunFolder(tmp_path) as folder:
        folder.begin(make_identity(shortlist), ENVIRONMENT)
    with pytest.raises(ResultError, match="another configuration"):
        refused.begin(make_identity(shortlist, "r2d2", "rapid"), ENVIRONMENT)
    fill_later.begin(make_identity(shortlist), ENVIRONMENT)
    fill_later.close()


def test_another_shortlist_is_not_accepted_at_the_end(tmp_path, shortlist):
    with RunFolder(tmp_path) as folder:
        folder.begin(make_identity(shortlist), ENVIRONMENT)
        for query in range(6):
            folder.append(query, scores_of(query))
        with pytest.raises(ResultError, match="the protocol names the candidates"):
            folder.finish(make_shortlist(seed=1))


def test_a_newer_format_is_refused_politely(tmp_path, shortlist):
    fill(tmp_path, shortlist)
    stored = json.loads((tmp_path / "run.json").read_text())
    (tmp_path / "run.json").write_text(json.dumps(stored | {"format": 2}))
    with pytest.raises(ResultError, match="has format 2, this version reads up to 1: install a newer"):
        RunFolder(tmp_path).read()


def test_a_newer_scores_file_is_refused_too(tmp_path, shortlist):
    fill(tmp_path, shortlist)
    with h5py.File(tmp_path / "scores.h5", "r+") as stored:
        stored.attrs["format"] = 2
    with pytest.raises(ResultError, match=r"scores.h5 has format 2"):
        RunFolder(tmp_path).read()


@pytest.mark.parametrize("name", FINISHED_FILES)
def test_a_damaged_file_is_named(tmp_path, shortlist, name):
    fill(tmp_path, shortlist)
    os.truncate(tmp_path / name, 40)
    with pytest.raises(ResultError, match=name):
        RunFolder(tmp_path).read()


def test_files_of_two_runs_do_not_mix(tmp_path, shortlist):
    fill(tmp_path / "a", shortlist)
    fill(tmp_path / "b", make_shortlist(seed=1))
    (tmp_path / "b/scores.h5").replace(tmp_path / "a/scores.h5")
    with pytest.raises(ResultError, match="belongs to another run"):
        RunFolder(tmp_path / "a").read()


@pytest.mark.parametrize(("queries", "candidates"), [(0, 5), (1, 1), (3, 0)])
def test_runs_of_hardly_anything(tmp_path, queries, candidates):
    shortlist = make_shortlist(queries, candidates)
    fill(tmp_path, shortlist)
    read = RunFolder(tmp_path).read()
    assert read.values.shape == (queries, candidates)
    assert len(read.first_hits()) == queries


def test_names_that_are_no_utf8_survive(tmp_path):
    shortlist = dataclasses.replace(make_shortlist(2, 3), query_names=["caf\udce9.jpg", "東京.jpg"])
    fill(tmp_path, shortlist)
    assert RunFolder(tmp_path).read().shortlist.query_names == ["caf\udce9.jpg", "東京.jpg"]


def test_finished_runs_are_found(tmp_path, shortlist):
    fill(tmp_path / "toy/b+c", shortlist)
    fill(tmp_path / "toy/a+c", shortlist)
    with RunFolder(tmp_path / "toy/open") as folder:
        folder.begin(make_identity(shortlist), ENVIRONMENT)
    assert [run.path.name for run in find_runs(tmp_path)] == ["a+c", "b+c"]
    assert find_runs(tmp_path / "nowhere") == []


def test_hits_are_the_same_in_blocks_of_any_size(tmp_path, monkeypatch, shortlist):
    run = fill(tmp_path, shortlist)
    expected = run.first_hits()
    for block in (1, 4, 6):
        monkeypatch.setattr("rerank.run.BLOCK_QUERIES", block)
        np.testing.assert_array_equal(run.first_hits(), expected)
    np.testing.assert_array_equal(first_hits(run.labels(), run.order), expected)
