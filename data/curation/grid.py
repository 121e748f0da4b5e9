"""The one UTM zone in which a project measures."""

from dataclasses import dataclass

import numpy as np
import utm

from data.degrees import degrees_to_utm
from data.errors import CurationError, SettingsError

MOST_ZONES_AWAY = 1  # beyond the neighbours of a zone its grid is bent too much to measure in
_HEMISPHERES_M = 10_000_000.0  # by which northings of the two hemispheres differ
_FIRST_NORTHERN = "N"
_SOUTH_DEG, _NORTH_DEG = -80.0, 84.0  # beyond which there are no zones


@dataclass(frozen=True)
class Grid:
    """One UTM zone, such as "10S", to whose metres all places of a project are taken.

    Places in the neighbouring zones and in the other hemisphere are measured in it too, so that distances
    stay true across a border. Raises SettingsError for a text that is no zone with its letter.
    """

    zone: str

    def __post_init__(self) -> None:
        number, letter = self.zone[:-1], self.zone[-1:]
        if not (number.isdigit() and 1 <= int(number) <= 60 and letter in tuple("CDEFGHJKLMNPQRSTUVWX")):
            raise SettingsError(f"zone {self.zone!r}: expected a UTM zone with its letter, such as 10S")

    @property
    def number(self) -> int:
        """Return the zone's number, 1 to 60."""
        return int(self.zone[:-1])

    @property
    def is_northern(self) -> bool:
        """Tell whether northings count from the equator."""
        return self.zone[-1] >= _FIRST_NORTHERN

    def to_metres(self, degrees: np.ndarray) -> np.ndarray:
        """Take (N, 2) latitudes (-80 to 84) and longitudes to (N, 2) east and north in metres.

        Raises CurationError for a place farther away than in a neighbouring zone, or near a pole.
        """
        latitudes, longitudes = np.asarray(degrees, np.float64).reshape(-1, 2).T
        for latitude, longitude in zip(latitudes, longitudes, strict=True):
            self._refuse_far(latitude, longitude)
        positions, _ = degrees_to_utm(latitudes.tolist(), longitudes.tolist(), [self.zone] * len(latitudes))
        northern = latitudes >= 0
        positions[:, 1] += _HEMISPHERES_M * (float(not self.is_northern) - (~northern).astype(float))
        return positions

    def to_degrees(self, positions: np.ndarray) -> np.ndarray:
        """Take (N, 2) east and north in metres to (N, 2) latitudes and longitudes, -180 to 180."""
        east, north = np.asarray(positions, np.float64).reshape(-1, 2).T
        if not len(east):
            return np.empty((0, 2))
        latitudes, longitudes = utm.to_latlon(
            east, north, self.number, northern=self.is_northern, strict=False
        )
        return np.stack([latitudes, (longitudes + 180) % 360 - 180], axis=1)

    def _refuse_far(self, latitude: float, longitude: float) -> None:
        if not _SOUTH_DEG <= latitude <= _NORTH_DEG:
            raise CurationError(
                f"latitude {latitude:.5f} lies in no UTM zone: they end at -80 and 84 degrees"
            )
        number = utm.latlon_to_zone_number(latitude, longitude)
        away = abs(number - self.number)
        if min(away, 60 - away) > MOST_ZONES_AWAY:
            raise CurationError(
                f"latitude {latitude:.5f}, longitude {longitude:.5f} lies in UTM zone {number}, "
                f"the database in {self.zone}: too far to be measured in it"
            )
