"""Shadows of houses and trees: the city's heights seen from above, and rays from there to the sun."""

import cv2
import numpy as np

from data.drawing.plan import Plan

PX_PER_M = 2
STEPS = 22
STEPS_M = np.geomspace(0.6, 60.0, STEPS)  # how far along the ground a ray is looked at
TREE_RADIUS_M, TREE_HEIGHT_M = 1.7, 6.0
MARGIN_M = 5.0


class Skyline:
    """How high the city stands above each place."""

    def __init__(self, plan: Plan) -> None:
        """Draw the roofs and trees of a plan from above."""
        feet = np.array([facade.box()[:4, :2] for facade in plan.facades])
        self.origin = feet.min((0, 1)) - MARGIN_M
        columns, rows = np.ceil((feet.max((0, 1)) + MARGIN_M - self.origin) * PX_PER_M).astype(int)
        self.heights = np.zeros((rows, columns), np.float32)
        outlines = np.round((feet - self.origin) * PX_PER_M).astype(np.int32)
        roofs = [facade.height_m for facade in plan.facades]
        for index in np.argsort(roofs, kind="stable"):
            cv2.fillPoly(self.heights, [outlines[index]], roofs[index])
        for spot in plan.trees:
            x, y = np.round((spot - self.origin) * PX_PER_M).astype(int).tolist()
            cv2.circle(self.heights, (x, y), round(TREE_RADIUS_M * PX_PER_M), TREE_HEIGHT_M, -1)

    def sunlit(self, points: np.ndarray, sun: np.ndarray) -> np.ndarray:
        """Return (H, W) float32 in 0..1 how much of the sun (H, W, 3) float32 points see.

        sun: (3,) unit vector towards it. Shadows soften with the distance from what casts them.
        """
        free = np.ones(points.shape[:2], np.float32)
        start = [(points[..., axis] - self.origin[axis]).astype(np.float32) * PX_PER_M for axis in (0, 1)]
        flat = float(np.hypot(sun[0], sun[1]))
        for step in STEPS_M.tolist():
            x, y = (start[axis] + np.float32(step / flat * sun[axis] * PX_PER_M) for axis in (0, 1))
            roof = cv2.remap(self.heights, x, y, cv2.INTER_LINEAR, borderValue=0)
            clearance = points[..., 2] + np.float32(step / flat * sun[2]) - roof
            np.minimum(free, np.clip(0.5 + clearance / (0.3 + 0.05 * step), 0, 1), out=free)
        return free
