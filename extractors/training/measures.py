"""How well keypoints of a photo and of its warped copy agree."""

from typing import NamedTuple

import numpy as np

from extractors.record import Features
from extractors.training.homographies import warp_points


class Agreement(NamedTuple):
    """Of a pair of photos. repeatability, matching: shares in 0..1, NaN where there is nothing to count."""

    repeatability: float
    matching: float


def agreement(first: Features, second: Features, homography: np.ndarray, threshold_px: float) -> Agreement:
    """Compare the features of two photos of which a homography takes one to the other.

    Only keypoints that the other photo shows, too, count. Repeatability: share of the keypoints of both
    photos that have one of the other within `threshold_px`. Matching: share of photo 0's keypoints whose
    nearest descriptor in photo 1 lies within `threshold_px` of the right place.
    Source: DeTone et al., CVPR Workshops 2018 (arXiv 1712.07629), appendices A and C.
    """
    one, other = first.per_keypoint(), second.per_keypoint()
    there = warp_points(one["keypoints"], homography)
    back = warp_points(other["keypoints"], np.linalg.inv(homography))
    shown0, shown1 = _within(there, second.image_size), _within(back, first.image_size)
    if not (shown0.any() and shown1.any()):
        return Agreement(float("nan"), float("nan"))
    apart = np.linalg.norm(there[shown0, None] - other["keypoints"][None, shown1], axis=-1)
    near = apart <= threshold_px
    repeated = near.any(1).sum() + near.any(0).sum()
    nearest = (one["descriptors"][shown0] @ other["descriptors"][shown1].T).argmax(1)
    right = near[np.arange(len(near)), nearest]
    return Agreement(float(repeated / sum(near.shape)), float(right.mean()))


def corner_error(found: np.ndarray | None, homography: np.ndarray, size: tuple[int, int]) -> float:
    """Return the mean distance, in pixels, between where two homographies take a photo's four corners.

    found: the estimated one, (3, 3), None where there is none, whose error is infinite. size: (H, W).
    """
    if found is None:
        return float("inf")
    height, width = size
    corners = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], float)
    apart = np.linalg.norm(warp_points(corners, found) - warp_points(corners, homography), axis=1)
    return float("inf") if np.isnan(apart).any() else float(apart.mean())


def _within(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return (N,) bool: which of (N, 2) points lie in a photo of (H, W)."""
    height, width = size
    with np.errstate(invalid="ignore"):
        return np.all((points >= 0) & (points <= (width - 1, height - 1)), axis=1)
