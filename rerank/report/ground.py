"""The ground of the map: where the database's photos are, thinned so that millions of them can be drawn."""

import numpy as np

from rerank.report.scripts import number
from rerank.report.subjects import Subject

MOST = 4000  # places drawn
CELLS = 128  # of a side of the grid that thins them


def ground_of(subject: Subject) -> list[list[float | None]]:
    """Return east and north, in metres, of places where the database has photos; empty where unknown."""
    if subject.task is None:
        return []
    places = thinned(subject.task.dataset.database.positions)
    return [[number(east, 1), number(north, 1)] for east, north in places]


def thinned(positions: np.ndarray, most: int = MOST) -> np.ndarray:
    """Return at most `most` of the positions (N, 2), spread over the area; those that are NaN left out."""
    known = positions[~np.isnan(positions).any(axis=1)]
    if len(known) <= most:
        return known
    low = known.min(axis=0)
    extent = max(float((known.max(axis=0) - low).max()), 1e-9)
    cells = ((known - low) / extent * CELLS).astype(np.int64)
    _, first = np.unique(cells[:, 0] * (CELLS + 1) + cells[:, 1], return_index=True)
    first.sort()
    return known[first[:: -(-len(first) // most)]]
