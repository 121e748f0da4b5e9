"""Datasets described by a table, CSV or Parquet: one row a photo.

Columns: `path` (relative to the table's folder), `split` ("database", "queries", "queries_night",
...), and `east`, `north` (UTM metres) or `lat`, `lon` (degrees). If wanted: `zone` ("10S"), `heading`
(degrees clockwise from north), `time` (ISO 8601, UTC, or the field's `YYYYMMDD_hhmmss`) and
`condition` ("night"; else what follows `queries_` in the split). Other columns are ignored.
"""

import csv
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from data.degrees import degrees_to_utm
from data.errors import DatasetError
from data.folders import condition_of
from data.names import NO_TIME, parse_time
from data.photoset import BY_BASE_NAME, PhotoSet, sort_paths

EXTENSIONS = (".csv", ".parquet")

_OPTIONAL = ("zone", "heading", "time", "condition")


@dataclass(frozen=True)
class Table:
    """The columns of a table. rows: number of each row for messages, a CSV's header being line 1."""

    path: Path
    rows: list[int]
    columns: dict[str, list[Any]]

    def values(self, column: str, convert: Callable[[str], Any], chosen: list[int]) -> list[Any]:
        """Convert the chosen rows of a column; raises DatasetError naming the row and the column."""
        found = []
        for index in chosen:
            value = self.columns[column][index]
            try:
                # Parquet writers put NaN where a number is missing; only NaN differs from itself.
                found.append(convert("" if value is None or value != value else str(value)))
            except ValueError as error:
                raise self.refusal(index, column, str(error)) from error
        return found

    def refusal(self, index: int, column: str, reason: str) -> DatasetError:
        """Return the error of one cell."""
        value = self.columns[column][index]
        return DatasetError(f"{self.path}, row {self.rows[index]}, column {column!r}: {value!r}: {reason}")


def read_table(path: Path) -> Table:
    """Read a .csv or .parquet table and check its columns; raises DatasetError."""
    path = path.absolute()
    if not path.is_file():
        raise DatasetError(f"{path}: no such table")
    table = _read_parquet(path) if path.suffix.lower() == ".parquet" else _read_csv(path)
    wanted = ["path", "split"]
    wanted += ["lat", "lon"] if {"lat", "lon"} <= table.columns.keys() else ["east", "north"]
    missing = [name for name in wanted if name not in table.columns]
    if missing:
        raise DatasetError(
            f"{path}: no column {', '.join(missing)}; found {', '.join(table.columns)}. Expected path, "
            f"split, east and north (or lat and lon), and if wanted {', '.join(_OPTIONAL)}."
        )
    return table


def splits_of(table: Table) -> list[str]:
    """Return the sorted names of the splits in a table."""
    return sorted(set(table.values("split", _text_given, list(range(len(table.rows))))))


def photos_of(table: Table, split: str) -> PhotoSet:
    """Return the photos of one split, ordered by base name.

    Raises DatasetError for a split without rows, and for a cell that is empty or cannot be read.
    """
    chosen = [index for index, value in enumerate(table.columns["split"]) if value == split]
    if not chosen:
        raise DatasetError(
            f"{table.path}: no row has split {split!r}; there are {', '.join(splits_of(table))}"
        )
    chosen = _ordered(table, chosen)
    positions, zones = _positions(table, chosen)
    return PhotoSet(
        table.path.parent,
        tuple(table.columns["path"][index] for index in chosen),
        BY_BASE_NAME,
        positions,
        headings=np.array(_optional(table, "heading", _finite, math.nan, chosen), np.float64),
        times=np.array(_optional(table, "time", _moment, NO_TIME, chosen), "datetime64[s]"),
        zones=zones,
        conditions=np.array(_optional(table, "condition", str, condition_of(split), chosen)),
    )


