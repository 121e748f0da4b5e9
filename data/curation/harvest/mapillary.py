"""Mapillary: images of its Graph API, by bounding box and time of capture.

The token travels in a header, so that no address holds it. A search covers less than 0.01 square degrees
and lists at most 2,000 images, without saying how many there are: a full list is refused here, to be split.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request

from data.curation.area import Area
from data.curation.harvest.bucket import TokenBucket
from data.curation.harvest.provider import Answer, Found, OverCapError, sensible
from data.curation.harvest.web import (
    HARVEST_AGAIN,
    TIMEOUT_S,
    WAITS_S,
    WORTH_RETRYING,
    PassingError,
    Web,
)
from data.curation.harvest.window import Window
from data.curation.records import Photo
from data.curation.streetviews import Sight, sight_of
from data.errors import CurationError

ADDRESS = "https://graph.mapillary.com"
CAP = 2000
MOST_DEG2 = 0.01
REQUESTS_PER_HOUR, BURST = 36_000, 60  # a tenth of what Mapillary allows
LICENCE = "CC-BY-SA-4.0"  # of all images, by Mapillary's terms

_FIELDS = "id,captured_at,compass_angle,geometry,creator,thumb_2048_url,is_pano"
_SIGHT_FIELDS = "id,captured_at,compass_angle,geometry"
_TOO_MUCH = "reduce the amount of data"  # how Mapillary words that a search is too large for it
_NOT_THERE = 100  # code of an object that does not exist or may not be seen


class Mapillary:
    """Images of Mapillary, panoramas left out; see `Provider`.

    token: of its interface. waits_s: seconds before each further attempt. now, sleep: the clock. timeout_s,
    advice: see `Web`.
    """

    name = "mapillary"
    title = "Mapillary"
    scope = ""

    def __init__(
        self,
        token: str,
        *,
        address: str = ADDRESS,
        waits_s: Sequence[float] = WAITS_S,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        timeout_s: float = TIMEOUT_S,
        advice: str = HARVEST_AGAIN,
    ) -> None:
        self._token, self._address = token, address.rstrip("/")
        bucket = TokenBucket(REQUESTS_PER_HOUR, BURST, now, sleep)
        self._web = Web(
            self.title, [token], bucket, waits_s=waits_s, sleep=sleep, timeout_s=timeout_s, advice=advice
        )

    def search(self, window: Window) -> Answer:
        """Find the images of a window."""
        area = window.area
        if (area.east - area.west) * (area.north - area.south) >= MOST_DEG2:
            raise OverCapError(None)
        parameters = {
            "fields": _FIELDS,
            "bbox": _box(area),
            "start_captured_at": f"{window.since:%Y-%m-%dT%H:%M:%SZ}",
            "end_captured_at": f"{window.until:%Y-%m-%dT%H:%M:%SZ}",
            "is_pano": "false",
            "limit": str(CAP),
        }
        entries = self._web.ask(self._request("images", parameters), self._images)
        if len(entries) >= CAP:
            raise OverCapError(None)
        answer = Answer(len(entries))
        for entry in {str(entry.get("id")): entry for entry in entries}.values():
            _add(answer, entry)
        return answer

    def sights(self, area: Area) -> list[Sight]:
        """Return the images in a small area, panoramas among them; see `StreetViews`."""
        parameters = {"fields": _SIGHT_FIELDS, "bbox": _box(area), "limit": str(CAP)}
        try:
            return self._web.ask(self._request("images", parameters), self._sights)
        except OverCapError as error:
            raise CurationError("Mapillary: has too many images here to name the nearest") from error

    def fetch(self, found: Found, max_bytes: int) -> bytes:
        """Return an image's file."""
        return self._web.fetch(found.address, max_bytes)

    def licence_of(self, photo_id: str) -> str | None:
        """Return the licence of all images, None for one that is not public any more."""
        return self._web.ask(self._request(photo_id, {"fields": "id"}), self._licence)

    def _request(self, path: str, parameters: Mapping[str, str]) -> Request:
        headers = {"Authorization": f"OAuth {self._token}", "User-Agent": "vpr-rerank"}
        return Request(f"{self._address}/{path}?{urlencode(parameters)}", headers=headers)

    def _images(self, status: int, body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        if "error" in body:
            if _TOO_MUCH in str(body["error"]["message"]):
                raise OverCapError(None)
            self._refuse(status, body["error"])
        entries = list(body["data"])
        if not all(isinstance(entry, dict) for entry in entries):
            raise ValueError("no list of images")
        return entries

    def _sights(self, status: int, body: Mapping[str, Any]) -> list[Sight]:
        return [_sight(entry) for entry in self._images(status, body)]

    def _licence(self, status: int, body: Mapping[str, Any]) -> str | None:
        if "error" in body:
            if int(body["error"]["code"]) == _NOT_THERE:
                return None
            self._refuse(status, body["error"])
        return LICENCE if body["id"] else None

    def _refuse(self, status: int, error: Mapping[str, Any]) -> None:
        told = f"HTTP {status}: {error['message']}"
        if status in WORTH_RETRYING:
            raise PassingError(told)
        raise CurationError(self._web.cleaned(f"Mapillary: {told}"))


def _add(answer: Answer, entry: Mapping[str, Any]) -> None:
    """Add an entry of a list to what was found, or count it as malformed."""
    if entry.get("is_pano"):
        return
    try:
        photo, address = _photo(entry), str(entry["thumb_2048_url"])
    except (KeyError, TypeError, ValueError):
        answer.malformed += 1
        return
    if sensible(photo):
        answer.found.append(Found(photo, address))
    else:
        answer.malformed += 1


def _photo(entry: Mapping[str, Any]) -> Photo:
    photo_id = str(entry["id"])
    longitude, latitude = entry["geometry"]["coordinates"]
    angle = entry.get("compass_angle")
    return Photo(
        provider="mapillary",
        photo_id=photo_id,
        latitude=float(latitude),
        longitude=float(longitude),
        licence=LICENCE,
        page=f"https://www.mapillary.com/app/?pKey={photo_id}",
        owner=str((entry.get("creator") or {}).get("username", "")),
        taken=_captured(entry),
        utc_offset_min=0,
        heading=None if angle is None else float(angle) % 360,
        source=photo_id,
    )


def _sight(entry: Mapping[str, Any]) -> Sight:
    place = entry["geometry"]["coordinates"]
    return sight_of(entry["id"], place, entry.get("compass_angle"), _captured(entry))


def _captured(entry: Mapping[str, Any]) -> str:
    """Return when an image was taken, UTC; raises ValueError for absurd times."""
    try:
        return f"{datetime.fromtimestamp(int(entry['captured_at']) / 1000, UTC):%Y-%m-%dT%H:%M:%S}"
    except (OverflowError, OSError) as error:
        raise ValueError(f"captured_at {entry['captured_at']}: no time") from error


def _box(area: Area) -> str:
    return f"{area.west!r},{area.south!r},{area.east!r},{area.north!r}"
