"""What names, EXIF tags and tables say of local photos: the fields of `Photo` by name."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from data.curation.exif import read_taken
from data.curation.grid import Grid
from data.errors import DatasetError, SettingsError
from data.names import parse_name, parse_time
from data.tables import Table, photos_of, read_table

Facts = dict[str, Any]

_CREDITS = ("licence", "owner", "page", "accuracy")


def facts_of_name(name: str, zone: str) -> Facts | None:
    """Return what a name by the field's convention says, None for another name.

    zone: UTM zone of names that state none. A name's time is taken for the place's own: the convention does
    not say.
    """
    try:
        parsed = parse_name(name)
    except DatasetError:
        return None
    time = parse_time(parsed.timestamp)
    return {
        **_place(parsed.east, parsed.north, parsed.zone or "", zone),
        "heading": parsed.heading,
        "taken": "" if np.isnat(time) else str(time),
    }


def facts_of_tags(path: Path) -> Facts | None:
    """Return what EXIF tags say, None where they say no place; raises PhotoError for what is no photo."""
    tags = read_taken(path)
    if tags.latitude is None or tags.longitude is None:
        return None
    return {
        "latitude": tags.latitude,
        "longitude": tags.longitude,
        "heading": tags.heading,
        "accuracy": "" if tags.accuracy_m is None else f"{tags.accuracy_m:g} m",
        "taken": "" if tags.time is None else tags.time.isoformat(timespec="seconds"),
        "utc_offset_min": tags.utc_offset_min,
    }


def facts_of_table(path: Path, split: str, zone: str) -> Iterator[tuple[Path, Facts]]:
    """Yield the photos of one split of a table, whose times are UTC; raises DatasetError."""
    table = read_table(path)
    photos = photos_of(table, split)
    credits = _credits(table)
    for index, below in enumerate(photos.paths):
        time, heading = photos.times[index], float(photos.headings[index])
        east, north = photos.positions[index].tolist()
        yield (
            photos.path(index),
            {
                **_place(east, north, str(photos.zones[index]), zone),
                "heading": None if np.isnan(heading) else heading,
                "taken": "" if np.isnat(time) else str(time),
                "utc_offset_min": None if np.isnat(time) else 0,
                **credits[below],
            },
        )


def _place(east: float, north: float, stated: str, zone: str) -> Facts:
    try:
        grid = Grid(stated)
    except SettingsError:  # none stated, or one without its letter
        grid = Grid(zone)
    latitude, longitude = grid.to_degrees(np.array([[east, north]]))[0].tolist()
    return {"latitude": latitude, "longitude": longitude}


def _credits(table: Table) -> dict[str, Facts]:
    """Return for each path of a table the filled cells of the columns that only curation knows."""
    rows = list(range(len(table.rows)))
    columns = {name: table.values(name, str, rows) for name in _CREDITS if name in table.columns}
    found = {}
    for row, path in enumerate(table.columns["path"]):
        found[path] = {name: cells[row] for name, cells in columns.items() if cells[row]}
    return found
