"""The field's file names: `@east@north@zone@letter@lat@lon@pano@tile@heading@...@note@.jpg`.

Splitting the base name at `@` gives 16 parts, of which only east and north are always filled.
Padding is not relied upon in reading; in writing it is that of the field's downloader, so that names
sort by easting.
"""

import functools
import math
import re
import string
from dataclasses import dataclass

import numpy as np

from data.errors import DatasetError

CONVENTION = "@UTM_east@UTM_north@zone@letter@lat@lon@pano_id@tile@heading@pitch@roll@height@time@note@.jpg"
NO_TIME = np.datetime64("NaT", "s")

_FIELDS = 15  # parts before the extension
_TIME = re.compile(r"(\d{4})(?:(\d\d)(?:(\d\d)(?:_?(\d\d)(?:(\d\d)(\d\d)?)?)?)?)?")


@dataclass(frozen=True, slots=True)
class PhotoName:
    """What a file name says of its photo; None where the part is empty or, for numbers, no number.

    east, north: UTM metres. zone: UTM zone as "10S". latitude, longitude, pitch, roll: degrees.
    heading: degrees clockwise from north. height: metres. tile: number of the view in its panorama.
    pano_id: any text, `.jpg` included where a published set has it. timestamp: `YYYYMMDD_hhmmss`,
    any tail left out.
    """

    east: float
    north: float
    zone: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    pano_id: str | None = None
    tile: str | None = None
    heading: float | None = None
    pitch: float | None = None
    roll: float | None = None
    height: float | None = None
    timestamp: str | None = None
    note: str | None = None


def parse_name(name: str) -> PhotoName:
    """Read the base name of a photo (folders before it are ignored; they may contain `@`).

    Raises DatasetError where east and north are missing or not finite numbers.
    """
    parts = name.rpartition("/")[2].split("@")[:-1]
    parts += [""] * (_FIELDS - len(parts))
    east, north = _number(parts[1]), _number(parts[2])
    if east is None or north is None:
        raise DatasetError(f"{name}: the name carries no position; expected {CONVENTION}")
    return PhotoName(
        east=east,
        north=north,
        zone=(parts[3].lstrip("0") + parts[4]) or None,
        latitude=_number(parts[5]),
        longitude=_number(parts[6]),
        pano_id=parts[7] or None,
        tile=parts[8] or None,
        heading=_number(parts[9]),
        pitch=_number(parts[10]),
        roll=_number(parts[11]),
        height=_number(parts[12]),
        timestamp=parts[13] or None,
        note=parts[14] or None,
    )


def format_name(photo: PhotoName, extension: str = ".jpg") -> str:
    """Write a photo's base name in 16 parts, padded as the field does.

    East and north are rounded to centimetres, latitude and longitude to 1e-5 degrees, the other
    numbers to two decimals. Raises DatasetError where a text contains `@`, `/` or a NUL.
    """
    zone = photo.zone or ""
    number = zone.rstrip(string.ascii_letters)
    parts = [
        "",
        f"{photo.east:010.2f}",
        f"{photo.north:010.2f}",
        number.zfill(2) if number else "",
        zone[len(number) :],
        "" if photo.latitude is None else f"{photo.latitude:09.5f}",
        "" if photo.longitude is None else f"{photo.longitude:010.5f}",
        photo.pano_id or "",
        photo.tile.zfill(2) if photo.tile else "",
        _padded(photo.heading),
        _padded(photo.pitch),
        _padded(photo.roll),
        _padded(photo.height),
        photo.timestamp or "",
        photo.note or "",
        extension,
    ]
    name = "@".join(parts)
    if name.count("@") != _FIELDS or "/" in name or "\0" in name:
        raise DatasetError(f"a text of {photo} contains '@', '/' or NUL, which separate names and parts")
    return name


@functools.lru_cache(maxsize=65536)
def parse_time(text: str | None) -> np.datetime64:
    """Read `YYYY[MM[DD[_hh[mm[ss]]]]]` as datetime64[s]; NaT where there is no such time."""
    matched = _TIME.fullmatch(text or "")
    if not matched:
        return NO_TIME
    year, month, day, hour, minute, second = (part or "" for part in matched.groups())
    try:
        moment = f"{year}-{month or '01'}-{day or '01'}T{hour or '00'}:{minute or '00'}:{second or '00'}"
        return np.datetime64(moment, "s")
    except ValueError:  # month 13, or a day that its month lacks
        return NO_TIME


def _number(text: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _padded(value: float | None) -> str:
    """Write three digits, with two decimals only where they say something."""
    if value is None:
        return ""
    rounded = round(value, 2)
    return f"{rounded:03.0f}" if rounded == round(rounded) else f"{rounded:06.2f}"
