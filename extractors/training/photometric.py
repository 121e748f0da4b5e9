"""Light, noise and blur put on grey photos: another day, or a night that the camera copes with badly."""

from dataclasses import dataclass

import cv2
import numpy as np
from pydantic import NonNegativeFloat

GLOWS = 4  # lamps that a night adds at most
OUT_OF_FOCUS_SHARE = 0.6  # of the blurred photos; the camera moved in the others


@dataclass(frozen=True)
class LightRange:
    """How photos vary. night_share: of those that are darkened. blur_share: of those that are blurred.

    noise: largest deviation of the noise that is added, of white.
    """

    night_share: NonNegativeFloat = 0.3
    blur_share: NonNegativeFloat = 0.5
    noise: NonNegativeFloat = 0.03


def vary_light(photo: np.ndarray, rng: np.random.Generator, reach: LightRange) -> np.ndarray:
    """Return a grey photo (H, W), float32 in [0, 1], as another light and camera would give it.

    What is not darkened changes a little in brightness and contrast.
    """
    lit = _by_night(photo, rng) if rng.random() < reach.night_share else _by_day(photo, rng)
    if rng.random() < reach.blur_share:
        lit = _blurred(lit, rng)
    noise = rng.uniform(0.0, reach.noise) * rng.standard_normal(photo.shape, np.float32)
    return np.clip(lit + noise * (0.4 + np.sqrt(np.clip(lit, 0, 1))), 0, 1)


def _by_day(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    contrast, brightness = rng.uniform(0.6, 1.4), rng.uniform(-0.15, 0.15)
    middle = float(photo.mean(dtype=np.float64))
    return np.clip((photo - middle) * contrast + (middle + brightness), 0, 1)


def _by_night(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Darken a photo, unevenly, with the glow of a few lamps."""
    dark = photo ** np.float32(rng.uniform(1.0, 1.8)) * np.float32(rng.uniform(0.25, 0.9))
    height, width = photo.shape
    small = rng.uniform(0.4, 1.2, (3, 4)).astype(np.float32)
    dark *= cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    for _ in range(int(rng.integers(GLOWS + 1))):
        x, y, radius = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(2, 0.15 * width)
        glow = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * radius**2))
        dark += np.float32(rng.uniform(0.1, 0.6)) * glow
    return np.clip(dark, 0, 1)


def _blurred(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blur a photo: out of focus, or along a short straight motion."""
    if rng.random() < OUT_OF_FOCUS_SHARE:
        return cv2.GaussianBlur(photo, (0, 0), rng.uniform(0.3, 1.2))
    turn, length = rng.uniform(0, np.pi), rng.uniform(1, 2.5)
    kernel = np.zeros((7, 7), np.float32)
    step = length * np.array([np.cos(turn), np.sin(turn)])
    start, stop = (np.round((3 + side * step) * 16).astype(int).tolist() for side in (-1, 1))
    cv2.line(kernel, start, stop, 1.0, 1, cv2.LINE_AA, 4)
    return cv2.filter2D(photo, -1, kernel / kernel.sum())
