"""Draws flat textured parts in perspective, each pixel showing the nearest one."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from data.drawing.camera import NEAREST_M, Camera
from data.drawing.seeds import Thing, generator
from data.drawing.texture import Texture

LIT_SHARE = (0.3, 0.6)  # of a building's windows, differing by building and night
SHARPER_LEVELS = 0.35  # halvings of the texture by which it is drawn sharper than its area asks for
HALF_SOLID = 127
EDGE_ON_M3 = 1e-7  # volume of (across, down, corner) below which a quad is seen edge-on
SMALLEST_PX = 1.0
OUTLINE = np.array([[0.0, 1.0, 1.0, 0.0], [0.0, 0.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]])
Box = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Quad:
    """A flat part of the city: a parallelogram in space with a texture on it.

    corner: (3,) the texture's top-left. across, down: (3,) its upper and its left edge, metres.
    seed: chooses with the photo which of its windows are lit. two_sided: seen from behind, too.
    """

    corner: np.ndarray
    across: np.ndarray
    down: np.ndarray
    texture: Texture
    seed: int = 0
    two_sided: bool = False


@dataclass(frozen=True, eq=False)
class _Spot:
    """Where a quad lies in a view. plane: (3, 3), takes a pixel to (u, v, 1) over its depth."""

    plane: np.ndarray
    normal: np.ndarray
    box: Box
    area_px: float

    @property
    def slices(self) -> tuple[slice, slice]:
        x0, y0, x1, y1 = self.box
        return slice(y0, y1), slice(x0, x1)


class Raster:
    """What each pixel of one view shows: colour, glow, nearness, and which quad.

    colour, glow: (H, W, 3) uint8 RGB. nearness: (H, W) float32, one over the depth in metres, 0 where
    nothing was drawn. part: (H, W) int32, index into `normals`, 0 where nothing was drawn.
    """

    def __init__(self, camera: Camera, night: int | None) -> None:
        """Start empty; `night` is the seed that chooses the lit windows, None by day."""
        self.camera = camera
        self.night = night
        size = (camera.height, camera.width)
        self.colour = np.zeros((*size, 3), np.uint8)
        self.glow = np.zeros((*size, 3), np.uint8)
        self.nearness = np.zeros(size, np.float32)
        self.part = np.zeros(size, np.int32)
        self.normals: list[np.ndarray] = [np.zeros(3)]

    def draw(self, quads: Sequence[Quad]) -> None:
        """Draw quads where they are nearer than what is there; near ones first, hidden ones cost little."""
        if not quads:
            return
        offsets = np.stack(
            [[quad.across for quad in quads], [quad.down for quad in quads], [quad.corner for quad in quads]],
            axis=-1,
        )  # (N, 3, 3), takes (u, v, 1) to a place
        offsets[..., 2] -= self.camera.centre
        outlines = offsets @ OUTLINE
        facing = np.linalg.det(offsets)  # positive where it is seen the right way round
        facing = np.where([quad.two_sided for quad in quads], np.abs(facing), facing)
        chosen = np.flatnonzero((facing > EDGE_ON_M3) & self.camera.may_see(np.swapaxes(outlines, 1, 2)))
        away = (outlines[chosen].mean(-1) ** 2).sum(-1)
        chosen = chosen[np.argsort(away, kind="stable")]
        planes = np.linalg.inv(self.camera.projection @ offsets[chosen])
        normals = _normals(offsets[chosen])
        boxes, areas = self._extents(outlines[chosen])
        for place, index in enumerate(chosen.tolist()):
            if areas[place] > SMALLEST_PX:
                spot = _Spot(planes[place], normals[place], boxes[place], areas[place])
                self._draw_one(quads[index], spot)

    def _extents(self, outlines: np.ndarray) -> tuple[list[Box], np.ndarray]:
        """Return the pixel box of each of (N, 3, 4) outlines, and (N,) how many pixels it would fill."""
        scaled = self.camera.projection @ outlines
        behind = scaled[:, 2].min(-1) < NEAREST_M
        pixels = scaled[:, :2] / np.where(behind[:, None, None], 1.0, scaled[:, 2:])
        low, high, areas = pixels.min(-1), pixels.max(-1), _area(*np.moveaxis(pixels, 1, 0))
        for index in np.flatnonzero(behind):
            part = _clip(scaled[index].T)
            low[index], high[index], areas[index] = part.min(0), part.max(0), _area(*part.T)
        limits = [self.camera.width, self.camera.height]
        corners = np.hstack([np.clip(np.floor(low), 0, limits), np.clip(np.ceil(high) + 1, 0, limits)])
        return [tuple(box) for box in corners.astype(int).tolist()], areas

    def _draw_one(self, quad: Quad, spot: _Spot) -> None:
        near, visible = self._visible(spot)
        if visible.any():
            self._paint(quad, spot, near, visible)
            self.normals.append(spot.normal)

    def _visible(self, spot: _Spot) -> tuple[np.ndarray, np.ndarray]:
        """Return how near a quad's plane is in each pixel of its box, and where the quad shows."""
        x0, y0, x1, y1 = spot.box
        x = np.arange(x0, x1, dtype=np.float32)[None, :]
        y = np.arange(y0, y1, dtype=np.float32)[:, None]
        u, v, depth = spot.plane.astype(np.float32)
        near = depth[0] * x + (depth[1] * y + depth[2])
        visible = near > self.nearness[y0:y1, x0:x1]
        if visible.any():
            for edge in (u, v):
                along = edge[0] * x + (edge[1] * y + edge[2])
                visible &= (along >= 0) & (along <= near)
        return near, visible

    def _paint(self, quad: Quad, spot: _Spot, near: np.ndarray, visible: np.ndarray) -> None:
        levels = quad.texture.colours
        texels = levels[0].shape[0] * levels[0].shape[1]
        shrink = np.log2(max(1.0, texels / spot.area_px)) / 2
        level = int(np.clip(shrink - SHARPER_LEVELS, 0, len(levels) - 1))
        seen = _warp(levels[level], spot)
        if seen.shape[2] == 4:
            visible &= seen[..., 3] > HALF_SOLID
        where = visible[..., None]
        rows, columns = spot.slices
        np.copyto(self.colour[rows, columns], seen[..., :3], where=where)
        np.copyto(self.nearness[rows, columns], near, where=visible)
        np.copyto(self.part[rows, columns], len(self.normals), where=visible)
        if self.night is None:
            return
        np.copyto(self.glow[rows, columns], self._glow(quad, spot, level), where=where)

    def _glow(self, quad: Quad, spot: _Spot, level: int) -> np.ndarray | int:
        """Return what shines of a quad tonight, as seen in its box."""
        if quad.texture.glow is None or self.night is None:
            return 0
        rng = generator(Thing.LIT_WINDOWS, self.night, quad.seed)
        lit = rng.random(len(quad.texture.panes)) < rng.uniform(*LIT_SHARE)
        return _warp(quad.texture.glow_with(level, lit), spot)


