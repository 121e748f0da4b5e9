"""Flickr: `flickr.photos.search` by bounding box, date and licence.

Requests are POSTed, so that no address holds the key. Flickr lists at most 4,000 distinct photos of a search
and repeats itself after them; a search that would be longer is refused here, to be split.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode
from urllib.request import Request

from data.curation.harvest.bucket import TokenBucket
from data.curation.harvest.provider import Answer, Found, OverCapError, sensible
from data.curation.harvest.web import WAITS_S, WORTH_RETRYING, PassingError, Web
from data.curation.harvest.window import Window
from data.curation.licences import licence_named
from data.curation.records import Photo
from data.errors import CurationError, SettingsError

T = TypeVar("T")

ADDRESS = "https://api.flickr.com/services/rest/"
CAP = 4000
PAGE = 250  # the most that searches by place give
REQUESTS_PER_HOUR, BURST = 3600, 60
STREET_ACCURACY = 14  # of 16: 11 is a city, 16 a street

_EXTRAS = "license,date_taken,owner_name,geo,url_l,url_o,url_c,url_z"
_SIZES = ("url_l", "url_o", "url_c", "url_z")  # 1024 pixels is what place recognition looks at, or more
_DOWN = frozenset({105, 106})  # Flickr's codes for being out of service
_NOT_THERE = frozenset({1, 2})  # of getInfo: not found, or not for everybody


class Flickr:
    """Photos of Flickr; see `Provider`.

    key: of its interface. allows: tells which licences may be kept. min_accuracy: of positions, in Flickr's
    levels. waits_s: seconds before each further attempt. now, sleep: the clock.
    """

    name = "flickr"

    def __init__(
        self,
        key: str,
        allows: Callable[[str], bool],
        *,
        min_accuracy: int = STREET_ACCURACY,
        address: str = ADDRESS,
        waits_s: Sequence[float] = WAITS_S,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._key, self._allows, self._address = key, allows, address
        self._min_accuracy = min_accuracy
        self.scope = f"accuracy {min_accuracy}"
        bucket = TokenBucket(REQUESTS_PER_HOUR, BURST, now, sleep)
        self._web = Web("Flickr", [key], bucket, waits_s=waits_s, sleep=sleep)
        self._licences: dict[str, str] = {}

    def search(self, window: Window) -> Answer:
        """Find the photos of a window, of the licences that may be kept."""
        licences = self._known_licences()
        wanted = [number for number, name in licences.items() if self._allows(name)]
        if not wanted:  # an empty list would mean all licences to Flickr
            raise SettingsError(
                f"none of Flickr's licences is among those to keep; it has {', '.join(licences.values())}"
            )
        parameters = self._parameters(window, wanted)
        first = self._page(parameters, 1)
        total = int(first["total"])
        if total > CAP:
            raise OverCapError(total)
        answer = Answer(total)
        seen: set[str] = set()
        for number in range(1, -(-total // PAGE) + 1):
            page = first if number == 1 else self._page(parameters, number)
            entries = [entry for entry in page["photo"] if str(entry.get("id")) not in seen]
            if not entries:  # Flickr's totals are estimates, and its last pages may be empty or repeat
                break
            for entry in entries:
                seen.add(str(entry.get("id")))
                _add(answer, entry, licences)
        return answer

    def fetch(self, found: Found, max_bytes: int) -> bytes:
        """Return a photo's file."""
        return self._web.fetch(found.address, max_bytes)

    def licence_of(self, photo_id: str) -> str | None:
        """Return the licence that a photo has today, None where it is not public any more."""
        licences = self._known_licences()
        found = self._ask("flickr.photos.getInfo", {"photo_id": photo_id}, _info)
        return None if found is None else licences.get(found, f"Flickr-{found}")

    def _parameters(self, window: Window, licences: Sequence[str]) -> dict[str, str]:
        area = window.area
        return {
            "bbox": f"{area.west!r},{area.south!r},{area.east!r},{area.north!r}",
            "min_taken_date": f"{window.since:%Y-%m-%d %H:%M:%S}",
            "max_taken_date": f"{window.until:%Y-%m-%d %H:%M:%S}",
            "license": ",".join(sorted(licences, key=int)),
            "accuracy": str(self._min_accuracy),
            "content_types": "0",  # photos, not screenshots
            "media": "photos",
            "sort": "date-taken-asc",
            "has_geo": "1",
            "extras": _EXTRAS,
            "per_page": str(PAGE),
        }

    def _page(self, parameters: Mapping[str, str], number: int) -> Mapping[str, Any]:
        return self._ask("flickr.photos.search", {**parameters, "page": str(number)}, _photos)

    def _known_licences(self) -> dict[str, str]:
        """Return Flickr's licence numbers with our names of them, as Flickr lists them today."""
        if not self._licences:
            self._licences = self._ask("flickr.photos.licenses.getInfo", {}, _licences)
        return self._licences

    def _ask(self, method: str, parameters: Mapping[str, str], read: Callable[[Mapping[str, Any]], T]) -> T:
        fields = {
            "method": method,
            "api_key": self._key,
            "format": "json",
            "nojsoncallback": "1",
            **parameters,
        }
        request = Request(
            self._address, data=urlencode(fields).encode(), headers={"User-Agent": "vpr-rerank"}
        )

        def read_answer(status: int, body: Mapping[str, Any]) -> T:
            if body["stat"] != "ok":
                self._refuse(method, status, body)
            return read(body)

        return self._web.ask(request, read_answer)

    def _refuse(self, method: str, status: int, body: Mapping[str, Any]) -> None:
        """Raise what a failure means; nothing for a photo that is not there, which is an answer."""
        code = int(body["code"])
        told = f"{method} failed with code {code}: {body.get('message', 'no message')}"
        if code in _DOWN or status in WORTH_RETRYING:
            raise PassingError(told)
        if not (method == "flickr.photos.getInfo" and code in _NOT_THERE):
            raise CurationError(self._web.cleaned(f"Flickr: {told}"))


