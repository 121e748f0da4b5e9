"""The camera's side of a photo: halos, blur, noise, white balance and tone."""

import cv2
import numpy as np

from data.drawing.weather import Weather

REFERENCE_WIDTH = 320.0  # blurs are given in pixels of a photo so wide
BLOOM = ((2.0, 0.10), (7.0, 0.05), (20.0, 0.02))  # (radius in pixels, strength)
BLOOM_FLOOR, BLOOM_CEILING = 0.8, 6.0
BLOOM_SHRINK = 4
BLACK, CONTRAST, BRIGHTNESS = 0.004, 1.15, 1.6  # of the tone curve
READ_NOISE, SHOT_NOISE = 0.0015, 0.010


def develop(light: np.ndarray, weather: Weather, rng: np.random.Generator) -> np.ndarray:
    """Turn (H, W, 3) linear light into an (H, W, 3) uint8 RGB photo.

    The darker it is, the stronger are halos, blur and noise.
    """
    scale = light.shape[1] / REFERENCE_WIDTH
    exposed = light * (weather.gain * weather.balance).astype(np.float32)
    exposed = _bloom(exposed, scale, 0.25 + 0.75 * weather.darkness)
    blur = scale * rng.uniform(0.2, 0.5 + 0.7 * weather.darkness)
    if blur > 0.25:
        exposed = cv2.GaussianBlur(exposed, (0, 0), blur)
    noisy = _noise(exposed * _vignette(light.shape), rng, weather.darkness)
    tone = 1 - np.exp(-BRIGHTNESS * np.clip(noisy - BLACK, 0, None) ** CONTRAST)
    return np.round(255 * tone ** (1 / 2.2)).astype(np.uint8)


def _bloom(light: np.ndarray, scale: float, strength: float) -> np.ndarray:
    """Let what is bright spill over; done on a small copy, since it is smooth."""
    bright = np.clip(light - BLOOM_FLOOR, 0, BLOOM_CEILING)
    if not bright.any():
        return light
    size = (max(1, light.shape[1] // BLOOM_SHRINK), max(1, light.shape[0] // BLOOM_SHRINK))
    small = cv2.resize(bright, size, interpolation=cv2.INTER_AREA)
    radii = [(radius * scale / BLOOM_SHRINK, weight) for radius, weight in BLOOM]
    spill = np.sum([weight * cv2.GaussianBlur(small, (0, 0), radius) for radius, weight in radii], axis=0)
    return light + strength * cv2.resize(spill, light.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def _noise(light: np.ndarray, rng: np.random.Generator, darkness: float) -> np.ndarray:
    """Add grain, mostly in brightness, softened as cameras do in the dark."""
    shot = SHOT_NOISE * (1 + 2 * darkness) * np.sqrt(np.clip(light, 0, 4))
    deviation = shot + READ_NOISE * (1 + 2 * darkness**2)
    grey, coloured = (rng.standard_normal((*light.shape[:2], n), np.float32) for n in (1, 3))
    grain = 0.8 * grey + 0.5 * coloured
    if darkness > 0:
        grain = cv2.GaussianBlur(grain, (0, 0), 0.3 + 0.35 * darkness) * (1 + darkness)
    return light + deviation * grain


def _vignette(shape: tuple[int, ...]) -> np.ndarray:
    y, x = (np.linspace(-1, 1, size, dtype=np.float32) for size in shape[:2])
    return (1 - 0.1 * (y[:, None] ** 2 + x[None, :] ** 2))[..., None]
