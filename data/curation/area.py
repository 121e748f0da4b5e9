"""Boxes of degrees in which photos are searched, those across the antimeridian included."""

import math
from dataclasses import dataclass

import numpy as np

from data.errors import SettingsError

METRES_PER_DEGREE = 111_320.0  # of latitude, and of longitude on the equator


@dataclass(frozen=True)
class Area:
    """A box of degrees. Where it crosses the antimeridian `west` is greater than `east`.

    Raises SettingsError for edges that are out of range or enclose nothing.
    """

    west: float
    south: float
    east: float
    north: float

    def __post_init__(self) -> None:
        edges = (self.west, self.south, self.east, self.north)
        if not all(math.isfinite(edge) for edge in edges):
            raise SettingsError(f"area {edges}: expected four finite numbers of degrees")
        if not (-180 <= self.west <= 180 and -180 <= self.east <= 180 and self.west != self.east):
            raise SettingsError(f"area: west {self.west} and east {self.east}; expected -180 to 180, unequal")
        if not -80 <= self.south < self.north <= 84:
            raise SettingsError(
                f"area: south {self.south} and north {self.north}; expected south < north within -80 to 84"
            )

    @property
    def crosses_antimeridian(self) -> bool:
        """Tell whether the area goes on beyond 180 degrees east."""
        return self.west > self.east

    @property
    def pieces(self) -> tuple["Area", ...]:
        """Return one or two boxes that together are the area, none of which crosses the antimeridian."""
        if not self.crosses_antimeridian:
            return (self,)
        sides = ((self.west, 180.0), (-180.0, self.east))
        return tuple(Area(west, self.south, east, self.north) for west, east in sides if west < east)

    @property
    def size_m(self) -> tuple[float, float]:
        """Return width and height in metres, roughly; of an area that does not cross the antimeridian."""
        middle = math.radians((self.south + self.north) / 2)
        width = (self.east - self.west) * METRES_PER_DEGREE * math.cos(middle)
        return width, (self.north - self.south) * METRES_PER_DEGREE

    def contains(self, latitude: float, longitude: float) -> bool:
        """Tell whether a place lies in the area, its edges included."""
        if not self.south <= latitude <= self.north:
            return False
        if self.crosses_antimeridian:
            return longitude >= self.west or longitude <= self.east
        return self.west <= longitude <= self.east

    def halves(self) -> tuple["Area", "Area"]:
        """Return the two halves on either side of the middle of the longer side."""
        width, height = self.size_m
        if width >= height:
            middle = (self.west + self.east) / 2
            return (
                Area(self.west, self.south, middle, self.north),
                Area(middle, self.south, self.east, self.north),
            )
        middle = (self.south + self.north) / 2
        return Area(self.west, self.south, self.east, middle), Area(self.west, middle, self.east, self.north)


def parse_area(text: str) -> Area:
    """Read "west,south,east,north" in degrees; raises SettingsError for other texts."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        raise SettingsError(
            f"area {text!r}: expected west,south,east,north in degrees, such as -122.45,37.74,-122.39,37.80"
        ) from error
    return Area(west, south, east, north)


def area_around(degrees: np.ndarray, margin_m: float) -> Area:
    """Return the smallest area around (N, 2) latitudes and longitudes, enlarged by a margin."""
    latitudes, longitudes = degrees[:, 0], degrees[:, 1]
    if np.ptp(longitudes) > 180:  # the short way round is across the antimeridian
        longitudes = longitudes % 360
    south, north = float(latitudes.min()), float(latitudes.max())
    margin = margin_m / METRES_PER_DEGREE
    wider = margin / math.cos(math.radians(max(abs(south), abs(north))))
    west, east = (float(longitudes.min()) - wider, float(longitudes.max()) + wider)
    return Area(wrapped(west), max(south - margin, -80.0), wrapped(east), min(north + margin, 84.0))


def wrapped(longitude: float) -> float:
    """Return a longitude within -180 (included) to 180 (excluded) degrees."""
    return (longitude + 180) % 360 - 180
