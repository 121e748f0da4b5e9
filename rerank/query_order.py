"""The order that queries are taken in where photos are not kept for good: neighbours after one another.

Neighbouring queries share candidates. A query's place is where its candidates lie closest together: where it
was taken itself is not looked at before the scores, and may be unknown.
"""

import math

import numpy as np

TOGETHER = 0.1  # of a query's candidates; where the retriever does well more of them show one place
CURVE_BITS = 16  # of each coordinate: 65536 cells across the database
NEVER = int(np.iinfo(np.int64).max)  # wanted again


def order_by_place(indices: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Return the rows of queries along a Hilbert curve through their candidates: (Q,) int64.

    indices: (Q, K) int64 into the database, -1 where padded. positions: (N, 2) of the database, metres.
    Queries without a candidate come last; ties keep their order.
    """
    known = np.flatnonzero((indices >= 0).any(axis=1))
    places = [densest_place(positions[row[row >= 0]]) for row in indices[known]]
    keys = np.full(len(indices), NEVER)
    keys[known] = hilbert_numbers(np.array(places).reshape(-1, 2))
    return np.argsort(keys, kind="stable")


def densest_place(points: np.ndarray) -> np.ndarray:
    """Return the point that has a tenth of all others closest around it: (2,) of `points` (K, 2), K > 0."""
    offsets = points[:, None] - points
    rank = min(len(points) - 1, math.ceil(TOGETHER * len(points)))
    radii = np.partition(np.hypot(offsets[..., 0], offsets[..., 1]), rank, axis=1)[:, rank]
    return points[np.argmin(radii)]


def hilbert_numbers(points: np.ndarray) -> np.ndarray:
    """Number the cells that points lie in along a Hilbert curve: (N,) int64.

    points: (N, 2); their bounding square is cut into cells. Successive numbers are adjacent cells (Hilbert,
    1891).
    """
    if not len(points):
        return np.empty(0, np.int64)
    offsets = points - points.min(axis=0)
    last = 2**CURVE_BITS - 1
    x, y = np.round(offsets / (offsets.max() or 1.0) * last).astype(np.int64).T
    numbers = np.zeros(len(points), np.int64)
    for bit in reversed(range(CURVE_BITS)):
        right, upper = (x >> bit) & 1, (y >> bit) & 1
        numbers += ((3 * right) ^ upper) << (2 * bit)
        mirrored = (right == 1) & (upper == 0)  # the lower quadrants lie turned: right mirrored, both swapped
        x, y = np.where(mirrored, last - x, x), np.where(mirrored, last - y, y)
        x, y = np.where(upper == 0, y, x), np.where(upper == 0, x, y)
    return numbers


def next_uses(indices: np.ndarray) -> tuple[np.ndarray, dict[int, int]]:
    """Tell when every photo is wanted again.

    indices: (P, K) photos of the queries in the order that they are taken in. Returns (P, K) int64, the next
    query that wants the photo, `NEVER` where none does; and photo -> the first query that wants it.
    """
    photos, columns = np.unique(indices, return_inverse=True)
    columns = columns.reshape(indices.shape)
    upcoming = np.full(len(photos), NEVER)
    again = np.empty(indices.shape, np.int64)
    for query in reversed(range(len(indices))):
        again[query] = upcoming[columns[query]]
        upcoming[columns[query]] = query
    return again, dict(zip(photos.tolist(), upcoming.tolist(), strict=True))
