"""Robust homographies between matched points: OpenCV's estimators and PoseLib behind one interface.

Whatever the estimator, the inliers are counted under the homography that it returns after its own
refinement. OpenCV before 4.12 reports those of the best four-point sample instead, a count that
varies with the order of the matches.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np

from data.errors import SettingsError

# OpenCV's other methods are left out: LMEDS ignores the threshold, RHO and USAC_PROSAC expect matches
# sorted by quality, and USAC_PARALLEL starts threads of its own within each pair.
Estimator = Literal["ransac", "usac_default", "usac_accurate", "usac_fast", "usac_magsac", "poselib"]

SAMPLE = 4  # points that determine a homography
SEED = 0  # PoseLib's; OpenCV's generators are fixed inside
LINE_PX = 1e-3  # points are collinear when their root mean square distance from a line is below this


@dataclass(frozen=True)
class Robust:
    """How a homography is estimated.

    estimator: "ransac" and the "usac_*" methods are OpenCV's. reprojection_px: largest forward error
    of an inlier, pixels of the query photo, inclusive. iterations: at most so many samples.
    confidence: probability in (0, 1) of an all-inlier sample at which sampling stops.
    """

    estimator: Estimator = "ransac"
    reprojection_px: float = 24.0
    iterations: int = 2000
    confidence: float = 0.995

    def __post_init__(self) -> None:
        if self.estimator not in get_args(Estimator):
            raise SettingsError(f"estimator {self.estimator!r} is none of {', '.join(get_args(Estimator))}")
        if not (0 < self.reprojection_px < math.inf and self.iterations >= 1 and 0 < self.confidence < 1):
            raise SettingsError(
                f"robust estimation needs reprojection_px > 0, iterations >= 1 and confidence in (0, 1); "
                f"found {self.reprojection_px}, {self.iterations} and {self.confidence}"
            )


@dataclass(frozen=True)
class Estimate:
    """A homography (3, 3) float64 from candidate to query, None without one, and (M,) bool inliers.

    Whatever the estimator, the homography's last number is 1 where it is not 0.
    """

    homography: np.ndarray | None
    inliers: np.ndarray


def estimate_homography(source: np.ndarray, target: np.ndarray, robust: Robust) -> Estimate:
    """Estimate the homography that maps `source` (M, 2) to `target` (M, 2), matched points in pixels.

    No model, and no inliers, for fewer than four matches and for points that determine none. The
    result depends on the order of the matches, and on nothing else.
    """
    if len(source) < SAMPLE:
        return Estimate(None, np.zeros(len(source), bool))
    # Four matches determine the homography; USAC, which also tests how the sample lies, refuses many.
    estimator = "ransac" if len(source) == SAMPLE else robust.estimator
    homography = BACK_ENDS[estimator](source, target, robust)
    if homography is None or not np.isfinite(homography).all():
        return Estimate(None, np.zeros(len(source), bool))
    homography = scaled(homography)
    return Estimate(homography, forward_errors(homography, source, target) <= robust.reprojection_px)


def scaled(homography: np.ndarray) -> np.ndarray:
    """Scale a homography (3, 3) so that its last number is 1; as it is where that is 0.

    PoseLib gives homographies of any scale and sign, which map points alike.
    """
    return homography / homography[2, 2] if homography[2, 2] else homography


def forward_errors(homography: np.ndarray, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return distances (M,) float64 from the mapped `source` to `target`; NaN or inf off the plane."""
    mapped = source @ homography[:, :2].T + homography[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.linalg.norm(mapped[:, :2] / mapped[:, 2:] - target, axis=1)


def _opencv(flag: int) -> Callable[[np.ndarray, np.ndarray, Robust], np.ndarray | None]:
    def estimate(source: np.ndarray, target: np.ndarray, robust: Robust) -> np.ndarray | None:
        return cv2.findHomography(
            source,
            target,
            flag,
            robust.reprojection_px,
            maxIters=robust.iterations,
            confidence=robust.confidence,
        )[0]

    return estimate


def _poselib(source: np.ndarray, target: np.ndarray, robust: Robust) -> np.ndarray | None:
    import poselib

    options = {
        "max_reproj_error": robust.reprojection_px,
        "max_iterations": robust.iterations,
        "min_iterations": min(100, robust.iterations),
        "success_prob": robust.confidence,
        "seed": SEED,
    }
    # PoseLib fits some map to points on a line, and all of them fit it; OpenCV refuses such points.
    if _collinear(source) or _collinear(target):
        return None
    return poselib.estimate_homography(source, target, options)[0]


def _collinear(points: np.ndarray) -> bool:
    centred = np.asarray(points, np.float64) - points.mean(axis=0)
    return np.linalg.svd(centred, compute_uv=False)[-1] < LINE_PX * math.sqrt(len(points))


BACK_ENDS: dict[str, Callable[[np.ndarray, np.ndarray, Robust], np.ndarray | None]] = {
    "ransac": _opencv(cv2.RANSAC),
    "usac_default": _opencv(cv2.USAC_DEFAULT),
    "usac_accurate": _opencv(cv2.USAC_ACCURATE),
    "usac_fast": _opencv(cv2.USAC_FAST),
    "usac_magsac": _opencv(cv2.USAC_MAGSAC),
    "poselib": _poselib,
}
