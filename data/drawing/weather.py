"""The light of one moment: sun, sky, lamps and the camera's exposure, from a darkness in 0..1.

Light is linear RGB in which a white wall in full sunlight has about 1.
"""

from dataclasses import dataclass

import numpy as np

SUNLIGHT = np.array([1.7, 1.58, 1.39], np.float32)
SKYLIGHT = np.array([0.86, 0.96, 1.12], np.float32)
DUSKLIGHT = np.array([0.62, 0.82, 1.45], np.float32)
SKY_BEHIND_SUN = 0.45  # of the sky's light is lost when the sun shines from a clear sky
DAYLIGHT_DECADES = 2.9  # powers of ten by which darkness 1 dims daylight
LAMPS_ON = (0.2, 0.5)  # darkness at which lamps begin to show and are all on
LAMPLIT_LEVEL = 0.03  # light for which the camera exposes by night
KEY_FALL = 0.74  # by how much of its brightness a photo falls from darkness 0 to 1
HIGHEST_SUN_DEG, FAIR_SUN_DEG, LOWEST_SUN_DEG = 60.0, 55.0, 30.0


@dataclass(frozen=True, eq=False)
class Weather:
    """What the light is like when a photo is taken.

    darkness: 0 full day, 1 night. sun: (3,) float32 unit vector towards it. sun_strength: 0 overcast,
    1 clear. clouds: share of the sky that they cover. drift: (2,) where the clouds are. balance: (3,)
    the camera's gains of red, green and blue. exposure: the camera's own gain, about 1.
    """

    darkness: float
    sun: np.ndarray
    sun_strength: float
    clouds: float
    drift: np.ndarray
    balance: np.ndarray
    exposure: float

    @property
    def daylight(self) -> float:
        """Return how strong daylight is, 1 by day."""
        return float(10 ** (-DAYLIGHT_DECADES * self.darkness))

    @property
    def lamplight(self) -> float:
        """Return how much lamps and lit windows show, 0 by day and 1 by night."""
        low, high = LAMPS_ON
        rise = min(1.0, max(0.0, (self.darkness - low) / (high - low)))
        return rise * rise * (3 - 2 * rise)

    @property
    def direct(self) -> np.ndarray:
        """Return (3,) float32 sunlight on a wall that faces the sun; it goes before the sky's light does."""
        return np.float32(self.daylight * self.sun_strength * (1 - self.darkness) ** 2) * SUNLIGHT

    @property
    def ambient(self) -> np.ndarray:
        """Return (3,) float32 light from the whole sky on flat open ground."""
        tone = (1 - self.darkness) * SKYLIGHT + self.darkness * DUSKLIGHT
        return np.float32(self.daylight * (1 - SKY_BEHIND_SUN * self.sun_strength)) * tone

    @property
    def gain(self) -> float:
        """Return the exposure: it makes up for most, not all, of the missing light."""
        level = self.daylight + LAMPLIT_LEVEL * self.lamplight
        return self.exposure * (1 - KEY_FALL * self.darkness) / level


def make_weather(rng: np.random.Generator, darkness: float, variety: float) -> Weather:
    """Return the light of one moment.

    variety: 0 for fair days and one camera, 1 for any hour, cloud cover and camera.
    """
    azimuth = rng.uniform(0, 2 * np.pi)
    lowest = variety * LOWEST_SUN_DEG + (1 - variety) * FAIR_SUN_DEG
    height = np.radians(rng.uniform(lowest, HIGHEST_SUN_DEG))
    sun = [np.sin(azimuth) * np.cos(height), np.cos(azimuth) * np.cos(height), np.sin(height)]
    overcast = rng.random() ** 2 * (0.5 + 0.5 * variety)
    warmth = rng.normal(0.0, 0.02 + 0.05 * variety + 0.05 * darkness)
    green = rng.normal(0.0, 0.01 + 0.02 * variety)
    return Weather(
        darkness=darkness,
        sun=np.array(sun, np.float32),
        sun_strength=float(1 - overcast),
        clouds=float(0.25 + 0.6 * overcast),
        drift=rng.uniform(0, 1, 2),
        balance=np.array([1 + warmth, 1 + green, 1 - warmth], np.float32),
        exposure=float(np.exp(rng.normal(0.0, 0.05 + 0.12 * variety))),
    )
