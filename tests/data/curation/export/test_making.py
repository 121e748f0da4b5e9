"""Whole exports: they open as datasets, credit owners, tell what was left out, and respect removals."""

import csv
import errno
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.curation.events import Draft, Kind
from data.curation.export import Options, export_set, making
from data.curation.project import create_project
from data.curation.removal import read_removals, remove_photos
from data.curation.status import status_of
from data.datasets import open_dataset
from data.errors import CurationError, DiskSpaceError
from data.photos import read_header, read_photo
from tests.data.curation.export.reviewed import POSITIVE, put_photo, reviewed, spot
from tests.data.curation.made import decided, settings


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_folders_open_as_a_dataset_in_which_every_query_is_where_it_was_put(tmp_path: Path) -> None:
    with reviewed(tmp_path) as made:
        done = export_set(made, tmp_path / "night")
    opened = open_dataset(tmp_path / "night")
    assert (done.photos, done.by_id, done.failed) == (3, 0, {})
    assert opened.name == "night_night"
    assert opened.queries.positions.tolist() == [[*spot(n)[:2]] for n in (1, 2, 3)]
    assert opened.queries.headings.tolist() == [10.0, 20.0, 30.0]
    assert opened.queries.times[0] == np.datetime64("2024-05-17T20:30:00")
    assert set(opened.queries.conditions) == {"night"}
    assert set(opened.queries.zones) == {"10S"}
    assert len(opened.database) == 4
    assert "flickr_1" in opened.queries.names[0]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_table_opens_as_the_same_dataset(tmp_path: Path, form: str) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")
    with reviewed(tmp_path) as made:
        export_set(made, tmp_path / "night", Options(form=form))  # type: ignore[arg-type]
    opened = open_dataset(tmp_path / "night" / f"night.{form}")
    assert opened.queries.positions.tolist() == [[*spot(n)[:2]] for n in (1, 2, 3)]
    assert [opened.queries.path(i).is_file() for i in range(3)] == [True] * 3
    assert [opened.database.path(i).is_file() for i in range(4)] == [True] * 4
    assert np.isnan(opened.database.headings).all()


def test_upright_photos_are_copied_and_turned_ones_are_stored_upright(tmp_path: Path) -> None:
    with reviewed(tmp_path) as made:
        export_set(made, tmp_path / "night")
        originals = [made.photos / f"flickr/{n}.jpg" for n in (1, 3)]
    queries = open_dataset(tmp_path / "night").queries
    assert queries.path(0).read_bytes() == originals[0].read_bytes()
    assert read_header(queries.path(2)).orientation == 1
    turned = read_photo(queries.path(2), exif=False)
    assert turned.shape == (48, 32, 3)
    assert np.abs(turned.astype(int) - read_photo(originals[1])).mean() < 5


def test_the_datasheet_counts_credits_and_repeats(tmp_path: Path) -> None:
    with reviewed(tmp_path) as made:
        export_set(made, tmp_path / "night")
    sheet = (tmp_path / "night/DATASHEET.md").read_text()
    assert "| sort: of another light, or indoor | 1 | 7 | day 1 |" in sheet
    assert (
        "| review: left out by curators, or not decided yet | 3 | 4 | blur 1; disputed 1; waiting 1 |"
        in sheet
    )
    assert "| positives: without a confirmed positive | 1 | 3 | wall is gone 1 |" in sheet
    assert "| ada and bob | 4 | 3 | 0.50 | 0.5 m |" in sheet
    assert "https://creativecommons.org/licenses/by/2.0/" in sheet
    assert "rerank curate export PROJECT --output=night" in sheet
    assert Image.open(tmp_path / "night/datasheet/map.png").width > 400
    assert Image.open(tmp_path / "night/datasheet/samples.png").width > 400
    credits = rows_of(tmp_path / "night/attributions.csv")
    assert [row["owner"] for row in credits] == ["Ada <b>L</b> | x", "Bob", "owner3"]
    assert credits[0]["reference"] == POSITIVE
    assert (tmp_path / "night" / credits[0]["path"]).is_file()
    assert float(credits[0]["moved_m"]) > 1000


def test_ids_alone_are_listed_for_licences_that_need_it(tmp_path: Path) -> None:
    with reviewed(tmp_path) as made:
        done = export_set(made, tmp_path / "ids", Options(ids_only=("CC-BY-*",)))
    assert (done.photos, done.by_id) == (0, 3)
    assert list((tmp_path / "ids/images/test/queries_night").iterdir()) == []
    listed = rows_of(tmp_path / "ids/ids.csv")
    assert [row["item"] for row in listed] == ["flickr:1", "flickr:2", "flickr:3"]
    assert [float(row["east"]) for row in listed] == [500001.0, 500002.0, 500003.0]


def test_photos_nobody_checked_are_exported_only_when_asked_for(tmp_path: Path) -> None:
    with reviewed(tmp_path) as made:
        made.journal.append("ada", decided(8))
        put_photo(made, 8)
        assert export_set(made, tmp_path / "night").photos == 3
        assert export_set(made, tmp_path / "night", Options(checked=False)).photos == 4
        assert "--unchecked" in (tmp_path / "night/DATASHEET.md").read_text()


