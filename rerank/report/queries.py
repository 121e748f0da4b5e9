"""The queries as the report shows them: columns to filter by, and the best candidates of each."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rerank.metrics import NEVER
from rerank.report.album import Album
from rerank.report.scripts import number, significant
from rerank.report.subjects import Subject
from rerank.run import Run

TOP = 5  # candidates shown
CHUNK = 50  # queries of which the candidates are in one script


def shown_columns(subject: Subject, query: int) -> Iterator[np.ndarray]:
    """Yield the columns of a query's shown candidates, before re-ranking and after it by each method."""
    usable = subject.shortlist.indices[query] >= 0
    for order in (np.arange(len(usable)), *(member.run.order[query] for member in subject.reranking)):
        yield order[usable[order]][:TOP]


def photos_of(subject: Subject) -> list[Path]:
    """Return the photos that the report shows of a subject: queries, and their shown candidates."""
    if subject.task is None:
        return []
    dataset, indices = subject.task.dataset, subject.shortlist.indices
    shown = [
        indices[query][columns]
        for query in range(len(subject.query_ids))
        for columns in shown_columns(subject, query)
    ]
    rows = np.unique(np.concatenate([np.empty(0, np.int64), *shown])).tolist()
    queries = [dataset.queries.path(row) for row in subject.task.query_rows.tolist()]
    return queries + [dataset.database.path(row) for row in rows]


def query_columns(subject: Subject, album: Album) -> dict[str, Any]:
    """Return what is known of every query, a list for each property, JSON-able.

    Ranks count from 0, -1 where there is no positive; distances, of the first candidate, are in metres.
    """
    run = subject.run
    return {
        "ids": subject.query_ids,
        "names": run.shortlist.query_names,
        "conditions": subject.conditions.tolist(),
        "positions": _positions(subject),
        "photos": [path and album.name(path) for path in _query_photos(subject)],
        "positives": run.shortlist.positives.tolist(),
        "before": _ranked(run, np.zeros(len(subject.query_ids), np.int64), run.retrieval_first_hits()),
        "after": [
            _ranked(member.run, member.run.order[:, 0], member.run.first_hits())
            for member in subject.reranking
        ],
    }


def candidates_of(subject: Subject, queries: range, album: Album) -> dict[str, Any]:
    """Return the best candidates of some queries, before and after re-ranking, JSON-able.

    photos: database index -> [name, photo]. before, and of each method after: for every query a list of
    [database index, column, metres, 1 if right, score, matches, inliers].
    """
    runs = [None, *(member.run for member in subject.reranking)]
    shown = [list(shown_columns(subject, query)) for query in queries]
    rows = {
        int(index)
        for query, of_query in zip(queries, shown, strict=True)
        for columns in of_query
        for index in subject.shortlist.indices[query][columns]
    }
    lists = [
        [
            _entries(subject, run, query, of_query[turn])
            for query, of_query in zip(queries, shown, strict=True)
        ]
        for turn, run in enumerate(runs)
    ]
    return {
        "photos": [(row, *_photo(subject, row, album)) for row in sorted(rows)],
        "before": lists[0],
        "after": lists[1:],
    }


def _entries(subject: Subject, run: Run | None, query: int, columns: np.ndarray) -> list[list[Any]]:
    """Return what is said of a query's candidates; run: None for the retriever's own order."""
    shortlist, threshold_m = subject.shortlist, subject.run.threshold_m()
    entries = []
    for column in columns.tolist():
        place = query, column
        entry = [
            int(shortlist.indices[place]),
            column,
            number(shortlist.distances_m[place], 1),
            int(shortlist.distances_m[place] <= threshold_m),
        ]
        if run is None:
            entry += [significant(shortlist.descriptor_distances[place])]
        else:
            entry += [significant(run.values[place]), int(run.matches[place]), int(run.inliers[place])]
        entries.append(entry)
    return entries


def _photo(subject: Subject, row: int, album: Album) -> tuple[str, str | None]:
    """Return a database photo's name and its JPEG."""
    if subject.task is None:
        return f"database photo {row}", None
    database = subject.task.dataset.database
    return database.names[row], album.name(database.path(row))


def _query_photos(subject: Subject) -> Sequence[Path | None]:
    """Return the photo of every query; None where the photos were not found."""
    if subject.task is None:
        return [None] * len(subject.query_ids)
    return [subject.task.dataset.queries.path(row) for row in subject.task.query_rows.tolist()]


def _ranked(run: Run, best: np.ndarray, first_hits: np.ndarray) -> dict[str, Any]:
    """Return the rank of every query's first positive, and the distance of the candidate put first."""
    if not run.shortlist.candidates:
        return {"ranks": [-1] * len(best), "metres": [None] * len(best)}
    distances = np.take_along_axis(run.shortlist.distances_m, best[:, None], axis=1)[:, 0]
    return {
        "ranks": np.where(first_hits == NEVER, -1, first_hits).tolist(),
        "metres": [number(distance, 1) for distance in distances],
    }


def _positions(subject: Subject) -> list[list[float | None]] | None:
    """Return east and north of every query in metres; None where the photos were not found."""
    if subject.task is None:
        return None
    positions = subject.task.dataset.queries.positions[subject.task.query_rows]
    return [[number(east), number(north)] for east, north in positions]
