"""What a detector is to find: corners, and as classes of cells which of 64 pixels, or none, is one."""

from collections.abc import Sequence

import cv2
import numpy as np

from extractors.corners import cornerness
from extractors.superpoint_network import CELL_PX

NONE = CELL_PX**2  # the class of a cell without a keypoint
APART_PX = 4  # corners are at least so far from each other
CLEAR_PERCENT = 98.0  # of a photo's pixels are less of a corner than what counts as a clear one
FAINTEST = 0.3  # of 0 to 1, where a clear corner is 0.5


def lasting_corners(lights: Sequence[np.ndarray], drawn: np.ndarray) -> np.ndarray:
    """Return the (N, 2) pixels, x then y and clearest first, that are corners of one view in all lights.

    lights: photos (H, W) of the view, float32 in [0, 1]; how much of a corner a pixel is, see `cornerness`,
    is averaged over them, so that what hides in one light is known from the others. drawn: (N, 2) corners
    known from the drawing, which count double.
    """
    strength = np.mean([_clarity(photo) for photo in lights], axis=0)
    strength *= 1 + _near(drawn, strength.shape)
    around = np.ones((2 * APART_PX + 1, 2 * APART_PX + 1))
    y, x = np.nonzero((strength == cv2.dilate(strength, around)) & (strength > FAINTEST))
    order = np.argsort(-strength[y, x], kind="stable")
    return np.stack([x, y], axis=1)[order].astype(np.float32)


def _clarity(photo: np.ndarray) -> np.ndarray:
    """Return (H, W) how clear a corner each pixel is: 0.5 for clear ones, below 1 for all."""
    strength = cornerness(photo)
    clear = max(float(np.percentile(strength, CLEAR_PERCENT)), np.finfo(np.float32).eps)
    return strength / (strength + clear)


def _near(points: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Return (H, W): 1 for pixels beside one of (N, 2) points, 0 for others."""
    near = np.zeros(size, np.float32)
    x, y = _pixels_within(points, size).T
    near[y, x] = 1
    return cv2.dilate(near, np.ones((3, 3)))


def _pixels_within(points: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Return the (M, 2) whole pixels of those of (N, 2) points, x then y, that lie in a photo of (H, W)."""
    there = np.round(points[np.isfinite(points).all(1)]).astype(np.int64)
    return there[((there >= 0) & (there < size[::-1])).all(1)]


def cell_labels(corners: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return (H / 8, W / 8) int64: the pixel of each cell that is a corner, row by row, or NONE.

    corners: (N, 2) x then y in pixels; NaN and what lies outside the photo count for nothing. Of several
    in one cell the first one counts. size: (H, W), multiples of 8.
    """
    height, width = size
    labels = np.full((height // CELL_PX, width // CELL_PX), NONE, np.int64)
    x, y = _pixels_within(corners, size)[::-1].T  # the last one written stays
    labels[y // CELL_PX, x // CELL_PX] = y % CELL_PX * CELL_PX + x % CELL_PX
    return labels


def whole_cells(filled: np.ndarray) -> np.ndarray:
    """Return (H / 8, W / 8) bool: which cells of a (H, W) mask are filled in all their pixels."""
    rows, columns = filled.shape[0] // CELL_PX, filled.shape[1] // CELL_PX
    return np.all(filled.reshape(rows, CELL_PX, columns, CELL_PX), axis=(1, 3))
