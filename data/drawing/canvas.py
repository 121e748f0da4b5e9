"""A picture of an upright flat part, drawn in metres: x from its left edge, z up from its foot."""

from collections.abc import Sequence

import cv2
import numpy as np

from data.drawing.surfaces import PX_PER_M
from data.drawing.texture import Texture

SOLID = 255
SHIFT = 4  # fractional bits of OpenCV's drawing coordinates
Colour = Sequence[float] | np.ndarray


class Canvas:
    """Colour, glow and corner points of one flat part while it is being drawn.

    `box` and the others take metres and RGB in 0..255; what lies outside is cut off. All of it is solid
    from the start, or, after `cut_out`, where boxes, polygons and lines are drawn.
    """

    def __init__(self, width_m: float, height_m: float, colour: Colour = (0, 0, 0)) -> None:
        self.width_m = width_m
        self.height_m = height_m
        self.columns = max(2, round(width_m * PX_PER_M))
        self.rows = max(2, round(height_m * PX_PER_M))
        self.colour = np.empty((self.rows, self.columns, 3), np.float32)
        self.colour[:] = colour
        self.glow = np.zeros_like(self.colour)
        self.opacity = np.full((self.rows, self.columns), SOLID, np.uint8)
        self.panes: list[tuple[int, int, int, int]] = []
        self.corners: list[tuple[float, float]] = []

    def slices(self, x: float, z: float, width: float, height: float) -> tuple[slice, slice]:
        """Return the rows and columns of a box whose lower left corner is (x, z)."""
        left, right = (self._within(metres, self.columns) for metres in (x, x + width))
        top, foot = (self._within(self.height_m - metres, self.rows) for metres in (z + height, z))
        return slice(top, foot), slice(left, right)

    @staticmethod
    def _within(metres: float, limit: int) -> int:
        return min(max(round(metres * PX_PER_M), 0), limit)

    def cut_out(self) -> None:
        """Make all of it transparent."""
        self.opacity[:] = 0

    def box(self, x: float, z: float, width: float, height: float, colour: Colour) -> None:
        """Fill a box with one colour."""
        part = self.slices(x, z, width, height)
        self.colour[part] = colour
        self.opacity[part] = SOLID

    def shade(self, x: float, z: float, width: float, height: float, factor: float) -> None:
        """Darken (or lighten) a box by a factor."""
        self.colour[self.slices(x, z, width, height)] *= factor

    def lay(self, x: float, z: float, width: float, height: float, picture: np.ndarray) -> None:
        """Stretch a (h, w, 3) picture over a box."""
        part = self.colour[self.slices(x, z, width, height)]
        if part.size:
            size = (part.shape[1], part.shape[0])
            part[:] = cv2.resize(picture.astype(np.float32), size, interpolation=cv2.INTER_AREA)

    def shine(self, x: float, z: float, width: float, height: float, light: np.ndarray) -> None:
        """Let a box glow by night with a (h, w, 3) picture of light."""
        part = self.glow[self.slices(x, z, width, height)]
        if part.size:
            size = (part.shape[1], part.shape[0])
            part[:] = cv2.resize(light.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)

    def mark_pane(self, x: float, z: float, width: float, height: float) -> None:
        """Note a box that is lit or dark by itself."""
        rows, columns = self.slices(x, z, width, height)
        self.panes.append((columns.start, rows.start, columns.stop - 1, rows.stop - 1))

    def mark_corners(self, x: float, z: float, width: float, height: float) -> None:
        """Note the four corner points of a box."""
        for right, upper in ((0, 1), (1, 1), (1, 0), (0, 0)):
            across = (x + right * width) * PX_PER_M - 0.5
            self.corners.append((across, (self.height_m - z - upper * height) * PX_PER_M - 0.5))

    def polygon(self, points: Sequence[tuple[float, float]], colour: Colour) -> None:
        """Fill a polygon of (x, z) points."""
        outline = [self._pixels(points)]
        cv2.fillPoly(self.colour, outline, tuple(float(c) for c in colour), shift=SHIFT)
        cv2.fillPoly(self.opacity, outline, SOLID, cv2.LINE_AA, SHIFT)

    def line(self, points: Sequence[tuple[float, float]], colour: Colour, thickness_m: float) -> None:
        """Draw an open line through (x, z) points."""
        thickness = max(1, round(thickness_m * PX_PER_M))
        course, ink = [self._pixels(points)], tuple(float(c) for c in colour)
        cv2.polylines(self.colour, course, False, ink, thickness, shift=SHIFT)
        cv2.polylines(self.opacity, course, False, SOLID, thickness, cv2.LINE_AA, SHIFT)

    def finish(self) -> Texture:
        """Return what was drawn as a texture."""
        outline = (0.0, 0.0, self.width_m, self.height_m)
        self.mark_corners(*outline)
        return Texture(
            colour=_bytes(self.colour),
            opacity=None if self.opacity.all() else self.opacity,
            glow=_bytes(self.glow) if self.glow.any() else None,
            panes=np.array(self.panes, int).reshape(-1, 4),
            corners=np.array(self.corners, np.float32),
        )

    def _pixels(self, points: Sequence[tuple[float, float]]) -> np.ndarray:
        scale = PX_PER_M * 2**SHIFT
        return np.round([(x * scale, (self.height_m - z) * scale) for x, z in points]).astype(np.int32)


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)
