"""Settings of the drawn city, and the query sets that follow from them."""

import math
from dataclasses import dataclass, fields, replace

from data.errors import SettingsError

LIMITS: dict[str, tuple[float, float]] = {
    "seed": (0, 2**32 - 1),
    "database_count": (1, 100_000),
    "query_count": (0, 100_000),
    "width": (64, 4096),
    "height": (48, 4096),
    "field_of_view_deg": (30.0, 110.0),
    "spacing_m": (2.0, 24.0),
    "darkness": (0.0, 1.0),
    "shift_m": (0.0, 20.0),
    "shift_deg": (0.0, 45.0),
    "occlusion": (0.0, 0.5),
}
DIALS = ("darkness", "shift_m", "shift_deg", "occlusion")


@dataclass(frozen=True)
class QuerySet:
    """One folder of queries, `queries_NAME`, and the dials that all its queries share."""

    name: str
    darkness: float
    shift_m: float
    shift_deg: float
    occlusion: float

    @property
    def folder(self) -> str:
        """Return the folder's name."""
        return f"queries_{self.name}"


@dataclass(frozen=True)
class CitySettings:
    """What a drawn city is made from. Raises SettingsError where a value is out of range.

    seed: of everything; the same seed gives the same city. database_count: photos by day, taken every
    `spacing_m` metres along the streets, one in each of `view_angles_deg`, degrees clockwise from the
    direction of driving. query_count: queries in each query set. width, height: pixels of a photo.
    field_of_view_deg: from its left to its right edge.

    The dials of the queries: darkness: of `queries_night`, 0 full day to 1 darkest night; that of
    `queries_day` is 0. shift_m: most metres from the database photo that shows the same. shift_deg:
    most degrees of turning away from it (pitch, roll and lens vary along, less). occlusion: share of
    the photo that is covered by vehicles and people in the way.

    sweep: a dial's name, for more query sets `queries_DIAL_VALUE`, by day but for that dial, one
    for each of `sweep_values`. Query number i of every set is the same place and moment, so that
    sets differ by their dials alone.
    """

    seed: int = 0
    database_count: int = 200
    query_count: int = 50
    width: int = 320
    height: int = 240
    field_of_view_deg: float = 75.0
    spacing_m: float = 12.0
    view_angles_deg: tuple[float, ...] = (-60.0, 0.0, 60.0)
    darkness: float = 0.85
    shift_m: float = 8.0
    shift_deg: float = 15.0
    occlusion: float = 0.15
    sweep: str = ""
    sweep_values: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.name in LIMITS:
                _check_range(field.name, getattr(self, field.name))
        if not self.view_angles_deg or not all(math.isfinite(angle) for angle in self.view_angles_deg):
            raise SettingsError(
                f"city: view_angles_deg = {self.view_angles_deg}; expected at least one angle in degrees"
            )
        self._check_sweep()

    def _check_sweep(self) -> None:
        if not self.sweep and not self.sweep_values:
            return
        if self.sweep not in DIALS or not self.sweep_values:
            raise SettingsError(
                f"city: sweep = {self.sweep!r} with sweep_values = {self.sweep_values}; expected one of "
                f"{', '.join(DIALS)} and the values to draw, such as sweep=darkness sweep_values=0,0.5,1"
            )
        if len({f"{value:g}" for value in self.sweep_values}) < len(self.sweep_values):
            raise SettingsError(f"city: sweep_values = {self.sweep_values}; expected each value once")
        for value in self.sweep_values:
            _check_range(self.sweep, value)

    @property
    def query_sets(self) -> tuple[QuerySet, ...]:
        """Return the query sets: by day, by night, and those of the sweep."""
        day = QuerySet("day", 0.0, self.shift_m, self.shift_deg, self.occlusion)
        night = replace(day, name="night", darkness=self.darkness)
        swept = []
        for value in self.sweep_values:
            changed = {"name": f"{self.sweep}_{value:g}", self.sweep: value}
            swept.append(QuerySet(**{**vars(day), **changed}))
        return day, night, *swept


def _check_range(name: str, value: float) -> None:
    low, high = LIMITS[name]
    if not low <= value <= high:
        raise SettingsError(f"city: {name} = {value}; expected {low:g} to {high:g}")