def test_the_removal_list_is_respected_by_later_exports(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("# asked by mail\nflickr:2  # Bob\n\nflickr:99\n")
    with reviewed(tmp_path) as made:
        export_set(made, tmp_path / "night")
        ids = read_removals(tmp_path / "list.txt")
        assert remove_photos(made, "ada", ids, "asked by mail") == ["flickr:2", "flickr:99"]
        assert remove_photos(made, "ada", ids, "asked by mail") == []
        assert not (made.photos / "flickr/2.jpg").exists()
        assert export_set(made, tmp_path / "night").photos == 2
        with pytest.raises(CurationError, match="expected PROVIDER:ID"):
            remove_photos(made, "ada", ["12"], "")
    names = open_dataset(tmp_path / "night").queries.names
    assert [name for name in names if "flickr_2@" in name] == []


def test_a_photo_that_vanished_or_is_damaged_is_told_and_the_rest_exported(tmp_path: Path) -> None:
    with reviewed(tmp_path) as made:
        (made.photos / "flickr/1.jpg").unlink()
        whole = (made.photos / "flickr/2.jpg").read_bytes()
        (made.photos / "flickr/2.jpg").write_bytes(whole[: len(whole) // 2])
        done = export_set(made, tmp_path / "night")
    assert done.photos == 1
    assert "no such file" in done.failed["flickr:1"]
    assert "truncated" in done.failed["flickr:2"]
    assert len(list((tmp_path / "night/images/test/queries_night").iterdir())) == 1
    assert "| 2 | 1 | unreadable 2 |" in (tmp_path / "night/DATASHEET.md").read_text()


def test_a_full_disk_is_told_and_the_older_export_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, rows: object, columns: object = ()) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    with reviewed(tmp_path) as made:
        export_set(made, tmp_path / "night")
        before = (tmp_path / "night/export.json").read_text()
        with monkeypatch.context() as patch, pytest.raises(DiskSpaceError, match="older export is as it was"):
            patch.setattr(making, "write_rows", full)
            export_set(made, tmp_path / "night", Options(samples=0))
        made.journal.check()
        assert (tmp_path / "night/export.json").read_text() == before
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".night")] == []
        assert export_set(made, tmp_path / "night").photos == 3


def test_what_is_no_export_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/chapter.tex").write_text("mine")
    with reviewed(tmp_path) as made:
        with pytest.raises(CurationError, match=r"holds chapter.tex and no export.json"):
            export_set(made, tmp_path / "thesis")
        (tmp_path / "file").write_text("x")
        with pytest.raises(CurationError, match="is a file"):
            export_set(made, tmp_path / "file")
    assert (tmp_path / "thesis/chapter.tex").read_text() == "mine"


def test_an_export_of_nothing_leaves_the_older_one(tmp_path: Path) -> None:
    with reviewed(tmp_path) as made:
        export_set(made, tmp_path / "night")
        before = json.loads((tmp_path / "night/export.json").read_text())
        remove_photos(made, "ada", ["flickr:1", "flickr:2", "flickr:3"], "")
        with pytest.raises(CurationError, match="no photo can be exported"):
            export_set(made, tmp_path / "night")
        assert status_of(made).unfinished == ()
    assert json.loads((tmp_path / "night/export.json").read_text()) == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".night")] == []


def test_a_database_that_is_a_table_is_exported_as_a_table_alone(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("path,split,east,north,zone\na.jpg,database,500000,4180000,10S\n")
    made = create_project(tmp_path / "project", settings(table))
    with made, pytest.raises(CurationError, match="--form csv"):
        export_set(made, tmp_path / "night")


def test_the_datasheet_says_that_a_face_model_leaves_number_plates(tmp_path: Path) -> None:
    options = Options(blur=True, face_model="yunet.onnx")
    with reviewed(tmp_path) as made:
        export_set(made, tmp_path / "night", options, detector=lambda image: np.array([[4, 4, 16, 16]]))
    told = (tmp_path / "night/DATASHEET.md").read_text()
    assert "Faces were blurred by a program: 3 boxes. It misses some. Number plates were left" in told
    assert "--blur --face-model=yunet.onnx" in told


def test_blurred_photos_are_never_given_on_where_the_licence_forbids_changes(tmp_path: Path) -> None:
    with reviewed(tmp_path) as made:
        item = made.state().items["flickr:1"]
        made.journal.append("recheck", Draft(Kind.CHECKED, item.id, {"licence": "CC-BY-ND-2.0"}))
        box = np.array([[4, 4, 16, 16]])
        done = export_set(made, tmp_path / "night", Options(blur=True), detector=lambda image: box)
        original = read_photo(made.photos / "flickr/2.jpg").astype(int)
    queries = open_dataset(tmp_path / "night").queries
    assert (done.photos, done.by_id) == (2, 1)
    change = np.abs(read_photo(queries.path(0)) - original)
    assert change[6:18, 6:18].mean() > 20 > 8 > change[26:, 30:].mean()
    assert "2 boxes" in (tmp_path / "night/DATASHEET.md").read_text()
