"""The street view nearest to a place: which image of a provider it is, never its pixels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from data.curation.area import Area, area_around
from data.curation.grid import Grid
from data.curation.harvest.provider import SAFE_ID
from data.curation.records import Spot

REACH_M = 50.0  # farther away another street is shown
KEPT = 2000  # answers

# A person waits for the answer: the provider is asked once, and not for long.
WAITS_S: tuple[float, ...] = ()
TIMEOUT_S = 10.0
ADVICE = "Move the photo, or come back to it, to ask again"


@dataclass(frozen=True)
class Sight:
    """An image of a provider. heading: degrees, None where unknown. taken: ISO 8601, "" where unknown."""

    id: str
    latitude: float
    longitude: float
    heading: float | None = None
    taken: str = ""


class StreetViews(Protocol):
    """A provider of street views. title: as people call it."""

    title: str

    def sights(self, area: Area) -> list[Sight]:
        """Return the images in an area that does not cross the antimeridian; raises CurationError."""
        ...


class Nearest:
    """The image of a provider that is nearest to a spot; answers are kept. May be shared by threads."""

    def __init__(self, views: StreetViews, grid: Grid) -> None:
        self.title = views.title
        self._views, self._grid = views, grid
        self._near = lru_cache(KEPT)(self._ask)

    def to(self, spot: Spot) -> tuple[Sight, float] | None:
        """Return the nearest image and its distance in metres, None where none is within `REACH_M`.

        Spots of the same metre get the same image. Raises CurationError where the provider does not answer;
        the next call asks again.
        """
        found = self._near(round(spot.east), round(spot.north))
        if found is None:
            return None
        sight, (east, north) = found
        return sight, math.hypot(east - spot.east, north - spot.north)

    def _ask(self, east: int, north: int) -> tuple[Sight, tuple[float, float]] | None:
        around = area_around(self._grid.to_degrees(np.array([(east, north)])), REACH_M)
        listed = [sight for area in around.pieces for sight in self._views.sights(area)]
        sights = [
            sight
            for sight in listed
            if SAFE_ID.fullmatch(sight.id) and around.contains(sight.latitude, sight.longitude)
        ]
        if not sights:
            return None
        places = self._grid.to_metres(np.array([(sight.latitude, sight.longitude) for sight in sights]))
        away = np.hypot(*(places - (east, north)).T)
        nearest = int(np.argmin(away))
        if away[nearest] > REACH_M:
            return None
        return sights[nearest], (float(places[nearest, 0]), float(places[nearest, 1]))


def sight_of(name: Any, place: Sequence[Any], heading: Any, taken: str) -> Sight:
    """Read an image out of an answer. place: longitude and latitude. heading: None where it tells none.

    Raises TypeError or ValueError for what makes no sense.
    """
    longitude, latitude = place[:2]
    turn = math.nan if heading is None else float(heading) % 360
    return Sight(str(name), float(latitude), float(longitude), turn if math.isfinite(turn) else None, taken)
