"""The database that a new query set is made for: photos with positions, without any queries yet."""

from pathlib import Path

import numpy as np

from data.curation.area import Area, area_around
from data.curation.grid import Grid
from data.datasets import is_table
from data.errors import CurationError, DatasetError
from data.folders import read_folder
from data.layout import DATABASES, find_holder
from data.named import NAMED_SETS, locate
from data.photoset import PhotoSet
from data.tables import photos_of, read_table, splits_of


def open_database(source: str, database_folder: str | None = None) -> PhotoSet:
    """Open the database of a dataset that need not have queries.

    source: a published set by name, a folder (a dataset's root, or the database's own), or a table.
    database_folder: another folder or split than `database` or `gallery`. Raises DatasetError.
    """
    path = locate(source) if source in NAMED_SETS else Path(source).expanduser().absolute()
    if is_table(path):
        table = read_table(path)
        present = splits_of(table)
        split = database_folder or next((name for name in DATABASES if name in present), DATABASES[0])
        return photos_of(table, split)
    names = [database_folder] if database_folder else DATABASES
    try:
        holder = find_holder(path, names)
    except DatasetError:
        if database_folder or not path.is_dir():
            raise
        return read_folder(path, path)  # a folder of nothing but database photos
    return read_folder(holder / next(name for name in names if (holder / name).is_dir()), path)


def zone_of(database: PhotoSet, chosen: str | None = None) -> str:
    """Return the one UTM zone that a database's positions are in.

    chosen: for databases that do not name it. Raises CurationError where there are several, where there is
    none and none was chosen, and where the chosen one contradicts.
    """
    found = sorted({str(zone) for zone in np.unique(database.zones)} - {""})
    if len(found) > 1:
        return _one_of_hemisphere(database, found)
    if chosen and found and Grid(chosen).zone != found[0]:
        raise CurationError(f"{database.folder}: the database is in UTM zone {found[0]}, not in {chosen}")
    if not (found or chosen):
        raise CurationError(f"{database.folder}: its photos name no UTM zone; say which it is: --zone 10S")
    return Grid(found[0] if found else str(chosen)).zone


def area_of(database: PhotoSet, grid: Grid, margin_m: float) -> Area:
    """Return the degrees that a database covers, with a margin around them."""
    return area_around(grid.to_degrees(database.positions), margin_m)


def _one_of_hemisphere(database: PhotoSet, zones: list[str]) -> str:
    """Return one of several zones that share number and hemisphere, and so their metres."""
    grids = [Grid(zone) for zone in zones]
    if len({(grid.number, grid.is_northern) for grid in grids}) > 1:
        raise CurationError(
            f"{database.folder}: the database lies in UTM zones {', '.join(zones)}, whose metres do not fit "
            "together. Write all positions in one zone (a table with lat, lon and that zone's number does "
            "it), or make a project for each"
        )
    return zones[0]
