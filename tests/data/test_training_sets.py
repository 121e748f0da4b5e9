"""Which photos of a dataset are trained on."""

from pathlib import Path

import numpy as np
import pytest

from data.errors import DatasetError
from data.names import PhotoName, format_name
from data.training_sets import read_training_photos


def put(folder: Path, *easts: float, heading: float | None = 30.0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for east in easts:
        (folder / format_name(PhotoName(east=east, north=4.0, heading=heading))).touch()


def found(*sources: Path) -> list[tuple[float, int]]:
    photos = read_training_photos(sources)
    assert len(photos.paths) == len(photos.positions) == len(photos.headings)
    assert all(path.is_file() for path in photos.paths)
    return list(zip(photos.positions[:, 0].tolist(), photos.sources.tolist(), strict=True))


def test_the_training_photos_of_sf_xl(tmp_path: Path) -> None:
    put(tmp_path / "processed/train/37.7", 1, 2)
    put(tmp_path / "processed/train/37.8", 3)
    put(tmp_path / "processed/val/database", 8)
    put(tmp_path / "processed/test/database", 9)
    put(tmp_path / "processed/test/queries_v1", 9)
    assert found(tmp_path) == [(1, 0), (2, 0), (3, 0)]


def test_the_training_split_of_pitts_has_a_database_and_queries(tmp_path: Path) -> None:
    put(tmp_path / "images/train/database", 1, 2)
    put(tmp_path / "images/train/queries", 3)
    put(tmp_path / "images/test/database", 9)
    assert found(tmp_path) == [(1, 0), (2, 0), (3, 0)]


def test_without_one_all_photos_are_taken(tmp_path: Path) -> None:
    put(tmp_path / "images/test/database", 1)
    put(tmp_path / "images/test/queries_day", 2)
    put(tmp_path / "images/test/queries_night", 3)
    assert found(tmp_path) == [(1, 0), (2, 0), (3, 0)]


def test_a_folder_of_photos(tmp_path: Path) -> None:
    put(tmp_path / "some/where", 1, 2)
    assert found(tmp_path) == [(1, 0), (2, 0)]


def test_datasets_are_told_apart(tmp_path: Path) -> None:
    put(tmp_path / "first", 1)
    put(tmp_path / "second", 1, heading=None)
    assert found(tmp_path / "first", tmp_path / "second") == [(1, 0), (1, 1)]
    headings = read_training_photos([tmp_path / "first", tmp_path / "second"]).headings
    np.testing.assert_array_equal(headings, [30.0, np.nan])


def test_the_training_split_of_a_table(tmp_path: Path) -> None:
    rows = ["path,split,east,north,heading", "a.jpg,train,1,4,30", "b.jpg,test,2,4,30"]
    (tmp_path / "table.csv").write_text("\n".join(rows) + "\n")
    photos = read_training_photos([tmp_path / "table.csv"])
    assert [path.name for path in photos.paths] == ["a.jpg"]


def test_nothing_to_train_on_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such folder"):
        read_training_photos([tmp_path / "missing"])
    with pytest.raises(DatasetError, match="no dataset"):
        read_training_photos([])