def _photos(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a page of a search, after making sure that it is one."""
    page = body["photos"]
    if int(page["total"]) < 0 or not all(isinstance(entry, dict) for entry in page["photo"]):
        raise ValueError("no page of photos")
    return dict(page)


def _licences(body: Mapping[str, Any]) -> dict[str, str]:
    listed = body["licenses"]["license"]
    return {str(int(one["id"])): licence_named(str(one["name"]), str(one.get("url", ""))) for one in listed}


def _info(body: Mapping[str, Any]) -> str | None:
    return str(int(body["photo"]["license"])) if body["stat"] == "ok" else None


def _add(answer: Answer, entry: Mapping[str, Any], licences: Mapping[str, str]) -> None:
    """Add an entry of a page to what was found, or count it as malformed."""
    address = next((str(entry[size]) for size in _SIZES if entry.get(size)), "")
    try:
        photo = _photo(entry, licences)
    except (KeyError, TypeError, ValueError):
        answer.malformed += 1
        return
    if address and sensible(photo):
        answer.found.append(Found(photo, address))
    else:
        answer.malformed += 1


def _photo(entry: Mapping[str, Any], licences: Mapping[str, str]) -> Photo:
    photo_id, owner = str(entry["id"]), str(entry["owner"])
    # Granularity 0 is to the second; others are months, years, or "circa".
    exact = str(entry.get("datetakengranularity", 0)) == "0" and str(entry.get("datetakenunknown", 0)) == "0"
    return Photo(
        provider="flickr",
        photo_id=photo_id,
        latitude=float(entry["latitude"]),
        longitude=float(entry["longitude"]),
        licence=licences[str(int(entry["license"]))],
        page=f"https://www.flickr.com/photos/{owner}/{photo_id}",
        owner=str(entry.get("ownername") or owner),
        taken=str(entry["datetaken"]).replace(" ", "T") if exact else "",
        accuracy=f"level {entry.get('accuracy', '?')} of 16",
        source=photo_id,
    )
