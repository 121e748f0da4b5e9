"""The settings of a curation project: chosen once, when it is made, so that its steps fit together."""

import dataclasses
import difflib
import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import TypeAdapter, ValidationError

from data.curation.area import Area
from data.curation.grid import Grid
from data.curation.records import LIGHTS
from data.errors import CurationError, SettingsError
from data.files import write_json

FORMAT = 1
FREE_LICENCES = ("CC-*", "CC0-*", "PDM-*", "US-Gov")


@dataclass(frozen=True)
class Settings:
    """What a project is made for. Raises SettingsError where a value is out of range.

    database: a dataset as `open_database` takes it. database_folder: of the dataset, None for its own.
    zone: UTM zone of the database, in which all positions are. area: west, south, east, north in degrees;
    photos outside are not taken. light: what photos are wanted. licences: patterns of those that may be
    kept. time_zone: IANA name of the place's, such as "Europe/Berlin"; "" to go by the longitude.
    threshold_m: within which a database photo shows the place. twice_share: of the photos, shown to two
    curators. seed: chooses them.
    """

    database: str
    zone: str
    area: tuple[float, float, float, float]
    database_folder: str | None = None
    light: str = "night"
    licences: tuple[str, ...] = FREE_LICENCES
    time_zone: str = ""
    threshold_m: float = 25.0
    twice_share: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        Grid(self.zone)
        Area(*self.area)
        if self.light not in LIGHTS:
            raise SettingsError(f"light = {self.light!r}; expected {', '.join(LIGHTS)}")
        if not 0 < self.threshold_m <= 1000:
            raise SettingsError(f"threshold_m = {self.threshold_m}; expected more than 0, at most 1000")
        if not 0 <= self.twice_share <= 1:
            raise SettingsError(f"twice_share = {self.twice_share}; expected 0 to 1")
        if not self.licences:
            raise SettingsError(f"licences: none is allowed; expected patterns such as {FREE_LICENCES}")
        if self.time_zone:
            _check_time_zone(self.time_zone)

    @property
    def grid(self) -> Grid:
        """Return the zone as what converts positions."""
        return Grid(self.zone)

    @property
    def box(self) -> Area:
        """Return the area as a box."""
        return Area(*self.area)

    def allows(self, licence: str) -> bool:
        """Tell whether photos of a licence may be kept; those that state none are the curator's own."""
        return not licence or any(fnmatchcase(licence, pattern) for pattern in self.licences)


def read_settings(path: Path) -> Settings:
    """Read a project's settings; raises CurationError for a damaged file and SettingsError for odd values."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CurationError(f"{path} cannot be read: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("format"), int):
        raise CurationError(f"{path} is no file of curation settings: it names no format")
    if found.pop("format") > FORMAT:
        raise CurationError(f"{path} is of a newer format than {FORMAT}; update the program")
    _refuse_unknown(path, found)
    try:
        return TypeAdapter(Settings).validate_python(found)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{path}: {name} = {first['input']!r}: {first['msg']}") from error


def write_settings(path: Path, settings: Settings) -> None:
    """Write a project's settings, whole or not at all."""
    write_json(path, {"format": FORMAT, **dataclasses.asdict(settings)})


def differences(found: Settings, given: Settings) -> str:
    """Say in which settings two differ, "" where in none."""
    pairs = ((field.name, getattr(found, field.name), getattr(given, field.name)) for field in _FIELDS)
    return ", ".join(f"{name} {mine!r}, not {yours!r}" for name, mine, yours in pairs if mine != yours)


def _refuse_unknown(path: Path, found: dict[str, Any]) -> None:
    known = [field.name for field in _FIELDS]
    for name in found:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise SettingsError(f"{path}: no setting is called {name!r}{hint} Known: {', '.join(known)}.")


def _check_time_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(
            f"time_zone {name!r}: not known here; expected an IANA name such as Europe/Berlin, or none"
        ) from error


_FIELDS = dataclasses.fields(Settings)
