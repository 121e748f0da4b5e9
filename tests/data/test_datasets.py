from pathlib import Path

import pytest

from data.datasets import open_dataset, query_folders
from data.errors import DatasetError
from tests.data.samples import named, write_dataset

DAY_AND_NIGHT = {
    "database": [named(1)],
    "queries_day": [named(2)],
    "queries_night": [named(3), named(4)],
}


@pytest.mark.parametrize("below", ["images/test", "processed/test", "test", ""])
def test_a_root_and_what_holds_the_photos_are_the_same_dataset(tmp_path, below):
    root = write_dataset(tmp_path / "toy", below=below)
    for source in (root, root / below, str(root)):
        dataset = open_dataset(source)
        assert dataset.name == "toy"
        assert dataset.root == root
        assert (len(dataset.database), len(dataset.queries)) == (4, 2)
        assert dataset.database.path(0).is_file()


def test_other_splits_enter_the_name(tmp_path):
    root = write_dataset(tmp_path / "toy", below="images/val")
    assert open_dataset(root / "images" / "val").name == "toy_val"
    assert open_dataset(root / "images" / "val").root == root


def test_relative_sources(tmp_path, monkeypatch):
    root = write_dataset(tmp_path / "toy")
    monkeypatch.chdir(root / "images")
    assert open_dataset("..").name == "toy"
    monkeypatch.chdir(root)
    assert open_dataset(".").root == root
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_dataset("~/toy").root == root


def test_query_sets_are_chosen_by_name(tmp_path):
    root = write_dataset(tmp_path / "city", DAY_AND_NIGHT)
    assert query_folders(root) == ["queries_day", "queries_night"]
    night = open_dataset(root, queries_folder="queries_night")
    assert night.name == "city_night"
    assert night.queries.conditions.tolist() == ["night", "night"]
    with pytest.raises(DatasetError, match="several query sets; choose one of queries_day, queries_night"):
        open_dataset(root)
    with pytest.raises(DatasetError, match="no query folder 'queries_snow'; there are: queries_day, "):
        open_dataset(root, queries_folder="queries_snow")


def test_plain_queries_win_and_a_single_set_is_taken(tmp_path):
    both = write_dataset(tmp_path / "a", {**DAY_AND_NIGHT, "queries": [named(9)]})
    assert open_dataset(both).name == "a"
    only = write_dataset(tmp_path / "b", {"database": [named(1)], "queries_v1": [named(2)]})
    assert open_dataset(only).name == "b_v1"


def test_gallery_and_other_folder_names(tmp_path):
    gallery = write_dataset(tmp_path / "svox", {"gallery": [named(1)], "queries": [named(2)]})
    assert open_dataset(gallery).database.folder.name == "gallery"
    other = write_dataset(tmp_path / "other", {"map": [named(1)], "phones": [named(2)]})
    dataset = open_dataset(other, database_folder="map", queries_folder="phones")
    assert dataset.name == "other_phones"
    assert dataset.database.names == [named(1)]
    below = open_dataset(
        other, database_folder="images/test/map", queries_folder=str(other / "images" / "test" / "phones")
    )
    assert below.queries.names == dataset.queries.names


@pytest.mark.parametrize(
    "folders", [{"database": [named(1)]}, {"queries": [named(1)]}, {"photos": [named(1)]}]
)
def test_missing_folders_are_named(tmp_path, folders):
    root = write_dataset(tmp_path / "toy", folders)
    with pytest.raises(DatasetError, match=r"no query set|no folder database or gallery") as caught:
        open_dataset(root)
    assert str(root) in str(caught.value)


def test_an_empty_queries_folder(tmp_path):
    root = write_dataset(tmp_path / "toy", {"database": [named(1)]})
    (root / "images" / "test" / "queries").mkdir()
    with pytest.raises(DatasetError, match="queries: holds no photos"):
        open_dataset(root)


@pytest.mark.parametrize("call", [open_dataset, query_folders])
def test_nothing_there(tmp_path, call):
    with pytest.raises(
        DatasetError, match=r"nowhere: no such folder, table or named dataset\. .*tokyo_night"
    ):
        call(tmp_path / "nowhere")
    with pytest.raises(DatasetError, match="no such table"):
        call(Path("nowhere.csv"))
