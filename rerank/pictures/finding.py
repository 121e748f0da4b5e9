"""Finding what a picture is to show: the query and the candidate that were named, and their photos."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from data.datasets import Dataset
from data.errors import DatasetError, ResultError
from rerank.compare import group_by_task
from rerank.pictures.methods import Photo
from rerank.run import Run
from rerank.task import Task, photo_key

LISTED = 5  # names that a message gives


def of_one_task(runs: Sequence[Run]) -> list[Run]:
    """Return runs of the same queries and candidates; raises ResultError for those of several tasks."""
    groups = group_by_task(runs)
    if len(groups) != 1:
        names = ", ".join(dict.fromkeys(group[0].identity.dataset for group in groups))
        raise ResultError(
            f"a picture shows one query of one task, these runs are of {len(groups)}: {names}; name the "
            "folder of one"
        )
    return groups[0]


def find_query(run: Run, text: str) -> int:
    """Return the query that `text` names: its number from 0, its file name, or a part of that.

    Raises ResultError where none is meant, or several.
    """
    names = run.shortlist.query_names
    if text.isdecimal() and int(text) < len(names):
        return int(text)
    return _row_of(text, names, f"{run.identity.dataset} has no query")


def find_candidate(run: Run, query: int, text: str, names: Sequence[str]) -> int:
    """Return the database photo that `text` names: its rank by this run from 1, its file name, or a part.

    names: of the database. Raises ResultError where none is meant, or several.
    """
    if not text.isdecimal():
        return _row_of(text, names, "the database has no photo")
    order = run.order[query]
    if not 1 <= int(text) <= len(order) or run.shortlist.indices[query, order[int(text) - 1]] < 0:
        raise ResultError(f"this query has no candidate {text}; ranks go from 1 to {len(order)}")
    return int(run.shortlist.indices[query, order[int(text) - 1]])


def score_of(run: Run, query: int, index: int) -> float | None:
    """Return what a run gave a query's candidate; None where it was not among the candidates."""
    found = np.flatnonzero(run.shortlist.indices[query] == index)
    return float(run.values[query, found[0]]) if len(found) else None


def query_photo(task: Task, query: int) -> Photo:
    """Return the photo of a query of the shortlist."""
    row = int(task.query_rows[query])
    return Photo(task.dataset.queries.path(row), photo_key(task.dataset.queries, row))


def candidate_photo(task: Task, index: int) -> Photo:
    """Return a photo of the database."""
    return Photo(task.dataset.database.path(index), photo_key(task.dataset.database, index))


def photo_at(path: Path, dataset: Dataset | None = None) -> Photo:
    """Return the photo at a path, with its key where it is the dataset's; raises DatasetError without it."""
    if not path.is_file():
        raise DatasetError(f"{path}: no such photo")
    holder = dataset.database.folder.resolve().parent if dataset else None
    if holder is None or not path.resolve().is_relative_to(holder):
        return Photo(path)
    return Photo(path, path.resolve().relative_to(holder).as_posix())


def _row_of(text: str, names: Sequence[str], missing: str) -> int:
    """Return the row of the name that equals `text`, or else alone contains it."""
    exact = [row for row, name in enumerate(names) if name == text]
    found = exact or [row for row, name in enumerate(names) if text in name]
    if len(found) == 1:
        return found[0]
    if found:
        listed = ", ".join(names[row] for row in found[:LISTED])
        raise ResultError(f"{text!r} is in {len(found)} names, such as {listed}; give more of one")
    raise ResultError(f"{missing} {text!r}; there are {len(names)}, such as {', '.join(names[:LISTED])}")
