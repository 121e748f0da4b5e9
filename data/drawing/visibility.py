"""Which buildings stand hidden behind others, so that they need not be drawn, nor their textures made.

Looking horizontally, a column of the view shows of each front how high it reaches: its height above the
camera over its depth. What stands on the ground and reaches less high than fronts nearer by is hidden.
"""

import numpy as np

from data.drawing.camera import NEAREST_M, Camera

COLUMNS = 256
MARGIN = 1.4  # the columns reach beyond the photo's edges, which a tilted camera sees


def visible_boxes(camera: Camera, boxes: np.ndarray, fronts: np.ndarray) -> np.ndarray:
    """Return (N,) bool: which boxes may show above all fronts that stand wholly nearer.

    boxes: (N, M, 3) corner points of what stands on the ground. fronts: (F, 2, 3) the left and the
    right end of each front's upper edge, for those that face the camera.
    """
    forward = camera.rotation[2, :2] / np.linalg.norm(camera.rotation[2, :2])
    right = np.array([forward[1], -forward[0]])
    half_width = MARGIN * np.tan(np.radians(camera.field_of_view_deg) / 2)
    horizon = np.full(COLUMNS, -np.inf)
    standing = _Seen(boxes - camera.centre, forward, right, half_width)
    edges = _Seen(fronts - camera.centre, forward, right, half_width)
    solid = np.flatnonzero(edges.depth.min(1) > NEAREST_M)
    solid = solid[np.argsort(edges.depth[solid].max(1), kind="stable")]
    farthest = edges.depth[solid].max(1)
    visible = np.ones(len(boxes), bool)
    raised = 0
    for index in np.argsort(standing.depth.min(1), kind="stable"):
        nearest = standing.depth[index].min()
        if nearest <= NEAREST_M:
            continue
        while raised < len(solid) and farthest[raised] < nearest:
            edges.raise_horizon(horizon, solid[raised])
            raised += 1
        visible[index] = standing.reaches_above(horizon, index)
    return visible


class _Seen:
    """Points (N, M, 3) around the camera as columns and depths of a horizontal view."""

    def __init__(
        self, offsets: np.ndarray, forward: np.ndarray, right: np.ndarray, half_width: float
    ) -> None:
        self.depth = offsets[..., :2] @ forward
        self.height = offsets[..., 2].max(1)
        with np.errstate(divide="ignore", invalid="ignore"):
            tangent = (offsets[..., :2] @ right) / self.depth
        self.column = (tangent / half_width + 1) / 2 * COLUMNS

    def reaches_above(self, horizon: np.ndarray, index: int) -> bool:
        column = self.column[index]
        first, last = max(0, int(np.floor(column.min()))), min(COLUMNS, int(np.ceil(column.max())) + 1)
        rise = self.height[index] / self.depth[index].min()
        return bool(first < last and (horizon[first:last] < rise).any())

    def raise_horizon(self, horizon: np.ndarray, index: int) -> None:
        """Raise the horizon in the columns that an edge covers wholly."""
        (start, stop), nearness = self.column[index], 1 / self.depth[index]
        first, last = max(0, int(np.ceil(start))), min(COLUMNS, int(np.floor(stop)))
        if first >= last:
            return
        share = (np.arange(first, last) + 0.5 - start) / (stop - start)
        rise = self.height[index] * (nearness[0] + share * (nearness[1] - nearness[0]))
        np.maximum(horizon[first:last], rise, out=horizon[first:last])