def _normals(offsets: np.ndarray) -> np.ndarray:
    """Return (N, 3) the unit normals of (N, 3, 3) frames, pointing at the camera."""
    normals = np.cross(offsets[..., 1], offsets[..., 0])
    normals *= -np.sign(np.einsum("nc,nc->n", normals, offsets[..., 2]))[:, None]
    return normals / np.linalg.norm(normals, axis=1, keepdims=True)


def _warp(picture: np.ndarray, spot: _Spot) -> np.ndarray:
    """Return a texture's picture as seen in a spot's box."""
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = spot.box
    to_texture = np.array([[width, 0, -0.5], [0, height, -0.5], [0, 0, 1]], float) @ spot.plane
    to_texture[:, 2] += to_texture[:, :2] @ (x0, y0)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpPerspective(
        picture, to_texture, (x1 - x0, y1 - y0), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )


def _clip(scaled: np.ndarray) -> np.ndarray:
    """Return the (M, 2) pixels of the part before the camera of an outline, given times its depth."""
    room = scaled[:, 2] - NEAREST_M
    kept: list[np.ndarray] = []
    for index in range(len(scaled)):
        if room[index - 1] * room[index] < 0:
            share = room[index - 1] / (room[index - 1] - room[index])
            kept.append(scaled[index - 1] + (scaled[index] - scaled[index - 1]) * share)
        if room[index] >= 0:
            kept.append(scaled[index])
    part = np.array(kept)
    return part[:, :2] / part[:, 2:]


def _area(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the area of polygons whose corners lie along the last axis."""
    before = np.arange(-1, x.shape[-1] - 1)
    return np.abs((x * y[..., before] - y * x[..., before]).sum(-1)) / 2
