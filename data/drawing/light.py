"""Daylight on what a view shows."""

import numpy as np

from data.drawing.raster import Raster
from data.drawing.shadows import Skyline
from data.drawing.weather import Weather

OFF_SURFACE_M = 0.6  # shadows are looked up so far before a surface, which does not shade itself
OPEN_SKY, OPEN_SKY_UPWARDS, OPEN_SKY_HIGH = 0.58, 0.27, 0.15  # of a wall, of the ground, of upper storeys
HIGH_M = 12.0
BOUNCE = 0.12  # of the sunlight comes from the houses opposite
SUN_COUNTS = 0.02  # of the sky's light, below which the sun is left out


def surface_points(raster: Raster, block: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (H, W, 3) the place seen by each block of pixels, metres, and (H, W, 3) which way it faces.

    block: pixels along a block's side; the nearest one stands for all, so that thin things in front
    are lit as they are.
    """
    nearness = _blocks(raster.nearness, block)
    chosen = nearness.argmax(-1)[..., None]
    part = np.take_along_axis(_blocks(raster.part, block), chosen, -1)[..., 0]
    depth = 1 / np.maximum(np.take_along_axis(nearness, chosen, -1), 1e-4)
    points = raster.camera.rays[::block, ::block] * depth + raster.camera.centre.astype(np.float32)
    return points, np.array(raster.normals, np.float32)[part]


def daylight_on(points: np.ndarray, normals: np.ndarray, weather: Weather, skyline: Skyline) -> np.ndarray:
    """Return the (H, W, 3) float32 light of the sun and the sky on surfaces.

    points: (H, W, 3) float32 places. normals: (H, W, 3) float32, which way the surfaces face.
    """
    storey = np.clip(points[..., 2] / HIGH_M, 0, 1)
    open_sky = OPEN_SKY + OPEN_SKY_UPWARDS * normals[..., 2] + OPEN_SKY_HIGH * storey
    light = open_sky[..., None] * weather.ambient
    if weather.direct.max() < SUN_COUNTS * weather.ambient.max():
        return light
    facing = np.clip(normals @ weather.sun, 0, 1)
    sunlit = skyline.sunlit(points + OFF_SURFACE_M * normals, weather.sun) * facing
    return light + (sunlit[..., None] + BOUNCE) * weather.direct


def _blocks(values: np.ndarray, block: int) -> np.ndarray:
    """Return (H / block, W / block, block * block): the pixels of each block in the last axis."""
    rows, columns = (size // block for size in values.shape)
    split = values.reshape(rows, block, columns, block)
    return split.transpose(0, 2, 1, 3).reshape(rows, columns, block * block)
