"""Reading a folder of photos whose names carry their positions."""

import logging
import os
import sys
import time
from pathlib import Path

import numpy as np

from data.errors import DatasetError
from data.index_cache import WORTH_CACHING, load_index, save_index
from data.names import CONVENTION, NO_TIME, PhotoName, parse_name, parse_time
from data.photoset import PhotoSet
from data.scan import scan_folder

QUERIES = "queries"

_NOTED_CONDITIONS = ("day", "night")  # first word of the note in MSLS: night_forward_copenhagen

log = logging.getLogger(__name__)


def read_folder(folder: Path, root: Path, *, cache: bool = True) -> PhotoSet:
    """Read names and positions of all photos below `folder`.

    root: the dataset's root, where the index of a large folder is kept unless `cache` is False.
    A photo's condition is the day or night of its note (MSLS), else what follows `queries_` in the
    folder's name. Raises DatasetError where the folder is missing, is empty, or has names without
    positions.
    """
    folder = folder.absolute()
    key = os.path.relpath(folder, root)
    photos = load_index(root, key, folder) if cache else None
    if photos is not None:
        return photos
    start = time.perf_counter()
    scan = scan_folder(folder)
    photos = _photo_set(folder, scan.paths, scan.ordering)
    log.info("%s: %d photos found in %.1f s", folder, len(photos), time.perf_counter() - start)
    if scan.unlisted:
        log.warning("%s: %d photos on disk are not in its list file", folder, scan.unlisted)
    if cache and len(photos) >= WORTH_CACHING:
        save_index(root, key, photos, scan.stamps)
    return photos


def condition_of(folder_name: str) -> str:
    """Return what follows `queries_` in a folder's name, such as "night"; empty for other names."""
    prefix, _, condition = folder_name.partition("_")
    return condition if prefix == QUERIES else ""


def _photo_set(folder: Path, paths: list[str], ordering: str) -> PhotoSet:
    """Parse all names, keeping only what the arrays hold: millions of records would fill the memory."""
    default = condition_of(folder.name)
    positions = np.empty((len(paths), 2), np.float64)
    headings = np.full(len(paths), np.nan)
    times = np.full(len(paths), NO_TIME)
    zones = [""] * len(paths)
    conditions = [default] * len(paths)
    refused: list[str] = []
    for index, path in enumerate(paths):
        try:
            name = parse_name(path)
        except DatasetError:
            refused.append(path)
            continue
        positions[index] = name.east, name.north
        if name.heading is not None:
            headings[index] = name.heading
        times[index] = parse_time(name.timestamp)
        zones[index] = sys.intern(name.zone or "")
        conditions[index] = _noted_condition(name) or default
    _refuse_names(folder, refused, len(paths))
    return PhotoSet(
        folder, tuple(paths), ordering, positions, headings, times, np.array(zones), np.array(conditions)
    )


def _refuse_names(folder: Path, refused: list[str], count: int) -> None:
    if refused:
        raise DatasetError(
            f"{folder}: {len(refused)} of {count} photo names carry no position; the first is "
            f"{refused[0]}. Expected {CONVENTION}, of which east and north in metres are needed. "
            f"For other names write a CSV or Parquet table with columns path, split, east, north."
        )


def _noted_condition(name: PhotoName) -> str:
    word = (name.note or "").partition("_")[0]
    return word if word in _NOTED_CONDITIONS else ""
