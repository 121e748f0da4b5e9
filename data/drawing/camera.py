"""The pinhole camera of the drawn city.

Axes: x and y in metres on the ground, z up. Headings are degrees clockwise from +y. Pixels: x right,
y down, the centre of the top-left pixel at (0, 0).
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

NEAREST_M = 0.3


@dataclass(frozen=True, eq=False)
class Camera:
    """Where a photo is taken from, and through which lens.

    centre: (3,) float64 metres. pitch_deg: up is positive. roll_deg: the camera turned clockwise.
    field_of_view_deg: from the left to the right edge of the photo. width, height: pixels.
    """

    centre: np.ndarray
    heading_deg: float
    pitch_deg: float
    roll_deg: float
    field_of_view_deg: float
    width: int
    height: int

    @property
    def focal_px(self) -> float:
        """Return the focal length in pixels."""
        return float(self.width / 2 / np.tan(np.radians(self.field_of_view_deg) / 2))

    @cached_property
    def rotation(self) -> np.ndarray:
        """Return (3, 3) float64: the camera's right, down and forward directions as rows."""
        heading, pitch, roll = np.radians([self.heading_deg, self.pitch_deg, self.roll_deg])
        forward = np.array([np.sin(heading) * np.cos(pitch), np.cos(heading) * np.cos(pitch), np.sin(pitch)])
        right = np.array([np.cos(heading), -np.sin(heading), 0.0])
        down = np.cross(forward, right)
        turned = np.cos(roll) * right + np.sin(roll) * down
        return np.stack([turned, np.cross(forward, turned), forward])

    @cached_property
    def projection(self) -> np.ndarray:
        """Return (3, 3) float64 that takes a point minus the centre to (x, y, 1) times its depth."""
        intrinsic = np.array(
            [
                [self.focal_px, 0.0, (self.width - 1) / 2],
                [0.0, self.focal_px, (self.height - 1) / 2],
                [0.0, 0.0, 1.0],
            ]
        )
        return intrinsic @ self.rotation

    @cached_property
    def rays(self) -> np.ndarray:
        """Return (H, W, 3) float32: the direction seen by each pixel, one metre of depth long."""
        back = np.linalg.inv(self.projection)
        x = (np.arange(self.width)[None, :, None] * back[:, 0]).astype(np.float32)
        y = (np.arange(self.height)[:, None, None] * back[:, 1] + back[:, 2]).astype(np.float32)
        return x + y

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Project (N, 3) points: their (N, 2) pixels and (N,) depths in metres.

        A point not in front of the camera has a depth of zero or less, and no meaningful pixel.
        """
        scaled = (np.asarray(points) - self.centre) @ self.projection.T
        depth = scaled[:, 2]
        return scaled[:, :2] / np.where(np.abs(depth) < 1e-9, 1e-9, depth)[:, None], depth

    def may_see(self, outlines: np.ndarray) -> np.ndarray:
        """Return (N,) bool: which of (N, M, 3) point sets around the camera's centre may show.

        A set is left out where all of it lies behind the camera, or beyond one edge of the photo.
        """
        x, y, depth = np.moveaxis(outlines @ self.projection.T, -1, 0)
        beyond = (x < -depth, x > self.width * depth, y < -depth, y > self.height * depth)
        return np.logical_not(np.stack([depth < NEAREST_M, *beyond]).all(-1).any(0))

    def enlarged(self, factor: int) -> "Camera":
        """Return the same view with `factor` times the pixels along each side."""
        return replace(self, width=self.width * factor, height=self.height * factor)
