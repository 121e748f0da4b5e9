"""A texture: the picture on one flat part of the city, what of it shines, and its corner points."""

from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np

MAX_LEVELS = 6


@dataclass(frozen=True, eq=False)
class Texture:
    """A picture that is laid on a flat part.

    colour: (H, W, 3) uint8 RGB, what it looks like in white light. opacity: (H, W) uint8, or None
    where all of it is solid. glow: (H, W, 3) uint8 RGB, the light it gives off by night, or None.
    panes: (N, 4) int, x0, y0, x1, y1 of the parts of `glow` that are switched one by one, in pixels.
    corners: (M, 2) float32, x and y of its true corner points in pixels (windows, doors, outline).
    """

    colour: np.ndarray
    opacity: np.ndarray | None = None
    glow: np.ndarray | None = None
    panes: np.ndarray = field(default_factory=lambda: np.zeros((0, 4), int))
    corners: np.ndarray = field(default_factory=lambda: np.zeros((0, 2), np.float32))

    @cached_property
    def colours(self) -> list[np.ndarray]:
        """`colour` and its halvings, with the opacity as a fourth channel where there is one."""
        top = self.colour if self.opacity is None else np.dstack([self.colour, self.opacity])
        return _halvings(top)

    @cached_property
    def glows(self) -> list[np.ndarray]:
        """`glow` and its halvings; empty where nothing shines."""
        return [] if self.glow is None else _halvings(self.glow)

    def glow_with(self, level: int, lit: np.ndarray) -> np.ndarray:
        """Return the glow at a halving, with the panes that are not `lit` (N,) bool dark."""
        glow = self.glows[level].copy()
        for x0, y0, x1, y1 in self.panes[~lit] >> level:
            glow[y0 : y1 + 1, x0 : x1 + 1] = 0
        return glow


def _halvings(top: np.ndarray) -> list[np.ndarray]:
    levels = [top]
    while len(levels) < MAX_LEVELS and min(levels[-1].shape[:2]) >= 8:
        height, width = levels[-1].shape[:2]
        half = (max(1, width // 2), max(1, height // 2))
        levels.append(cv2.resize(levels[-1], half, interpolation=cv2.INTER_AREA))
    return levels
