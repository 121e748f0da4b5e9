"""Random homographies, photos warped by them, and where points and cells then lie."""

from dataclasses import dataclass

import cv2
import numpy as np
from pydantic import NonNegativeFloat


@dataclass(frozen=True)
class HomographyRange:
    """How far random homographies go.

    turn_deg: in the plane. scale: largest factor; its inverse is the smallest. shift: share of the photo's
    sides. perspective: by how much the scale changes from the middle to an edge.
    """

    turn_deg: NonNegativeFloat = 25.0
    scale: NonNegativeFloat = 1.5
    shift: NonNegativeFloat = 0.15
    perspective: NonNegativeFloat = 0.3


def random_homography(rng: np.random.Generator, size: tuple[int, int], reach: HomographyRange) -> np.ndarray:
    """Return (3, 3) float64, which takes pixels (x, y, 1) of a photo to those of its warped copy.

    size: (H, W). It turns, scales, shifts and tilts around the photo's middle, each by a truncated normal
    amount, as SuperPoint's homographic adaptation does (arXiv 1712.07629, section 5.2).
    """
    height, width = size
    turn, grow, *rest = np.clip(rng.normal(0, 0.5, 6), -1, 1)
    turn, grow = np.radians(reach.turn_deg * turn), reach.scale**grow
    shift, tilt = reach.shift * np.array(rest[:2]), reach.perspective * np.array(rest[2:])
    middle = np.array([[1, 0, (width - 1) / 2], [0, 1, (height - 1) / 2], [0, 0, 1]])
    cosine, sine = grow * np.cos(turn), grow * np.sin(turn)
    similar = np.array([[cosine, -sine, shift[0] * width], [sine, cosine, shift[1] * height], [0, 0, 1]])
    tilted = np.array([[1, 0, 0], [0, 1, 0], [2 * tilt[0] / width, 2 * tilt[1] / height, 1]])
    return np.asarray(middle @ similar @ tilted @ np.linalg.inv(middle), np.float64)


def warp_points(points: np.ndarray, homography: np.ndarray) -> np.ndarray:
    """Return where a homography takes (N, 2) points, x then y; NaN behind the view."""
    scaled = np.asarray(points, np.float64) @ homography[:, :2].T + homography[:, 2]
    depth = np.where(scaled[:, 2:] > 1e-9, scaled[:, 2:], np.nan)
    return scaled[:, :2] / depth


def warp_photo(
    photo: np.ndarray, homography: np.ndarray, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return a photo (H, W) warped to `size` (H', W'), and (H', W') bool: which pixels it fills."""
    shape = size[::-1]
    warped = cv2.warpPerspective(photo, homography, shape, flags=cv2.INTER_LINEAR)
    solid = np.ones(photo.shape[:2], np.uint8)
    filled = cv2.warpPerspective(solid, homography, shape, flags=cv2.INTER_NEAREST)
    return warped, cv2.erode(filled, np.ones((3, 3), np.uint8)) > 0


def crop_shift(x: int, y: int) -> np.ndarray:
    """Return (3, 3) the homography that takes a photo's pixels to those of its crop from (x, y)."""
    return np.array([[1.0, 0.0, -x], [0.0, 1.0, -y], [0.0, 0.0, 1.0]])
