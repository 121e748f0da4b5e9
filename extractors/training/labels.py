"""Corners as classes of cells: which of its 64 pixels, or none, is each cell's keypoint."""

import numpy as np

from extractors.superpoint import CELL_PX

NONE = CELL_PX**2  # the class of a cell without a keypoint


def cell_labels(corners: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return (H / 8, W / 8) int64: the pixel of each cell that is a corner, row by row, or NONE.

    corners: (N, 2) x then y in pixels; NaN and what lies outside the photo count for nothing. Of several
    in one cell the first one counts. size: (H, W), multiples of 8.
    """
    height, width = size
    labels = np.full((height // CELL_PX, width // CELL_PX), NONE, np.int64)
    there = np.round(corners[np.isfinite(corners).all(1)]).astype(np.int64)
    x, y = there[((there >= 0) & (there < (width, height))).all(1)][::-1].T  # the last one written stays
    labels[y // CELL_PX, x // CELL_PX] = y % CELL_PX * CELL_PX + x % CELL_PX
    return labels


def whole_cells(filled: np.ndarray) -> np.ndarray:
    """Return (H / 8, W / 8) bool: which cells of a (H, W) mask are filled in all their pixels."""
    rows, columns = filled.shape[0] // CELL_PX, filled.shape[1] // CELL_PX
    return np.all(filled.reshape(rows, CELL_PX, columns, CELL_PX), axis=(1, 3))
