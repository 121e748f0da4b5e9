"""Datasets: a database and queries, opened from a name, a folder or a table."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from data.errors import DatasetError
from data.folders import QUERIES, condition_of, read_folder
from data.index_cache import WORTH_CACHING, load_index, save_index
from data.layout import DATABASES, choose_queries, dataset_name, find_layout, query_folders_below, query_sets
from data.named import NAMED_SETS, datasets_root, locate
from data.photoset import PhotoSet
from data.scan import stamp
from data.tables import EXTENSIONS, photos_of, read_table, splits_of


@dataclass(frozen=True)
class Dataset:
    """Photos to retrieve from and photos to ask with. name: names its results. root: its folder."""

    name: str
    root: Path
    database: PhotoSet
    queries: PhotoSet


def open_dataset(
    source: str | Path,
    *,
    database_folder: str | None = None,
    queries_folder: str | None = None,
    cache: bool = True,
    root: str | Path | None = None,
) -> Dataset:
    """Open a dataset.

    source: a published set by name ("tokyo_night", see `NAMED_SETS`; write "./tokyo_night" for a
    folder of that name), a folder (the dataset's root, or what holds `database` or `gallery` and
    `queries*`), or a .csv or .parquet table. database_folder, queries_folder: other folders below the
    one that holds both, or splits of a table; by default the only query set, or `queries`. cache: keep
    the index of large sets on disk. root: where named sets lie, else `$RERANK_DATASETS` or ./datasets.
    Raises DatasetError where something is missing, ambiguous or contradicts itself.
    """
    if str(source) in NAMED_SETS:
        return _open_named(str(source), root, database_folder, queries_folder, cache)
    path = Path(source).expanduser()
    if is_table(path):
        return _open_table(path.absolute(), database_folder, queries_folder, cache)
    _check_there(path, source, root)
    return _open_folder(path, database_folder, queries_folder, cache)


def query_folders(source: str | Path, *, root: str | Path | None = None) -> list[str]:
    """Return the sorted query sets of a dataset: `queries*` folders, or splits of a table.

    source and root as in `open_dataset`. Raises DatasetError where there is no dataset.
    """
    if str(source) in NAMED_SETS:
        return query_folders_below(locate(str(source), root))
    path = Path(source).expanduser()
    if is_table(path):
        return query_sets(splits_of(read_table(path)))
    _check_there(path, source, root)
    return query_folders_below(path)


def _open_folder(path: Path, database: str | None, queries: str | None, cache: bool) -> Dataset:
    layout = find_layout(path, database, queries)
    return Dataset(
        dataset_name(layout.stem, layout.queries.name),
        layout.root,
        read_folder(layout.database, layout.root, cache=cache),
        read_folder(layout.queries, layout.root, cache=cache),
    )


def _open_named(
    name: str, root: str | Path | None, database: str | None, queries: str | None, cache: bool
) -> Dataset:
    """Open a published set; another query folder than its own gives it the general name."""
    known = NAMED_SETS[name]
    opened = _open_folder(locate(name, root), database, queries or known.queries, cache)
    if queries not in (None, known.queries):
        return opened
    conditions = opened.queries.conditions
    conditions = np.where(conditions == condition_of(known.queries), known.condition, conditions)
    return replace(opened, name=name, queries=replace(opened.queries, conditions=conditions))


def _open_table(path: Path, database: str | None, queries: str | None, cache: bool) -> Dataset:
    folder = path.parent
    # The defaults are what an open table would be found to mean, if it has these splits.
    splits = (database or DATABASES[0], queries or QUERIES)
    indexed = [load_index(folder, f"{path.name}#{split}", folder) for split in splits] if cache else []
    found = [photos for photos in indexed if photos is not None]
    if len(found) < len(splits):
        splits, found = _read_splits(path, database, queries, cache)
    return Dataset(dataset_name(path.stem, splits[1]), folder, *found)


def _read_splits(
    path: Path, database: str | None, queries: str | None, cache: bool
) -> tuple[tuple[str, str], list[PhotoSet]]:
    """Read the database and queries of a table, and index them if the table is large."""
    stamps = {path.name: stamp(path)}
    table = read_table(path)
    present = splits_of(table)
    database = database or next((name for name in DATABASES if name in present), DATABASES[0])
    splits = (database, choose_queries(query_sets(present), queries, str(path)))
    found = [photos_of(table, split) for split in splits]
    if cache and len(table.rows) >= WORTH_CACHING:
        for split, photos in zip(splits, found, strict=True):
            save_index(path.parent, f"{path.name}#{split}", photos, stamps)
    return splits, found


def is_table(path: Path) -> bool:
    """Tell whether a path is a table's rather than a folder's."""
    return path.suffix.lower() in EXTENSIONS and not path.is_dir()


def _check_there(path: Path, source: str | Path, root: str | Path | None) -> None:
    if not path.is_dir():
        raise DatasetError(
            f"{source}: no such folder, table or named dataset. Named datasets are looked for in "
            f"{datasets_root(root)}: {', '.join(sorted(NAMED_SETS))}."
        )
