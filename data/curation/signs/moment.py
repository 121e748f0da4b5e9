"""When a photo can have been taken, in UTC: exactly where its zone is known, else within a margin."""

from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from data.curation.records import Photo

CAMERA_MARGIN = timedelta(hours=1)  # cameras are not always set to summer time
# By how many hours clocks are ahead of the sun, on land: from 1.0 behind it (eastern India) to 3.0 (western
# China, western Alaska in summer). Where the date line makes it a day more, the sun stands as high.
_AHEAD_H = (-1.0, 3.25)
_DEG_PER_H = 15.0


class Moment(NamedTuple):
    """The earliest and latest time of a photo, UTC."""

    earliest: datetime
    latest: datetime


def moment_of(photo: Photo, time_zone: str = "") -> Moment | None:
    """Return when a photo can have been taken, None where no time of day is known.

    time_zone: IANA name of the place's zone; "" takes the place's longitude with a margin of hours. Midnight
    to the second is taken for a date without a time, which is what it nearly always is.
    """
    taken = _parsed(photo.taken)
    if taken is None or taken.time() == time():
        return None
    if photo.utc_offset_min is not None:
        utc = taken.replace(tzinfo=UTC) - timedelta(minutes=photo.utc_offset_min)
        return Moment(utc, utc)
    if time_zone:
        utc = taken.replace(tzinfo=ZoneInfo(time_zone)).astimezone(UTC)
        return Moment(utc - CAMERA_MARGIN, utc + CAMERA_MARGIN)
    by_the_sun = taken.replace(tzinfo=UTC) - timedelta(hours=photo.longitude / _DEG_PER_H)
    least, most = _AHEAD_H
    return Moment(by_the_sun - timedelta(hours=most), by_the_sun - timedelta(hours=least))


def _parsed(text: str) -> datetime | None:
    """Return a time without zone, None where there is none: providers write all sorts of texts."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None
