"""The ground: asphalt with its markings and patches, kerbs and pavements, the same at every crossing."""

from functools import lru_cache

import cv2
import numpy as np

from data.drawing.noise import sample_tile, tiling_noise
from data.drawing.plan import HALF_ROAD_M, HALF_STREET_M, PITCH_M
from data.drawing.raster import Raster
from data.drawing.seeds import Thing, generator

GROUND_PX_PER_M = 16
LEVELS_M = (9.0, 20.0, 45.0)  # depth from which the next coarser copy is used
STAIN_PX = 1024
STAIN_M = 47.0
WHITE, YELLOW = (205, 205, 198), (196, 158, 60)


def draw_ground(raster: Raster) -> None:
    """Draw the ground wherever nothing nearer has been drawn."""
    camera = raster.camera
    down = -camera.rays[..., 2]
    hidden = (raster.part > 0) | (down <= 1e-3)
    seen = ~hidden
    depth = np.float32(camera.centre[2]) / down[seen]
    x, y = (np.float32(camera.centre[axis]) + depth * camera.rays[..., axis][seen] for axis in (0, 1))
    raster.colour[seen] = _ground_colour(x, y, depth)
    raster.nearness[seen] = 1 / depth
    raster.part[seen] = len(raster.normals)
    raster.normals.append(np.array([0.0, 0.0, 1.0]))


def _ground_colour(x: np.ndarray, y: np.ndarray, depth: np.ndarray) -> np.ndarray:
    colour = np.empty((len(x), 3), np.float32)
    across, along = x * np.float32(1 / PITCH_M[0]), y * np.float32(1 / PITCH_M[1])
    level_of = np.searchsorted(np.array(LEVELS_M, np.float32), depth)
    for level, tile in enumerate(_tiles()):
        chosen = level_of == level
        colour[chosen] = sample_tile(tile, across[chosen], along[chosen])
    stains = sample_tile(_stains(), x * np.float32(1 / STAIN_M), y * np.float32(1 / STAIN_M))
    fade = np.clip(1.2 - depth / 40, 0.25, 1.0)
    return np.clip(colour * (1 + 0.09 * stains * fade)[:, None], 0, 255).astype(np.uint8)


@lru_cache(maxsize=1)
def _stains() -> np.ndarray:
    return tiling_noise(generator(Thing.GROUND, 1), STAIN_PX, 96, 6)


@lru_cache(maxsize=1)
def _tiles() -> list[np.ndarray]:
    """Return the ground of one crossing and of half the streets from it, and coarser copies."""
    rng = generator(Thing.GROUND, 0)
    columns, rows = (round(pitch * GROUND_PX_PER_M) for pitch in PITCH_M)
    x = (np.arange(columns) / GROUND_PX_PER_M + PITCH_M[0] / 2) % PITCH_M[0] - PITCH_M[0] / 2
    y = (np.arange(rows) / GROUND_PX_PER_M + PITCH_M[1] / 2) % PITCH_M[1] - PITCH_M[1] / 2
    from_street_x, from_street_y = np.meshgrid(x, y)  # distance from the middle of the crossing
    tile = np.empty((rows, columns, 3), np.float32)
    tile[:] = (92, 92, 96)
    _draw_pavement(tile, from_street_x, from_street_y)
    _draw_marking(tile, from_street_x, from_street_y)
    _draw_marking(tile, from_street_y, from_street_x)
    tile *= 1 + 0.05 * rng.standard_normal((rows, columns, 1)).astype(np.float32)
    tiles: list[np.ndarray] = [np.clip(tile, 0, 255).astype(np.uint8)]
    for _ in LEVELS_M:
        half = (tiles[-1].shape[1] // 2, tiles[-1].shape[0] // 2)
        tiles.append(cv2.resize(tiles[-1], half, interpolation=cv2.INTER_AREA))
    return tiles


def _draw_pavement(tile: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    """Draw slabs wherever neither street has its roadway, and the kerb at their edge."""
    from_road = np.minimum(np.abs(x), np.abs(y)) - HALF_ROAD_M
    paved = from_road > 0
    tile[paved] = (158, 154, 146)
    joints = (np.mod(x, 1.5) < 0.08) | (np.mod(y, 1.5) < 0.08)
    tile[paved & joints] *= 0.75
    tile[(from_road > 0) & (from_road < 0.2)] = (178, 174, 166)
    tile[(from_road < 0) & (from_road > -0.3)] *= 0.68
    tile[np.minimum(np.abs(x), np.abs(y)) > HALF_STREET_M - 0.15] *= 0.7


def _draw_marking(tile: np.ndarray, across: np.ndarray, along: np.ndarray) -> None:
    """Draw the middle line, the parking line, stop line and zebra of the street `along` which one drives."""
    from_crossing = np.abs(along) - HALF_ROAD_M
    on_road = np.abs(across) < HALF_ROAD_M - 0.4
    free = from_crossing > 4.2
    middle = (np.abs(np.abs(across) - 0.12) < 0.06) & free
    tile[middle] = YELLOW
    edge = (np.abs(np.abs(across) - 3.45) < 0.05) & free & (np.mod(along, 6.2) < 1.2)
    tile[edge] = WHITE
    stripes = (np.mod(across, 1.1) < 0.55) & on_road & (from_crossing > 0.6) & (from_crossing < 3.2)
    tile[stripes] = WHITE
    stop = on_road & (np.abs(from_crossing - 3.9) < 0.17) & (across * along < 0)
    tile[stop] = WHITE
