import logging
import os

import numpy as np
import pytest

from data.errors import DatasetError
from data.folders import condition_of, read_folder
from data.scan import list_file_of, scan_folder, unchanged
from tests.data.samples import named, write_photos


def test_photos_of_any_extension_and_depth_are_found_in_order_of_base_names(tmp_path):
    folder = tmp_path / "database"
    paths = ["z/@2@0@.jpg", "@3@0@.JPEG", "a/b/@1@0@.PnG", "a/@4@0@.JPG"]
    write_photos(folder, paths)
    for ignored in ("@5@0@.gif", ".@6@0@.jpg", ".hidden/@7@0@.jpg", "notes.txt"):
        write_photos(folder, [ignored])
    photos = read_folder(folder, tmp_path)
    assert list(photos.paths) == ["a/b/@1@0@.PnG", "z/@2@0@.jpg", "@3@0@.JPEG", "a/@4@0@.JPG"]
    assert photos.ordering == "base name"
    np.testing.assert_array_equal(photos.positions, [[1, 0], [2, 0], [3, 0], [4, 0]])


def test_what_names_say_is_in_the_arrays(tmp_path):
    folder = tmp_path / "queries_night"
    noted = named(3, zone="33U", timestamp="20210706_120000", heading=90.0, note="day_forward_cph")
    write_photos(folder, [named(1, 4179853.58), noted])
    photos = read_folder(folder, tmp_path)
    assert photos.positions.dtype == np.float64
    assert photos.positions[0].tolist() == [1.0, 4179853.58]
    np.testing.assert_array_equal(photos.headings, [np.nan, 90.0])
    assert [str(time) for time in photos.times] == ["NaT", "2021-07-06T12:00:00"]
    assert photos.zones.tolist() == ["10S", "33U"]
    assert photos.conditions.tolist() == ["night", "day"]


@pytest.mark.parametrize(
    ("folder", "condition"), [("queries_night", "night"), ("queries", ""), ("database", ""), ("db_night", "")]
)
def test_conditions_of_folder_names(folder, condition):
    assert condition_of(folder) == condition


def test_names_without_positions_are_counted_and_shown(tmp_path):
    write_photos(tmp_path / "database", [named(1), "IMG_1.jpg", "IMG_2.jpg"])
    with pytest.raises(DatasetError, match=r"2 of 3 photo names .* first is IMG_1\.jpg.*@UTM_east") as caught:
        read_folder(tmp_path / "database", tmp_path)
    assert "table" in str(caught.value)


def test_missing_and_empty_folders(tmp_path):
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries" / "readme.txt").touch()
    with pytest.raises(DatasetError, match=r"queries: holds no photos \(\.jpg, \.jpeg, \.png"):
        read_folder(tmp_path / "queries", tmp_path)
    with pytest.raises(DatasetError, match="none: no such folder"):
        read_folder(tmp_path / "none", tmp_path)


def test_the_list_file_replaces_the_walk_and_its_order(tmp_path, caplog):
    folder = tmp_path / "database"
    write_photos(folder, ["b/@1@0@.jpg", "@2@0@.jpg", "@3@0@.jpg"])
    list_file_of(folder).write_text("@3@0@.jpg\r\n\r\nb/@1@0@.jpg\n")
    with caplog.at_level(logging.WARNING):
        photos = read_folder(folder, tmp_path)
    assert list(photos.paths) == ["@3@0@.jpg", "b/@1@0@.jpg"]
    assert photos.ordering == "list file"
    assert "1 photos on disk are not in its list file" in caplog.text


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            "@1@0@.jpg\n@8@0@.jpg\n@9@0@.jpg\n",
            r"2 of its 3 lines name no photo on disk, such as @8@0@\.jpg, @9",
        ),
        ("\n", "0 of its 0 lines"),
        ("@1@0@.jpg\n@1@0@.jpg\n", "1 lines repeat"),
    ],
)
def test_a_list_file_that_contradicts_the_disk_is_refused(tmp_path, lines, message):
    write_photos(tmp_path / "database", ["@1@0@.jpg"])
    list_file_of(tmp_path / "database").write_text(lines)
    with pytest.raises(DatasetError, match=message):
        read_folder(tmp_path / "database", tmp_path)


def test_symbolic_links_are_followed_and_cycles_end(tmp_path):
    write_photos(tmp_path / "elsewhere", [named(1)])
    folder = tmp_path / "database"
    write_photos(folder, [named(2)])
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    (folder / "cycle").symlink_to(folder)
    (folder / named(3)).symlink_to(tmp_path / "elsewhere" / named(1))
    assert scan_folder(folder).paths == [f"link/{named(1)}", named(2), named(3)]


def test_names_that_are_not_utf8(tmp_path):
    folder = tmp_path / "database"
    write_photos(folder, [named(1)])
    odd = os.fsdecode(b"@2@0@\xff@.jpg")
    (folder / odd).touch()
    assert odd in read_folder(folder, tmp_path).paths


def test_changes_are_noticed(tmp_path):
    folder = tmp_path / "database"
    write_photos(folder, [f"a/{named(1)}", named(2)])
    stamps = scan_folder(folder).stamps
    assert unchanged(folder, stamps)
    os.utime(folder / "a", ns=(0, 5))
    assert not unchanged(folder, stamps)
    stamps = scan_folder(folder).stamps
    list_file_of(folder).write_text(named(2))
    assert not unchanged(folder, stamps)


def test_a_folder_that_cannot_be_read(tmp_path, monkeypatch):
    def refuse(folder):
        raise PermissionError(13, "Permission denied", str(folder))

    write_photos(tmp_path / "database", [named(1)])
    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DatasetError, match="database: cannot be read: Permission denied"):
        scan_folder(tmp_path / "database")
