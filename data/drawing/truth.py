"""What is true of a drawn photo beside its position: where the corners of the facades lie in it."""

from typing import NamedTuple

import numpy as np

from data.drawing.raster import Quad, Raster
from data.drawing.render import OVERSAMPLING, View, draw_parts
from data.drawing.scene import Scene

DEPTH_TOLERANCE = 0.03  # of the distance; what hides a corner stands farther before it
SMALLEST_PX_PER_M = 4.0  # pixels of the photo for a metre of front, below which corners run together


class Corners(NamedTuple):
    """Corners seen in a photo, near ones first.

    pixels: (N, 2) float32, x then y in pixels of the photo. depths: (N,) float32, metres.
    """

    pixels: np.ndarray
    depths: np.ndarray


def visible_corners(scene: Scene, view: View) -> Corners:
    """Return the corners of windows, doors, signs and house fronts that a view shows.

    Left out are corners behind something nearer (a car, a neighbouring house, a balcony), those of fronts
    seen from behind, and those so far away that they run together.
    """
    raster = draw_parts(scene, view)
    found = [_corners_of(quad, raster) for quad in scene.buildings(view.camera) if len(quad.texture.corners)]
    pixels = np.concatenate([np.zeros((0, 2)), *(corners.pixels for corners in found)])
    depths = np.concatenate([np.zeros(0), *(corners.depths for corners in found)])
    shown = np.flatnonzero(_shown(raster, pixels, depths))
    order = shown[np.argsort(depths[shown], kind="stable")]
    of_photo = (pixels[order] - (OVERSAMPLING - 1) / 2) / OVERSAMPLING
    return Corners(of_photo.astype(np.float32), depths[order].astype(np.float32))


def _corners_of(quad: Quad, raster: Raster) -> Corners:
    """Return where a quad's corners would lie in the enlarged view, if nothing stood before it."""
    camera, texture = raster.camera, quad.texture
    rows, columns = texture.colour.shape[:2]
    share = (texture.corners + 0.5) / (columns, rows)
    places = quad.corner + share[:, :1] * quad.across + share[:, 1:] * quad.down
    pixels, depths = camera.project(places)
    towards = np.linalg.det(np.stack([quad.across, quad.down, quad.corner - camera.centre]))
    farthest_m = camera.focal_px / OVERSAMPLING / SMALLEST_PX_PER_M
    kept = (depths > 0) & (depths < farthest_m) & (quad.two_sided or towards > 0)
    return Corners(pixels[kept], depths[kept])


def _shown(raster: Raster, pixels: np.ndarray, depths: np.ndarray) -> np.ndarray:
    """Return (N,) bool: which corners lie in the view with something as far away as they are around them.

    A corner is at its part's edge, where the pixel itself may show what is behind.
    """
    height, width = raster.nearness.shape
    x, y = np.round(pixels).astype(int).T
    inside = (x >= 1) & (x < width - 1) & (y >= 1) & (y < height - 1)
    shown = np.zeros(len(pixels), bool)
    steps = np.arange(-1, 2)
    rows = y[inside, None, None] + steps[None, :, None]
    columns = x[inside, None, None] + steps[None, None, :]
    relative = raster.nearness[rows, columns] * depths[inside, None, None]
    shown[inside] = (np.abs(relative - 1) < DEPTH_TOLERANCE).any((1, 2))
    return shown
