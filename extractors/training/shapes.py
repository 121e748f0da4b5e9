"""Drawn shapes whose corners are plain to see: what a detector of random weights begins with.

Source: the synthetic shapes of DeTone et al., CVPR Workshops 2018 (arXiv 1712.07629), section 4: polygons
and checkerboards on backgrounds of uneven brightness.
"""

import cv2
import numpy as np

PX_PER_SHAPE = 450  # area of the photo for each shape
SIDES_PX = (8.0, 28.0)
BOARD_SHARE = 0.2  # of the shapes
SHIFT = 4  # fractional bits of OpenCV's drawing coordinates
FAINTEST = 0.12  # difference of brightness between a shape and what was there


def draw_shapes(rng: np.random.Generator, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return a grey photo of `size` (H, W), float32 in [0, 1], and its (N, 2) corners, x then y.

    Corners that a later shape covers are left out.
    """
    coarse = rng.uniform(0.2, 0.8, (3, 4)).astype(np.float32)
    photo = np.clip(cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC), 0, 1)
    corners = np.zeros((0, 2))
    for _ in range(size[0] * size[1] // PX_PER_SHAPE):
        outline = _outline(rng, size)
        if rng.random() < BOARD_SHARE:
            added = _draw_board(photo, rng, outline)
        else:
            _fill(photo, outline, _other_grey(photo, rng, outline))
            added = outline
        hidden = [
            cv2.pointPolygonTest(outline.astype(np.float32), point, True) > -1.0 for point in corners.tolist()
        ]
        corners = np.concatenate([corners[~np.array(hidden, bool)], added])
    return photo, corners[::-1]  # what was drawn last lies in front


def _outline(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Return (N, 2) the corners of a triangle or of a quadrangle, which often is upright."""
    middle = rng.uniform((0, 0), size[::-1])
    half = rng.uniform(*SIDES_PX, 2) / 2
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    if rng.random() < 0.5:
        return middle + square
    turn = rng.uniform(0, 2 * np.pi)
    turned = square @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    uneven = turned * rng.uniform(0.7, 1.0, (4, 1))
    return middle + uneven[: int(rng.integers(3, 5))]


def _draw_board(photo: np.ndarray, rng: np.random.Generator, outline: np.ndarray) -> np.ndarray:
    """Draw a checkerboard on a quadrangle; returns its (N, 2) inner and outer corners."""
    if len(outline) < 4:
        _fill(photo, outline, _other_grey(photo, rng, outline))
        return outline
    count = int(rng.integers(2, 4))
    share = np.linspace(0, 1, count + 1)
    left = outline[0] + share[:, None] * (outline[3] - outline[0])
    right = outline[1] + share[:, None] * (outline[2] - outline[1])
    grid = left[:, None] + share[None, :, None] * (right - left)[:, None]
    first = _other_grey(photo, rng, outline)
    greys = first, (first + 0.5) % 1
    for row in range(count):
        for column in range(count):
            field = [
                grid[row, column],
                grid[row, column + 1],
                grid[row + 1, column + 1],
                grid[row + 1, column],
            ]
            _fill(photo, np.array(field), greys[(row + column) % 2])
    return grid.reshape(-1, 2)


def _fill(photo: np.ndarray, outline: np.ndarray, grey: float) -> None:
    points = np.round(outline * 2**SHIFT).astype(np.int32)
    cv2.fillPoly(photo, [points], float(grey), cv2.LINE_8, SHIFT)


def _other_grey(photo: np.ndarray, rng: np.random.Generator, outline: np.ndarray) -> float:
    """Return a grey that stands out from what is in the middle of an outline."""
    height, width = photo.shape
    x, y = np.clip(outline.mean(0).astype(int), 0, (width - 1, height - 1))
    grey = rng.uniform(0, 1 - 2 * FAINTEST)
    return float(grey if grey < photo[y, x] - FAINTEST else grey + 2 * FAINTEST)
