"""The night, sunset and day queries of Tokyo 24/7, which no published script parts."""

import os
import shutil
from collections import Counter
from pathlib import Path

from data.errors import DatasetError
from data.folders import QUERIES
from data.layout import find_holder
from data.names import PhotoName, parse_name
from data.photoset import base_name
from data.scan import scan_folder

# At each place the queries are numbered in triples, day, sunset, night; the number is the pano id.
# Night was checked against a published list of night queries, the others follow by order.
REMAINDERS = {1: "queries_day", 2: "queries_sunset", 0: "queries_night"}

_ZONE = "54S"


def make_tokyo_subsets(folder: str | Path, *, link: bool = True) -> dict[str, int]:
    """Make `queries_day`, `queries_sunset` and `queries_night` beside the `queries` of Tokyo 24/7.

    folder: the dataset's root, or what holds `queries`. link: hard links where the disk has them, else
    copies; False always copies. Returns the number of photos in each. A subset that is there already
    is left as it is. Raises DatasetError for queries that are not those of Tokyo 24/7, and for a
    subset that holds other photos.
    """
    queries = find_holder(Path(folder), [QUERIES]) / QUERIES
    parted = _part(queries, scan_folder(queries).paths)
    for name, paths in parted.items():
        _fill(queries.with_name(name), [queries / path for path in paths], link)
    return {name: len(paths) for name, paths in parted.items()}


def _part(queries: Path, paths: list[str]) -> dict[str, list[str]]:
    """Part paths by the remainder of their number, refusing what is not numbered in triples."""
    numbered = {path: _number(queries, path, parse_name(path)) for path in paths}
    times = Counter(numbered.values())
    repeated = [number for number, count in times.items() if count > 1]
    if repeated:
        raise _not_tokyo(queries, f"{len(repeated)} numbers occur twice, such as {repeated[0]}")
    triples = Counter((number + 2) // 3 for number in times)
    broken = sorted(triple for triple, count in triples.items() if count != 3)
    if broken:
        first = 3 * broken[0]
        raise _not_tokyo(queries, f"of the three photos {first - 2} to {first} not all are there")
    return {
        name: [path for path, number in numbered.items() if number % 3 == remainder]
        for remainder, name in REMAINDERS.items()
    }


def _number(queries: Path, path: str, name: PhotoName) -> int:
    # The published formatter leaves the extension in the pano id: 00687.jpg.
    digits = (name.pano_id or "").lower().removesuffix(".jpg")
    if not (digits.isascii() and digits.isdigit()):
        raise _not_tokyo(queries, f"field 7 of {path} is {name.pano_id!r}, not a number")
    if name.zone not in (None, _ZONE):
        raise _not_tokyo(queries, f"{path} lies in UTM zone {name.zone}, Tokyo in {_ZONE}")
    return int(digits)


def _not_tokyo(queries: Path, reason: str) -> DatasetError:
    return DatasetError(
        f"{queries}: these are not the queries of Tokyo 24/7: {reason}. Expected 315 photos numbered in "
        f"triples of day, sunset and night; format the dataset anew."
    )


def _fill(target: Path, photos: list[Path], link: bool) -> None:
    """Make folder `target` of links to or copies of the photos, whole or not at all."""
    if target.exists():
        present = {base_name(path) for path in scan_folder(target).paths}
        if present != {photo.name for photo in photos}:
            raise DatasetError(f"{target} is there already and holds other photos; remove it and try again")
        return
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    part.mkdir()
    try:
        for photo in photos:
            _place(photo, part / photo.name, link)
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _place(photo: Path, target: Path, link: bool) -> None:
    if not (link and _linked(photo, target)):
        shutil.copy2(photo, target)


def _linked(photo: Path, target: Path) -> bool:
    """Make a hard link; False on another disk, or one that has no links."""
    try:
        target.hardlink_to(photo)
    except OSError:
        return False
    return True
