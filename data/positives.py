"""Positives: the database photos near enough to a query to count as right."""

import numpy as np
from scipy.spatial import KDTree

from data.errors import DatasetError

# Positions are written in centimetres, and float64 holds UTM metres to about 1e-9: this lets a
# pair whose written distance equals the threshold count, and no pair beyond it.
_ROUNDING_M = 1e-7


def find_positives(
    database_positions: np.ndarray, query_positions: np.ndarray, threshold_m: float = 25.0
) -> list[np.ndarray]:
    """Find for each query the database photos within `threshold_m` metres, the limit included.

    database_positions (N, 2), query_positions (Q, 2): east and north in metres; zones and headings
    play no part. Returns Q arrays of sorted int64 indices into the database, empty where there are
    none. Raises DatasetError for positions of another shape or a negative threshold.
    """
    database = _positions(database_positions, "database")
    queries = _positions(query_positions, "query")
    if not threshold_m >= 0:
        raise DatasetError(f"the threshold must be 0 m or more, found {threshold_m}")
    if not len(database):
        return [np.empty(0, np.int64) for _ in queries]
    found = KDTree(database).query_ball_point(queries, threshold_m + _ROUNDING_M, return_sorted=True)
    return [np.asarray(indices, np.int64) for indices in found]


def _positions(positions: np.ndarray, whose: str) -> np.ndarray:
    array = np.asarray(positions, np.float64)
    if array.ndim != 2 or array.shape[1] != 2 or not np.isfinite(array).all():
        raise DatasetError(f"{whose} positions must be finite and (N, 2), found shape {array.shape}")
    return array
