import builtins
import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import utm
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

import data.datasets
from data.datasets import open_dataset, query_folders
from data.degrees import degrees_to_utm
from data.errors import DatasetError
from data.tables import read_table, splits_of

ROWS = [
    {"path": "map/b.jpg", "split": "database", "east": 500010.25, "north": 4180000.5, "heading": 90.0},
    {"path": "map/a.jpg", "split": "database", "east": 500000.0, "north": 4180000.0, "condition": "day"},
    {"path": "q/c.png", "split": "queries_night", "east": 500001.0, "north": 4180000.0, "zone": "10S"},
]


def write_csv(path: Path, rows: list[dict], columns: list[str] | None = None) -> Path:
    columns = columns or list(dict.fromkeys(name for row in rows for name in row))
    lines = [",".join(columns), *(",".join(str(row.get(name, "")) for name in columns) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_parquet(path: Path, rows: list[dict]) -> Path:
    columns = dict.fromkeys(name for row in rows for name in row)
    parquet.write_table(pa.table({name: [row.get(name) for row in rows] for name in columns}), path)
    return path


@pytest.fixture(params=[(write_csv, ".csv"), (write_csv, ".CSV"), (write_parquet, ".parquet")])
def table(request, tmp_path) -> Path:
    write, extension = request.param
    return write(tmp_path / f"city{extension}", ROWS)


def test_a_table_is_a_dataset(table):
    dataset = open_dataset(table)
    assert dataset.name == "city_night"
    assert dataset.root == dataset.queries.folder == table.parent
    assert list(dataset.database.paths) == ["map/a.jpg", "map/b.jpg"]
    assert dataset.database.ordering == "base name"
    np.testing.assert_array_equal(dataset.database.positions, [[500000, 4180000], [500010.25, 4180000.5]])
    np.testing.assert_array_equal(dataset.database.headings, [np.nan, 90])
    assert dataset.database.conditions.tolist() == ["day", ""]
    assert dataset.queries.conditions.tolist() == ["night"]
    assert dataset.queries.zones.tolist() == ["10S"]
    assert dataset.queries.path(0) == table.parent / "q" / "c.png"
    assert query_folders(table) == ["queries_night"]


def test_splits_are_chosen_as_folders_are(tmp_path):
    rows = [*ROWS, {**ROWS[2], "path": "q/d.png", "split": "queries_day"}, {**ROWS[0], "split": "train"}]
    table = write_csv(tmp_path / "city.csv", rows)
    assert open_dataset(table, queries_folder="queries_day").name == "city_day"
    assert len(open_dataset(table, queries_folder="queries_day", database_folder="train").database) == 1
    with pytest.raises(DatasetError, match="choose one of queries_day, queries_night"):
        open_dataset(table)
    with pytest.raises(
        DatasetError, match="no row has split 'queries_rain'; there are database, queries_day"
    ):
        open_dataset(table, queries_folder="queries_rain")


def test_degrees_become_utm_each_in_its_own_zone(tmp_path):
    places = [(37.77, -122.42), (55.68, 12.57), (-27.5, 153.0), (60.4, 5.3)]
    rows = [
        {"path": f"{i}.jpg", "split": split, "lat": lat, "lon": lon}
        for i, (lat, lon) in enumerate(places)
        for split in ("database", "queries")
    ]
    photos = open_dataset(write_csv(tmp_path / "world.csv", rows)).database
    for (lat, lon), position, zone in zip(places, photos.positions, photos.zones, strict=True):
        east, north, number, letter = utm.from_latlon(lat, lon)
        np.testing.assert_allclose(position, [east, north], atol=1e-6)
        assert zone == f"{number}{letter}"


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(-80, 84), st.floats(-180, 180, exclude_max=True)), max_size=8))
def test_conversion_of_many_equals_that_of_one(places):
    lat, lon = zip(*places, strict=True) if places else ((), ())
    positions, zones = degrees_to_utm(lat, lon, [""] * len(places))
    assert positions.shape == (len(places), 2)
    for place, position, zone in zip(places, positions, zones, strict=True):
        east, north, number, letter = utm.from_latlon(*place)
        np.testing.assert_allclose(position, [east, north], rtol=1e-9)
        assert zone == f"{number}{letter}"


def test_a_named_zone_keeps_distances_true_across_its_border():
    lat, lon = [37.77, 37.77], [-120.0001, -119.9999]
    (west, east), zones = degrees_to_utm(lat, lon, ["10", "10S"])
    assert np.linalg.norm(west - east) == pytest.approx(17.6, abs=0.2)
    assert zones.tolist() == ["10S", "10S"]
    apart, _ = degrees_to_utm(lat, lon, ["", ""])
    assert np.linalg.norm(apart[0] - apart[1]) > 400_000


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2021-07-06T12:30:00", "2021-07-06T12:30:00"),
        ("2021-07-06T12:30:00+02:00", "2021-07-06T10:30:00"),
        ("2021-07-06 12:30:00Z", "2021-07-06T12:30:00"),
        ("20210706_1230", "2021-07-06T12:30:00"),
        ("2021-07-06", "2021-07-06T00:00:00"),
        ("", "NaT"),
    ],
)
def test_times_in_csv(tmp_path, time, expected):
    table = write_csv(tmp_path / "city.csv", [{**ROWS[0], "time": time}, ROWS[2]])
    assert str(open_dataset(table).database.times[0]) == expected


