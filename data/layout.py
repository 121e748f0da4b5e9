"""Where a dataset's database and queries lie below a folder."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.errors import DatasetError
from data.folders import QUERIES

DATABASES = ("database", "gallery")

_HOLDERS = (".", "images/test", "processed/test", "test")  # below a dataset's root
_SPLITS = ("train", "val", "test")
_GROUPINGS = ("images", "processed")


@dataclass(frozen=True)
class Layout:
    """A dataset's folders. root: where it begins. stem: its name but for the query set's suffix."""

    root: Path
    stem: str
    database: Path
    queries: Path


def find_layout(
    source: Path, database_folder: str | None = None, queries_folder: str | None = None
) -> Layout:
    """Find the database and query folders of the dataset at `source`.

    source: a dataset's root (holding `images/test`, `processed/test` or `test`), or the folder that
    holds `database` (or `gallery`) and `queries*`. database_folder, queries_folder: other names, or
    paths, relative to that folder. Raises DatasetError where a folder is missing, or several
    `queries_*` are there and none is chosen.
    """
    holder = find_holder(source, [database_folder] if database_folder else DATABASES)
    database = database_folder or next(name for name in DATABASES if (holder / name).is_dir())
    queries = choose_queries(queries_below(holder), queries_folder, str(holder))
    if not (holder / queries).is_dir():
        raise DatasetError(
            f"{holder}: no query folder {queries!r}; there are: {_listed(queries_below(holder))}"
        )
    root, stem = _root_and_stem(holder)
    return Layout(root, stem, holder / database, holder / queries)


def find_holder(source: Path, names: Sequence[str]) -> Path:
    """Return the folder that holds one of the folders `names`: `source` or what is usual below it.

    Raises DatasetError where there is none, saying which folders there are.
    """
    source = source.resolve() if ".." in source.parts else source.absolute()
    if not source.is_dir():
        raise DatasetError(f"{source}: no such folder")
    for below in _HOLDERS:
        if any((source / below / name).is_dir() for name in names):
            return source / below
    raise DatasetError(
        f"{source}: no folder {' or '.join(names)} in it or in its {', '.join(_HOLDERS[1:])}; "
        f"there are: {_listed(sorted(path.name for path in source.iterdir() if path.is_dir()))}"
    )


def query_folders_below(source: Path) -> list[str]:
    """Return the names of the `queries*` folders of the dataset at `source`."""
    return queries_below(find_holder(source, DATABASES))


def queries_below(holder: Path) -> list[str]:
    """Return the sorted names of the query folders in `holder`."""
    return query_sets(path.name for path in holder.iterdir() if path.is_dir())


def query_sets(names: Iterable[str]) -> list[str]:
    """Return, sorted, those of the names that are `queries` or `queries_*`."""
    return sorted(name for name in names if name == QUERIES or name.startswith(f"{QUERIES}_"))


def choose_queries(available: Sequence[str], chosen: str | None, where: str) -> str:
    """Return the chosen query set, else `queries`, else the only one; raises DatasetError otherwise."""
    if chosen:
        return chosen
    if QUERIES in available:
        return QUERIES
    if len(available) == 1:
        return available[0]
    if available:
        raise DatasetError(f"{where}: several query sets; choose one of {_listed(available)}")
    raise DatasetError(f"{where}: no query set; expected one called `queries` or `queries_NAME`")


def dataset_name(stem: str, queries: str) -> str:
    """Return a dataset's name: its stem, and what tells its query set from plain `queries`."""
    suffix = Path(queries).name.removeprefix(QUERIES).lstrip("_")
    return f"{stem}_{suffix}" if suffix else stem


def _root_and_stem(holder: Path) -> tuple[Path, str]:
    """Tell a dataset's root and name from where its photos are; splits but `test` enter the name."""
    if holder.name not in _SPLITS:
        return holder, holder.name
    root = holder.parent.parent if holder.parent.name in _GROUPINGS else holder.parent
    return root, root.name if holder.name == "test" else f"{root.name}_{holder.name}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
