"""Where, when and which way a photo was taken, as its EXIF tags say."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from PIL.ExifTags import GPS, IFD, Base

from data.photos import read_tags

_QUARTER_MIN = 15  # zones differ from UTC by quarters of an hour
_FARTHEST_ZONE_MIN = 14 * 60
_EXIF_TIME = "%Y:%m:%d %H:%M:%S"


@dataclass(frozen=True)
class Taken:
    """What EXIF says; None where it says nothing, or nothing sensible.

    latitude, longitude: degrees. heading: degrees clockwise from north, true or magnetic. accuracy_m: of the
    position. time: of the camera's clock. utc_offset_min: of that clock.
    """

    latitude: float | None
    longitude: float | None
    heading: float | None
    accuracy_m: float | None
    time: datetime | None
    utc_offset_min: int | None


def read_taken(path: Path) -> Taken:
    """Read where and when a photo was taken; raises PhotoError for a file that is no photo."""
    camera, gps = read_tags(path, IFD.Exif), read_tags(path, IFD.GPSInfo)
    time = _time(camera.get(Base.DateTimeOriginal))
    heading = _number(gps.get(GPS.GPSImgDirection))
    accuracy = _number(gps.get(GPS.GPSHPositioningError))
    latitude = _degrees(gps.get(GPS.GPSLatitude), gps.get(GPS.GPSLatitudeRef), "S", 90.0)
    longitude = _degrees(gps.get(GPS.GPSLongitude), gps.get(GPS.GPSLongitudeRef), "W", 180.0)
    known = latitude is not None and longitude is not None and (latitude, longitude) != (0.0, 0.0)
    return Taken(
        latitude=latitude if known else None,
        longitude=longitude if known else None,
        heading=None if heading is None else heading % 360,
        accuracy_m=accuracy,
        time=time,
        utc_offset_min=_offset(camera.get(Base.OffsetTimeOriginal), time, gps),
    )


def _degrees(parts: Any, side: Any, negative: str, most: float) -> float | None:
    """Return degrees from degrees, minutes and seconds."""
    try:
        degree, minute, second = (float(part) for part in parts)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    value = degree + minute / 60 + second / 3600
    if not (math.isfinite(value) and 0 <= value <= most):
        return None
    return -value if str(side).strip("\0 ").upper() == negative else value


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if math.isfinite(number) else None


def _time(text: Any) -> datetime | None:
    try:
        return datetime.strptime(str(text).strip("\0 "), _EXIF_TIME)
    except ValueError:  # cameras whose clock was never set write 0000:00:00
        return None


def _offset(text: Any, time: datetime | None, gps: Mapping[int, Any]) -> int | None:
    """Return the clock's offset from UTC: as written, else as the satellites' time differs from it."""
    if time is None:
        return None
    try:
        stated = datetime.strptime(str(text).strip("\0 "), "%z").utcoffset()
    except ValueError:
        stated = _from_satellites(time, gps)
    return None if stated is None else round(stated.total_seconds() / 60)


def _from_satellites(time: datetime, gps: Mapping[int, Any]) -> timedelta | None:
    try:
        hour, minute, second = (int(float(part)) for part in gps[GPS.GPSTimeStamp])
        date = str(gps[GPS.GPSDateStamp]).strip("\0 ")
        utc = datetime.strptime(f"{date} {hour:02d}:{minute:02d}:{second:02d}", _EXIF_TIME)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    quarters = round((time - utc).total_seconds() / 60 / _QUARTER_MIN)
    minutes = quarters * _QUARTER_MIN
    return timedelta(minutes=minutes) if abs(minutes) <= _FARTHEST_ZONE_MIN else None
