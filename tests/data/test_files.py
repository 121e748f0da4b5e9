"""Folders appear whole or not at all, and a full disk is told with advice."""

import errno
from pathlib import Path

import pytest

from data.errors import DiskSpaceError
from data.files import replacing_folder, telling_of_a_full_disk


def test_a_folder_takes_the_place_of_an_older_one_and_links_in_that_lead_to_what_stays(
    tmp_path: Path,
) -> None:
    target, elsewhere = tmp_path / "deep/set", tmp_path / "database"
    elsewhere.mkdir()
    (elsewhere / "1.jpg").touch()
    for text in ("older", "newer"):
        with replacing_folder(target) as part:
            (part / "text").write_text(text)
            (part / text).symlink_to(elsewhere)
    assert sorted(path.name for path in target.iterdir()) == ["newer", "text"]
    assert (target / "text").read_text() == "newer"
    assert (elsewhere / "1.jpg").exists()
    assert [path.name for path in target.parent.iterdir()] == ["set"]


def test_a_folder_that_could_not_be_finished_leaves_the_older_one(tmp_path: Path) -> None:
    with replacing_folder(tmp_path / "set") as part:
        (part / "text").write_text("older")
    with pytest.raises(ZeroDivisionError), replacing_folder(tmp_path / "set") as part:
        (part / "text").write_text("newer")
        _ = 1 / 0
    assert (tmp_path / "set/text").read_text() == "older"
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_with_the_file_and_advice(number: int) -> None:
    told = r"^/there: cannot be written: the disk is full\. Make room$"
    with pytest.raises(DiskSpaceError, match=told), telling_of_a_full_disk("Make room"):
        raise OSError(number, "full", "/there")


def test_other_faults_are_left_as_they_are() -> None:
    with pytest.raises(PermissionError), telling_of_a_full_disk("Make room"):
        raise PermissionError(errno.EACCES, "not yours")
