import logging
import os
from pathlib import Path

import numpy as np
import pytest

import data.folders
import data.index_cache
from data.folders import read_folder
from tests.data.samples import named, write_photos


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A folder whose index is worth keeping: old enough, and large enough by a lowered bar."""
    monkeypatch.setattr(data.folders, "WORTH_CACHING", 2)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    folder = tmp_path / "set" / "database"
    write_photos(folder, [f"b/{named(1, heading=3.0)}", named(2, timestamp="2013"), named(3)])
    make_old(folder)
    return folder


def make_old(folder: Path) -> None:
    for path in (folder, *filter(Path.is_dir, folder.rglob("*"))):
        os.utime(path, (1e9, 1e9))


def indexes(folder: Path) -> list[Path]:
    return list((folder.parent / ".rerank").glob("*.npz"))


@pytest.fixture
def parsed(monkeypatch) -> list[str]:
    """The names that were parsed: none when an index is used."""
    seen = []
    parse = data.folders.parse_name
    monkeypatch.setattr(data.folders, "parse_name", lambda name: seen.append(name) or parse(name))
    return seen


def test_the_second_reading_uses_the_index(folder, parsed):
    first = read_folder(folder, folder.parent)
    assert len(parsed) == 3
    second = read_folder(folder, folder.parent)
    assert len(parsed) == 3
    assert second.paths == first.paths
    assert second.ordering == first.ordering
    assert second.fingerprint == first.fingerprint
    assert second.folder == first.folder
    for name in ("positions", "headings", "times", "zones", "conditions"):
        np.testing.assert_array_equal(getattr(second, name), getattr(first, name))
        assert getattr(second, name).dtype == getattr(first, name).dtype


def test_an_index_moves_with_its_dataset(folder, parsed):
    read_folder(folder, folder.parent)
    moved = folder.parent.rename(folder.parent.with_name("moved"))
    photos = read_folder(moved / "database", moved)
    assert len(parsed) == 3
    assert photos.path(1).is_file()


@pytest.mark.parametrize("change", ["add", "remove", "list"])
def test_a_changed_folder_is_read_again(folder, parsed, change):
    read_folder(folder, folder.parent)
    if change == "add":
        write_photos(folder / "b", [named(4)])
    elif change == "remove":
        (folder / "b" / named(1, heading=3.0)).unlink()
    else:
        folder.with_name("database_images_paths.txt").write_text(named(2, timestamp="2013"))
    expected = {"add": 4, "remove": 2, "list": 1}[change]
    assert len(read_folder(folder, folder.parent)) == expected
    assert len(parsed) == 3 + expected


def test_a_folder_in_use_is_not_indexed(folder):
    write_photos(folder, [named(4)])
    read_folder(folder, folder.parent)
    assert not indexes(folder)


def test_small_sets_and_switched_off_caches_leave_nothing(folder, monkeypatch):
    read_folder(folder, folder.parent, cache=False)
    monkeypatch.setattr(data.folders, "WORTH_CACHING", 4)
    read_folder(folder, folder.parent)
    assert not indexes(folder)


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_a_damaged_index_is_replaced(folder, parsed, caplog, damage):
    read_folder(folder, folder.parent)
    (index,) = indexes(folder)
    whole = index.read_bytes()
    index.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    with caplog.at_level(logging.WARNING):
        assert len(read_folder(folder, folder.parent)) == 3
    assert "damaged index" in caplog.text
    assert len(parsed) == 6
    read_folder(folder, folder.parent)
    assert len(parsed) == 6


def test_an_index_of_another_format_is_replaced(folder, parsed, monkeypatch):
    monkeypatch.setattr(data.index_cache, "FORMAT_VERSION", 99)
    read_folder(folder, folder.parent)
    monkeypatch.undo()
    monkeypatch.setattr(data.folders, "WORTH_CACHING", 2)
    assert len(read_folder(folder, folder.parent)) == 3


def test_a_root_that_cannot_be_written_is_indexed_at_home(folder, parsed, monkeypatch):
    monkeypatch.setattr(data.index_cache.os, "access", lambda path, mode: False)
    read_folder(folder, folder.parent)
    assert not (folder.parent / ".rerank").exists()
    assert list((Path.home() / ".cache" / "rerank" / "index").glob("*.npz"))
    read_folder(folder, folder.parent)
    assert len(parsed) == 3


def test_an_index_that_cannot_be_stored_stops_nothing(folder, caplog):
    (folder.parent / ".rerank").touch()
    with caplog.at_level(logging.WARNING):
        assert len(read_folder(folder, folder.parent)) == 3
    assert "cannot be stored" in caplog.text
