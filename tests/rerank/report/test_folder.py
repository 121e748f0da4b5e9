"""A report takes the place of a report, whole or not at all, and of nothing else."""

import stat
from pathlib import Path

import pytest

from data.errors import ResultError
from rerank.report.folder import ENTRIES, MARKER, check_replaceable, replacing_report


def write_report(folder: Path, text: str) -> None:
    with replacing_report(folder) as part:
        (part / "data").mkdir()
        (part / "data" / "summary.js").write_text(text)


def test_a_report_is_written_with_its_pages_and_says_what_it_is(tmp_path: Path) -> None:
    write_report(tmp_path / "deep" / "report", "one")
    found = {path.name for path in (tmp_path / "deep" / "report").iterdir()}
    assert found == {"index.html", "assets", "data", MARKER}
    assert found <= ENTRIES
    assert list((tmp_path / "deep").iterdir()) == [tmp_path / "deep" / "report"]
    assert stat.S_IMODE((tmp_path / "deep" / "report").stat().st_mode) & 0o700 == 0o700


def test_it_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    write_report(tmp_path / "report", "one")
    (tmp_path / "report" / "data" / "stale.js").write_text("stale")
    write_report(tmp_path / "report", "two")
    assert (tmp_path / "report" / "data" / "summary.js").read_text() == "two"
    assert not (tmp_path / "report" / "data" / "stale.js").exists()
    assert list(tmp_path.iterdir()) == [tmp_path / "report"]


def test_an_error_leaves_the_older_one_as_it_was(tmp_path: Path) -> None:
    write_report(tmp_path / "report", "one")
    with pytest.raises(ZeroDivisionError), replacing_report(tmp_path / "report") as part:
        (part / "index.html").write_text("half")
        raise ZeroDivisionError
    assert (tmp_path / "report" / "data" / "summary.js").read_text() == "one"
    assert list(tmp_path.iterdir()) == [tmp_path / "report"]


def test_a_failed_renaming_puts_the_older_one_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_report(tmp_path / "report", "one")
    rename = Path.rename

    def failing(path: Path, target: Path) -> Path:
        if path.suffix == ".part":
            raise OSError("disk is gone")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OSError, match="disk is gone"):
        write_report(tmp_path / "report", "two")
    assert (tmp_path / "report" / "data" / "summary.js").read_text() == "one"


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    write_report(tmp_path / "report", "one")
    assert (tmp_path / "report" / "index.html").exists()


def test_what_is_no_report_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "table.md").write_text("mine")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ResultError, match=r"results is there and is no report"):
        check_replaceable(tmp_path / "results")
    with pytest.raises(ResultError, match=r"file is a file"):
        check_replaceable(tmp_path / "file")
    assert (tmp_path / "results" / "table.md").read_text() == "mine"


def test_files_of_others_in_a_report_are_not_deleted(tmp_path: Path) -> None:
    write_report(tmp_path / "report", "one")
    (tmp_path / "report" / "notes.txt").write_text("mine")
    with pytest.raises(ResultError, match=r"holds, beside a report, notes\.txt"):
        write_report(tmp_path / "report", "two")
    assert (tmp_path / "report" / "notes.txt").read_text() == "mine"


def test_a_link_to_a_report_stays_a_link(tmp_path: Path) -> None:
    write_report(tmp_path / "one", "one")
    (tmp_path / "latest").symlink_to(tmp_path / "one")
    write_report(tmp_path / "latest", "two")
    assert (tmp_path / "latest").is_symlink()
    assert (tmp_path / "one" / "data" / "summary.js").read_text() == "two"
