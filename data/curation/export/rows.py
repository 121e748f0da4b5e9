"""The rows that tell of exported photos: where and when they were taken, and who is to be credited."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data.curation.export.fates import Chosen
from data.curation.export.naming import stamp_of
from data.curation.licences import licence_address
from data.curation.project import Project
from data.errors import SettingsError
from data.files import replacing
from data.photoset import PhotoSet

Row = Mapping[str, str | float | None]

PLACE_COLUMNS = ("path", "split", "east", "north", "zone", "heading", "time", "condition")
CREDIT_COLUMNS = (
    "item", "page", "owner", "licence", "licence_page", "original_latitude", "original_longitude",
    "original_accuracy", "moved_m", "reference",
)  # fmt: skip
COLUMNS = PLACE_COLUMNS + CREDIT_COLUMNS


def query_row(chosen: Chosen, path: str, split: str, project: Project) -> Row:
    """Return the row of an exported photo. path: "" for one that is told by its id alone."""
    photo, spot = chosen.item.photo, chosen.spot
    origin = project.harvested_spot(chosen.item)
    return {
        "path": path,
        "split": split,
        "east": round(spot.east, 2),
        "north": round(spot.north, 2),
        "zone": project.grid.zone,
        "heading": None if spot.heading is None else round(spot.heading, 2),
        "time": stamp_of(photo),
        "condition": project.settings.light,
        "item": chosen.item.id,
        "page": photo.page,
        "owner": photo.owner,
        "licence": photo.licence,
        "licence_page": licence_address(photo.licence),
        "original_latitude": photo.latitude,
        "original_longitude": photo.longitude,
        "original_accuracy": photo.accuracy,
        "moved_m": round(float(np.hypot(spot.east - origin.east, spot.north - origin.north)), 2),
        "reference": chosen.reference,
    }


def database_rows(database: PhotoSet, paths: Sequence[str], zone: str) -> list[Row]:
    """Return a row for each database photo. paths: as the table is to name them."""
    return [
        {
            "path": path,
            "split": "database",
            "east": float(database.positions[index, 0]),
            "north": float(database.positions[index, 1]),
            "zone": str(database.zones[index]) or zone,
            "heading": _known(float(database.headings[index])),
            "time": None if np.isnat(database.times[index]) else str(database.times[index]),
            "condition": str(database.conditions[index]),
        }
        for index, path in enumerate(paths)
    ]


def write_rows(path: Path, rows: Sequence[Row], columns: Sequence[str] = COLUMNS) -> None:
    """Write a CSV or Parquet table, as the suffix of `path` says, whole or not at all.

    Raises SettingsError where Parquet is asked for and pyarrow is missing.
    """
    with replacing(path) as part:
        if path.suffix == ".parquet":
            _write_parquet(part, rows, columns)
            return
        with part.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, restval="", extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)


def _write_parquet(path: Path, rows: Sequence[Row], columns: Sequence[str]) -> None:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise SettingsError(
            "writing Parquet needs pyarrow; `pip install pyarrow`, or choose --form csv"
        ) from error
    table: dict[str, list[Any]] = {name: [row.get(name) for row in rows] for name in columns}
    parquet.write_table(pyarrow.table(table), path)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value
