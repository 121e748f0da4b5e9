"""How high the sun stood.

The formulas are those of the US National Oceanic and Atmospheric Administration's solar calculator, after
J. Meeus, Astronomical Algorithms (2nd edition, 1998), chapters 25 and 28; good to 0.02 degrees from 1901 to
2099. Refraction is left out: twilight is defined by where the sun's centre truly stands.
"""

import numpy as np

_EPOCH = np.datetime64("2000-01-01T12:00:00", "ms")  # J2000
_CENTURY_MS = 36525 * 86_400_000
_DAY_MIN = 1440


def sun_elevation_deg(times: np.ndarray, latitudes: np.ndarray, longitudes: np.ndarray) -> np.ndarray:
    """Return the elevation of the sun's centre above the horizon, in degrees.

    times: datetime64, UTC. latitudes, longitudes: degrees. All three broadcast against one another; where a
    time is NaT the elevation is NaN.
    """
    times = np.asarray(times).astype("datetime64[ms]")
    centuries = (times - _EPOCH) / np.timedelta64(_CENTURY_MS, "ms")
    declination, equation_min = _sun(centuries)
    minutes = (times - times.astype("datetime64[D]")) / np.timedelta64(60_000, "ms")
    solar_min = (minutes + equation_min + 4 * np.asarray(longitudes, np.float64)) % _DAY_MIN
    hour_angle = np.radians(solar_min / 4 - 180)
    latitude = np.radians(latitudes)
    height = np.sin(latitude) * np.sin(declination)
    height += np.cos(latitude) * np.cos(declination) * np.cos(hour_angle)
    return np.degrees(np.arcsin(np.clip(height, -1, 1)))


def _sun(centuries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the sun's declination in radians, and the equation of time in minutes."""
    t = centuries
    mean_longitude = np.radians(280.46646 + t * (36000.76983 + t * 0.0003032))
    anomaly = np.radians(357.52911 + t * (35999.05029 - 0.0001537 * t))
    eccentricity = 0.016708634 - t * (0.000042037 + 0.0000001267 * t)
    centre = np.sin(anomaly) * (1.914602 - t * (0.004817 + 0.000014 * t))
    centre += np.sin(2 * anomaly) * (0.019993 - 0.000101 * t) + np.sin(3 * anomaly) * 0.000289
    node = np.radians(125.04 - 1934.136 * t)
    longitude = mean_longitude + np.radians(centre - 0.00569 - 0.00478 * np.sin(node))
    tilt = 23 + (26 + (21.448 - t * (46.815 + t * (0.00059 - t * 0.001813))) / 60) / 60
    tilt = np.radians(tilt + 0.00256 * np.cos(node))
    declination = np.arcsin(np.sin(tilt) * np.sin(longitude))
    y = np.tan(tilt / 2) ** 2
    equation = y * np.sin(2 * mean_longitude) - 2 * eccentricity * np.sin(anomaly)
    equation += 4 * eccentricity * y * np.sin(anomaly) * np.cos(2 * mean_longitude)
    equation -= 0.5 * y**2 * np.sin(4 * mean_longitude) + 1.25 * eccentricity**2 * np.sin(2 * anomaly)
    return declination, 4 * np.degrees(equation)