def test_times_and_gaps_in_parquet(tmp_path):
    moments = [
        datetime(2021, 7, 6, 12, 30, tzinfo=UTC),
        datetime(2021, 7, 6, 12, 30, tzinfo=timezone(timedelta(hours=2))),
        None,
    ]
    rows = [
        {**ROWS[0], "path": f"{i}.jpg", "time": moment, "heading": heading}
        for i, (moment, heading) in enumerate(zip(moments, [1.0, None, float("nan")], strict=True))
    ]
    photos = open_dataset(write_parquet(tmp_path / "city.parquet", [*rows, ROWS[2]])).database
    assert [str(time) for time in photos.times] == ["2021-07-06T12:30:00", "2021-07-06T10:30:00", "NaT"]
    np.testing.assert_array_equal(photos.headings, [1, np.nan, np.nan])


@pytest.mark.parametrize("write", [write_csv, write_parquet])
@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("east", "abc", "'abc'.*could not convert"),
        ("north", "", "the cell is empty"),
        ("north", "inf", "finite"),
        ("path", "", "the cell is empty"),
        ("path", "/abs/a.jpg", "the path is absolute"),
        ("path", "map/b.jpg", "row [12] has it already"),
        ("split", " ", "the cell is empty"),
        ("heading", "north", "could not convert"),
        ("time", "yesterday", "Invalid isoformat"),
        ("zone", "S10", "expected a UTM zone such as 10S"),
        ("zone", "61S", "expected a UTM zone such as 10S"),
    ],
)
def test_errors_name_the_row_and_the_column(tmp_path, write, column, value, reason):
    texts = [{name: str(cell) for name, cell in row.items()} for row in ROWS]
    texts[1][column] = value
    path = write(tmp_path / f"city.{'csv' if write is write_csv else 'parquet'}", texts)
    row = 3 if write is write_csv else 2
    with pytest.raises(DatasetError, match=rf"city\.\w+, row {row}, column '{column}': .*{reason}"):
        open_dataset(path)


@pytest.mark.parametrize(("lat", "lon", "reason"), [(85, 0, "latitude"), (0, 181, "longitude")])
def test_degrees_out_of_range(tmp_path, lat, lon, reason):
    rows = [{"path": "a.jpg", "split": split, "lat": lat, "lon": lon} for split in ("database", "queries")]
    with pytest.raises(DatasetError, match=f"row 2, column .*expected a {reason}"):
        open_dataset(write_csv(tmp_path / "city.csv", rows))


@pytest.mark.parametrize(
    ("columns", "missing"),
    [
        (["path", "east", "north"], "no column split"),
        (["split", "east", "north"], "no column path"),
        (["path", "split", "east", "lat"], "no column north"),
        (["path", "split"], "no column east, north"),
    ],
)
def test_missing_columns_are_named(tmp_path, columns, missing):
    with pytest.raises(DatasetError, match=rf"{missing}; found {', '.join(columns)}\. Expected path"):
        read_table(write_csv(tmp_path / "city.csv", ROWS, columns))


def test_csv_as_spreadsheets_write_it(tmp_path):
    path = tmp_path / "city.csv"
    path.write_bytes(
        b'\xef\xbb\xbfpath, split,east,north\r\n"a,b.jpg",database,1,2\r\n\r\nc.jpg,queries,3\r\n'
    )
    with pytest.raises(DatasetError, match="row 4: 3 cells under 4 columns"):
        read_table(path)
    path.write_bytes(path.read_bytes().replace(b"3\r\n", b"3,4\r\n"))
    assert splits_of(read_table(path)) == ["database", "queries"]
    assert open_dataset(path).database.names == ["a,b.jpg"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("city.csv", b"", "no column path, split, east, north"),
        ("city.csv", b"path,split,east,north\n", "no query set"),
        ("city.csv", b"path,split,\xff\n", "cannot be read as a CSV table in UTF-8"),
        ("city.parquet", b"no parquet", "cannot be read as a Parquet table"),
    ],
)
def test_unreadable_tables(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DatasetError, match=message):
        open_dataset(tmp_path / name)


def test_parquet_without_pyarrow_says_what_to_install(tmp_path, monkeypatch):
    path = write_parquet(tmp_path / "city.parquet", ROWS)
    whole_import = builtins.__import__

    def without_pyarrow(name, *args, **kwargs):
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return whole_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_pyarrow)
    with pytest.raises(DatasetError, match="pip install pyarrow"):
        open_dataset(path)


@pytest.mark.parametrize("queries", ["queries", "queries_night"])
def test_a_large_table_is_read_once(tmp_path, monkeypatch, queries):
    path = write_csv(tmp_path / "city.csv", [ROWS[0], {**ROWS[2], "split": queries}])
    os.utime(path, (1e9, 1e9))
    read = []
    monkeypatch.setattr(data.datasets, "WORTH_CACHING", 2)
    monkeypatch.setattr(data.datasets, "read_table", lambda path: read.append(path) or read_table(path))
    first = open_dataset(path, queries_folder=queries)
    second = open_dataset(path, queries_folder=queries)
    assert len(read) == 1
    assert second.name == first.name
    assert (second.queries.paths, second.database.paths) == (first.queries.paths, first.database.paths)
    write_csv(path, [{**ROWS[0], "east": 7}, {**ROWS[2], "split": queries}])
    assert open_dataset(path, queries_folder=queries).database.positions[0, 0] == 7