def _ordered(table: Table, chosen: list[int]) -> list[int]:
    """Sort rows as photo sets are sorted, refusing a path that two rows have."""
    row_of: dict[str, int] = {}
    for index, path in zip(chosen, table.values("path", _relative_path, chosen), strict=True):
        if path in row_of:
            raise table.refusal(index, "path", f"row {table.rows[row_of[path]]} has it already")
        row_of[path] = index
    return [row_of[path] for path in sort_paths(list(row_of))]


def _positions(table: Table, chosen: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return (N, 2) UTM metres and (N,) zones."""
    zones = _optional(table, "zone", _zone, "", chosen)
    if "east" in table.columns and "north" in table.columns:
        columns = [table.values(name, _finite, chosen) for name in ("east", "north")]
        return np.stack([np.array(column, np.float64) for column in columns], axis=1), np.array(zones)
    lat = table.values("lat", _latitude, chosen)
    lon = table.values("lon", _longitude, chosen)
    return degrees_to_utm(lat, lon, zones)


def _optional(
    table: Table, column: str, convert: Callable[[str], Any], unknown: Any, chosen: list[int]
) -> list[Any]:
    """Convert a column that may be missing, or empty in places."""
    if column not in table.columns:
        return [unknown] * len(chosen)
    return table.values(column, lambda text: convert(text) if text else unknown, chosen)


def _read_csv(path: Path) -> Table:
    rows, cells = [], []
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            header = next(reader, [])
            for row in reader:
                if row and len(row) != len(header):
                    raise DatasetError(
                        f"{path}, row {reader.line_num}: {len(row)} cells under {len(header)} columns"
                    )
                if row:
                    rows.append(reader.line_num)
                    cells.append(row)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path}: cannot be read as a CSV table in UTF-8: {error}") from error
    columns = zip(*cells, strict=True) if cells else ([] for _ in header)
    return Table(path, rows, {name.strip(): list(c) for name, c in zip(header, columns, strict=True)})


def _read_parquet(path: Path) -> Table:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise DatasetError(
            f"{path}: reading Parquet needs pyarrow; `pip install pyarrow`, or write a CSV table"
        ) from error
    try:
        columns = parquet.read_table(path).to_pydict()
    except (OSError, ArrowException) as error:
        raise DatasetError(f"{path}: cannot be read as a Parquet table: {error}") from error
    count = len(next(iter(columns.values()), []))
    return Table(path, list(range(1, count + 1)), columns)


def _text_given(text: str) -> str:
    if not text.strip():
        raise ValueError("the cell is empty")
    return text


def _relative_path(text: str) -> str:
    if PurePosixPath(_text_given(text)).is_absolute():
        raise ValueError("the path is absolute; paths are relative to the table's folder")
    return text


def _finite(text: str) -> float:
    """Return a finite number; float's own ValueError says what is wrong with a text."""
    value = float(_text_given(text))
    if not math.isfinite(value):
        raise ValueError("expected a finite number")
    return value


def _latitude(text: str) -> float:
    return _within(_finite(text), -80, 84, "latitude (of UTM)")


def _longitude(text: str) -> float:
    return _within(_finite(text), -180, 180, "longitude")


def _within(value: float, low: float, high: float, what: str) -> float:
    if not low <= value <= high:
        raise ValueError(f"expected a {what} from {low} to {high} degrees")
    return value


def _zone(text: str) -> str:
    """Return a UTM zone without leading zeros: "10S", or "10" where no letter is given."""
    matched = re.fullmatch(r"0?([1-9]\d?)([C-HJ-NP-X]?)", text.strip().upper())
    if not matched or int(matched[1]) > 60:
        raise ValueError("expected a UTM zone such as 10S")
    return matched[1] + matched[2]


def _moment(text: str) -> np.datetime64:
    """Return a time in UTC; a text without an offset is UTC already."""
    moment = parse_time(text)
    if not np.isnat(moment):
        return moment
    parsed = datetime.fromisoformat(text)
    aware = parsed if parsed.tzinfo is None else parsed.astimezone(UTC).replace(tzinfo=None)
    return np.datetime64(aware, "s")
