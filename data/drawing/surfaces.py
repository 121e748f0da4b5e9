"""Wall surfaces: brick, stone, plaster, siding and panels, as (H, W, 3) float32 RGB in 0..255."""

from collections.abc import Callable

import numpy as np

from data.drawing.noise import fractal_noise, smooth_noise

PX_PER_M = 32
Surface = Callable[[np.random.Generator, int, int, np.ndarray], np.ndarray]


def brick(rng: np.random.Generator, height: int, width: int, colour: np.ndarray) -> np.ndarray:
    """Return brickwork whose bricks differ in tone, with light mortar."""
    return _courses(rng, height, width, colour, course_px=4, block_px=10, contrast=0.13, joint=1.25)


def stone(rng: np.random.Generator, height: int, width: int, colour: np.ndarray) -> np.ndarray:
    """Return ashlar: large blocks with dark joints and rough faces."""
    wall = _courses(rng, height, width, colour, course_px=13, block_px=28, contrast=0.07, joint=0.72)
    return wall * (1 + 0.06 * smooth_noise(rng, height, width, 3))[..., None]


def plaster(rng: np.random.Generator, height: int, width: int, colour: np.ndarray) -> np.ndarray:
    """Return painted plaster with a grain."""
    grain = 0.03 * smooth_noise(rng, height, width, 2) + 0.04 * smooth_noise(rng, height, width, 25)
    return (1 + grain)[..., None] * colour


def siding(rng: np.random.Generator, height: int, width: int, colour: np.ndarray) -> np.ndarray:
    """Return painted horizontal boards, each shading the one below."""
    row = np.arange(height)
    tone = rng.normal(1.0, 0.025, height // 5 + 1)[row // 5] * np.where(row % 5 == 0, 0.7, 1.0)
    grain = 1 + 0.03 * smooth_noise(rng, height, width, 4)
    return (tone[:, None] * grain)[..., None] * colour


def panels(rng: np.random.Generator, height: int, width: int, colour: np.ndarray) -> np.ndarray:
    """Return smooth large panels with thin dark joints."""
    return _courses(rng, height, width, colour, course_px=40, block_px=50, contrast=0.04, joint=0.6)


SURFACES: dict[str, Surface] = {
    "brick": brick,
    "stone": stone,
    "plaster": plaster,
    "siding": siding,
    "panels": panels,
}


def weather(rng: np.random.Generator, wall: np.ndarray) -> np.ndarray:
    """Return a wall with the dirt of years: blotches, streaks that run down, a dark foot."""
    height, width = wall.shape[:2]
    blotches = 0.07 * fractal_noise(rng, height, width, 3 * PX_PER_M, 4)
    streaks = np.repeat(smooth_noise(rng, 2, width, 5)[:1], height, axis=0)
    streaks = 0.06 * streaks * smooth_noise(rng, height, width, 1.5 * PX_PER_M)
    above_ground_m = (height - np.arange(height)) / PX_PER_M
    foot = -0.28 * np.exp(-above_ground_m / 0.5)
    return wall * (1 + blotches + streaks + foot[:, None])[..., None]


def _courses(
    rng: np.random.Generator,
    height: int,
    width: int,
    colour: np.ndarray,
    *,
    course_px: int,
    block_px: int,
    contrast: float,
    joint: float,
) -> np.ndarray:
    row = np.arange(height)[:, None]
    column = np.arange(width)[None, :] + (row // course_px % 2) * (block_px // 2)
    shape = (height // course_px + 1, (width + block_px) // block_px + 1)
    tones = 1 + contrast * rng.standard_normal(shape, np.float32)
    tone = tones[row // course_px, column // block_px]
    joints = (row % course_px == 0) | (column % block_px == 0)
    warmths = contrast / 3 * rng.standard_normal(shape, np.float32)
    warmth = warmths[row // course_px, column // block_px]
    tinted = np.stack([tone + warmth, tone, tone - warmth], axis=-1) * colour.astype(np.float32)
    mortar = colour.mean() * 0.5 + colour * 0.5
    return np.where(joints[..., None], mortar * joint, tinted).astype(np.float32)
