"""Which runs a report is made of, and what is said of the others."""

import shutil
from pathlib import Path

import pytest

from data.errors import ResultError
from rerank.report.gathering import gather_runs
from rerank.results import RunFolder
from tests.rerank.made_runs import ENVIRONMENT, fill, make_identity, make_shortlist, scores_of


def test_finished_runs_are_gathered_in_the_order_of_their_folders(tmp_path: Path) -> None:
    for name, seed in (("b", 1), ("a", 2)):
        fill(tmp_path / "toy" / name, make_shortlist(seed=seed))
    gathered = gather_runs(tmp_path)
    expected = [make_shortlist(seed=seed).positives.tolist() for seed in (2, 1)]
    assert [run.shortlist.positives.tolist() for run in gathered.runs] == expected
    assert gathered.warnings == []


def test_an_unfinished_run_is_named(tmp_path: Path) -> None:
    fill(tmp_path / "toy" / "done", make_shortlist())
    with RunFolder(tmp_path / "toy" / "rootsift+rapid") as folder:
        folder.begin(make_identity(make_shortlist(), "rootsift", "rapid"), ENVIRONMENT)
        folder.append(0, scores_of(0))
    gathered = gather_runs(tmp_path)
    assert len(gathered.runs) == 1
    assert gathered.warnings == [
        "left out: toy/rootsift+rapid is unfinished; the command that began it continues it"
    ]


def test_a_damaged_run_is_left_out_with_the_reason(tmp_path: Path) -> None:
    fill(tmp_path / "good", make_shortlist())
    fill(tmp_path / "torn", make_shortlist(seed=1))
    (tmp_path / "torn" / "scores.h5").write_bytes(b"torn")
    gathered = gather_runs(tmp_path)
    assert len(gathered.runs) == 1
    assert len(gathered.warnings) == 1
    assert "torn/scores.h5 cannot be read" in gathered.warnings[0]


def test_a_run_that_is_there_twice_counts_once(tmp_path: Path) -> None:
    fill(tmp_path / "a", make_shortlist())
    shutil.copytree(tmp_path / "a", tmp_path / "copy")
    gathered = gather_runs(tmp_path)
    assert len(gathered.runs) == 1
    assert gathered.warnings == ["left out: copy is the run a again"]


def test_no_run_at_all_is_an_error_that_says_what_there_is(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "begun") as folder:
        folder.begin(make_identity(make_shortlist()), ENVIRONMENT)
    with pytest.raises(ResultError, match=r"no finished run below .*; left out: begun is unfinished"):
        gather_runs(tmp_path)
