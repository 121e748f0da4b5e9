"""The field's datasets by name: where they lie, how many photos they have, how to get them.

Counts, addresses and traps as published or counted from published files.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from data.errors import DatasetError

ROOT_VARIABLE = "RERANK_DATASETS"

_SF_XL = (
    "fill in the form at https://forms.gle/wpyDzhDyoWLQygAT9, then "
    "`rsync -rhz --ignore-existing rsync://vandaldata.polito.it/sf_xl/processed/test .` in sf_xl/processed"
)
_SF_XL_TRAP = "one database serves all four query sets; recall on `small` is another number"
_TOKYO = (
    "ask the authors (Torii) for the images and tokyo247.mat, then run format_tokyo247.py of "
    "https://github.com/gmberton/VPR-datasets-downloader"
)
_TOKYO_TRAP = "queries are resized to a shorter side of 480 px and saved anew; others give other recalls"
_TOKYO_SPLIT = f"{_TOKYO}, and `rerank data subset FOLDER` to part the queries by time of day"
_SVOX = "run download_svox.py of https://github.com/gmberton/VPR-datasets-downloader"
_SVOX_TRAP = "the archive calls the database `gallery`; published candidate indices may not fit it"
_RSYNC = "`rsync -rhz rsync://vandaldata.polito.it/sf_xl/VPR-datasets-downloader/{name} .`"


@dataclass(frozen=True)
class NamedSet:
    """What is known of a published dataset with one of its query sets.

    folder: below the datasets root, what holds the database and the queries. queries: folder name.
    condition: of the queries; "mixed" where they differ. database_count, query_count: photos
    expected, None where no exact figure is published. get: how to get it. trap: what goes wrong.
    """

    folder: str
    queries: str
    condition: str
    database_count: int | None
    query_count: int | None
    get: str
    trap: str = ""


def _tokyo(queries: str, condition: str, count: int, get: str = _TOKYO_SPLIT) -> NamedSet:
    return NamedSet("tokyo247/images/test", queries, condition, 75_984, count, get, _TOKYO_TRAP)


def _svox(queries: str, condition: str, count: int) -> NamedSet:
    return NamedSet("svox/images/test", queries, condition, None, count, _SVOX, _SVOX_TRAP)


def _sf_xl(queries: str, condition: str, count: int) -> NamedSet:
    return NamedSet("sf_xl/processed/test", queries, condition, 2_805_840, count, _SF_XL, _SF_XL_TRAP)


NAMED_SETS: dict[str, NamedSet] = {
    "tokyo_247": _tokyo("queries", "mixed", 315, _TOKYO),
    "tokyo_day": _tokyo("queries_day", "day", 105),
    "tokyo_sunset": _tokyo("queries_sunset", "sunset", 105),
    "tokyo_night": _tokyo("queries_night", "night", 105),
    "svox": _svox("queries", "day", 14_278),
    "svox_night": _svox("queries_night", "night", 823),
    "svox_overcast": _svox("queries_overcast", "overcast", 872),
    "svox_rain": _svox("queries_rain", "rain", 937),
    "svox_snow": _svox("queries_snow", "snow", 870),
    "svox_sun": _svox("queries_sun", "sun", 854),
    "sf_xl_v1": _sf_xl("queries_v1", "mixed", 1000),
    "sf_xl_v2": _sf_xl("queries_v2", "mixed", 598),
    "sf_xl_night": _sf_xl("queries_night", "night", 466),
    "sf_xl_occlusion": _sf_xl("queries_occlusion", "occlusion", 76),
    "pitts30k": NamedSet(
        "pitts30k/images/test",
        "queries",
        "day",
        10_000,
        6_816,
        "ask the authors (Torii) for the Pittsburgh images, then format them with "
        "https://github.com/gmberton/VPR-datasets-downloader",
    ),
    "msls": NamedSet(
        "msls/val",
        "queries",
        "mixed",
        18_871,
        None,
        "register at https://www.mapillary.com/dataset/places, then run format_mapillary.py of "
        "https://github.com/gmberton/VPR-datasets-downloader",
        "this takes all of about 11,000 queries; most papers' MSLS-val are 740 of them, 4 to 5 points apart",
    ),
    "nordland": NamedSet(
        "nordland/images/test",
        "queries",
        "winter",
        27_592,
        27_592,
        _RSYNC.format(name="nordland"),
        "positions are frame numbers, 25 m is 10 frames; papers with +-1 or 2 frames are not comparable",
    ),
    "st_lucia": NamedSet(
        "st_lucia/images/test", "queries", "day", 1_549, None, _RSYNC.format(name="st_lucia")
    ),
}


def datasets_root(root: str | Path | None = None) -> Path:
    """Return where named datasets are looked for: `root`, else `$RERANK_DATASETS`, else ./datasets."""
    return Path(root or os.environ.get(ROOT_VARIABLE) or "datasets").absolute()


def locate(name: str, root: str | Path | None = None) -> Path:
    """Return the folder that holds a named set's database and queries.

    Raises DatasetError where the folder or its queries are missing, saying how to get them.
    """
    known = NAMED_SETS[name]
    base = datasets_root(root)
    folder = base / known.folder
    if (folder / known.queries).is_dir():
        return folder
    raise DatasetError(
        f"{name} is not there: no folder {folder / known.queries}. To get it, {known.get}. "
        f"The database goes to {folder}/database, the queries to {folder / known.queries}; "
        f"another place than {base} is named by ${ROOT_VARIABLE}."
    )
