"""The sky: a gradient with clouds by day, the glow of the city by night, hills at the horizon."""

from functools import lru_cache

import numpy as np

from data.drawing.noise import sample_tile, tiling_noise
from data.drawing.seeds import Thing, generator
from data.drawing.weather import Weather

ZENITH = np.array([0.22, 0.42, 0.85], np.float32)
HORIZON = np.array([0.72, 0.84, 0.98], np.float32)
CLOUD = np.array([1.0, 1.0, 1.0], np.float32)
OVERCAST = np.array([0.72, 0.75, 0.80], np.float32)
NIGHT_ZENITH = np.array([0.0006, 0.0010, 0.0020], np.float32)
NIGHT_HORIZON = np.array([0.0070, 0.0050, 0.0040], np.float32)
HORIZON_RAY = np.array([[0.0, 1.0, 0.03]], np.float32)
CLOUD_PX = 512


def sky_light(rays: np.ndarray, weather: Weather) -> np.ndarray:
    """Return the (N, 3) float32 light that comes along (N, 3) directions from the sky."""
    unit = rays / np.linalg.norm(rays, axis=1, keepdims=True)
    up = np.clip(unit[:, 2], 0.0, 1.0)
    height = np.sqrt(up)[:, None]
    clear = (1 - height) * HORIZON + height * ZENITH
    overcast = OVERCAST * (0.85 + 0.25 * (1 - height))
    base = weather.sun_strength * clear + (1 - weather.sun_strength) * overcast
    cover = _clouds(unit, weather)[:, None]
    day = base * (1 - cover) + CLOUD * (0.75 + 0.25 * weather.sun_strength) * cover
    night = (1 - height) * NIGHT_HORIZON + height * NIGHT_ZENITH
    night = night * (1 + 1.2 * cover)
    return (0.95 * weather.daylight * day + weather.lamplight * night).astype(np.float32)


def horizon_light(weather: Weather) -> np.ndarray:
    """Return the (3,) float32 light just above the horizon, the colour of haze."""
    return sky_light(HORIZON_RAY, weather)[0]


def _clouds(unit: np.ndarray, weather: Weather) -> np.ndarray:
    """Return (N,) how dense the clouds are: a layer seen from below, fading at the horizon."""
    up = np.maximum(unit[:, 2], 0.02)
    place = unit[:, :2] / up[:, None] * 0.16 + weather.drift
    density = sample_tile(_cloud_layer(), place[:, 0], place[:, 1])
    threshold = 1.3 - 2.6 * weather.clouds
    return np.clip((density - threshold) * 0.6, 0, 0.92) * np.clip(up * 5, 0, 1)


@lru_cache(maxsize=1)
def _cloud_layer() -> np.ndarray:
    return tiling_noise(generator(Thing.SKY), CLOUD_PX, 64, 5)
