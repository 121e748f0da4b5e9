"""Reading place and heading out of the address of a street view or a map, without asking anyone."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from data.errors import CurationError

LONGEST = 4000  # characters; Google's own are below 600

_NUMBER = r"([+-]?\d{1,3}(?:\.\d+)?)"
_PAIR = re.compile(rf"{_NUMBER}\s*[,;~/\s]\s*{_NUMBER}")
_NUMBERS = re.compile(rf"\(?{_NUMBER}\s*[,;\s]\s*{_NUMBER}(?:\s*[,;\s]\s*{_NUMBER})?\)?")
_AT = re.compile(rf"@{_NUMBER},{_NUMBER}((?:,[^,/?#]*)*)")
_HEADING = re.compile(rf"{_NUMBER}h")
_PIN = re.compile(rf"!3d{_NUMBER}!4d{_NUMBER}")
_EMBEDDED = re.compile(rf"!1s([^!]*)!2m2!1d{_NUMBER}!2d{_NUMBER}(?:!3f{_NUMBER})?")
_PANORAMA = re.compile(r"!1s([A-Za-z0-9_-]{16,})!2e")
_SEXAGESIMAL = re.compile(  # with typed quotes or with primes
    r"(\d{1,3})\s*°\s*(\d{1,2})\s*['\u2032\u2019]\s*(\d{1,2}(?:\.\d+)?)\s*(?:\"|\u2033|\u201d|'')\s*([NSEW])",
    re.IGNORECASE,
)
_SHORT = ("goo.gl", "maps.app.goo.gl", "g.co", "g.page", "bit.ly", "t.co", "tinyurl.com", "osm.org", "w3w.co")


@dataclass(frozen=True)
class Place:
    """What an address tells. Degrees; heading clockwise from north, None where it tells none.

    panorama: "google:ID", "mapillary:ID" or "panoramax:ID", "" where it tells none.
    """

    latitude: float
    longitude: float
    heading: float | None = None
    panorama: str = ""


def parse_address(text: str) -> Place:
    """Read the address of a place.

    That of Google Street View or Maps, instantstreetview, Mapillary, Panoramax, OpenStreetMap or Bing, a
    `geo:` URI, or plain "latitude, longitude" with a heading after it if wanted. Raises CurationError for
    short addresses, which only their server can resolve, for those without a place, and for places that
    are none.
    """
    text = text.strip().strip("<>\"'")
    if not text or len(text) > LONGEST:
        raise CurationError("nothing to read: paste the address of a street view, or latitude, longitude")
    found = _parse_web(text) if re.match(r"https?://|www\.", text, re.IGNORECASE) else _parse_plain(text)
    if found is None:
        raise CurationError(
            f"{_shown(text)}: tells no place. Paste the whole address of the street view, as the browser "
            "shows it"
        )
    if not (-80 <= found.latitude <= 84 and -180 <= found.longitude <= 180):
        raise CurationError(
            f"{_shown(text)}: latitude {found.latitude:g}, longitude {found.longitude:g} is no place that "
            "UTM knows; expected -80 to 84 and -180 to 180"
        )
    return found


def _parse_web(text: str) -> Place | None:
    try:
        parts = urlsplit(text if "//" in text[:8] else f"https://{text}")
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError as error:
        raise CurationError(f"{_shown(text)}: is no address: {error}") from error
    if host in _SHORT:
        raise CurationError(
            f"{_shown(text)}: is a short address, which only {host} can resolve. Open it, and paste the "
            "long one that the browser then shows"
        )
    for ending, read in _SITES.items():
        if host == ending or host.endswith(f".{ending}") or (ending == "google" and _is_google(host)):
            return read(parts)
    return _parse_any(parts)


def _is_google(host: str) -> bool:
    return re.fullmatch(r"(?:[a-z]+\.)*google(?:\.[a-z]{2,3}){1,2}", host) is not None


def _parse_google(parts: SplitResult) -> Place | None:
    """Read the forms of Google Maps, those that name a panorama's own place before those of a map."""
    path, query = unquote(parts.path), _query(parts)
    embedded = _EMBEDDED.search(query.get("pb", ""))
    if embedded:
        return _place(embedded[2], embedded[3], embedded[4], _google(embedded[1]))
    for key in ("viewpoint", "cbll"):
        if key in query:
            heading = query.get("heading") or [*query.get("cbp", "").split(","), "", ""][1]
            return _pair(query[key], heading, _google(query.get("pano") or query.get("panoid") or ""))
    at, pin, panorama = _AT.search(path), _PIN.search(path), _PANORAMA.search(path)
    if at and (panorama or ",3a" in at[3]):  # a street view: where its camera stands
        return _place(at[1], at[2], _turn(at[3]), _google(panorama[1] if panorama else ""))
    if pin:  # a marked place: its pin, not the middle of the map
        return _place(pin[1], pin[2])
    if at:
        return _place(at[1], at[2], _turn(at[3]))
    for key in ("query", "q", "ll", "center", "sll", "destination", "daddr"):
        found = _pair(query.get(key, "").removeprefix("loc:"))
        if found:
            return found
    return _pair(path.rpartition("/")[2].replace("+", " "))


def _parse_instant(parts: SplitResult) -> Place | None:
    """Read `@lat,lon,HEADINGh,PITCHp,ZOOMz,PANORAMA`, in the path or after the #."""
    at = _AT.search(unquote(f"{parts.path}#{parts.fragment}"))
    if not at:
        return None
    last = at[3].rpartition(",")[2]
    panorama = last if re.fullmatch(r"[A-Za-z0-9_-]{16,}", last) else ""
    return _place(at[1], at[2], _turn(at[3]), _google(panorama))


def _parse_mapillary(parts: SplitResult) -> Place | None:
    """Read where the map stands, which the site moves to the photo; that of a photo alone tells no place."""
    query = _query(parts)
    if "lat" not in query or "lng" not in query:
        return None
    found = _pair(f"{query['lat']},{query['lng']}", query.get("bearing", ""))
    key = query.get("pKey", "")
    return _with_panorama(found, f"mapillary:{key}" if re.fullmatch(r"[\w-]+", key) else "")


def _parse_panoramax(parts: SplitResult) -> Place | None:
    """Read `map=ZOOM/LAT/LON`, `xyz=HEADING/PITCH/ZOOM` and `pic=ID`, after ? or #."""
    query = {**_query(parts), **_pairs(parts.fragment)}
    found = _pair(query.get("map", "").partition("/")[2], query.get("xyz", "").partition("/")[0])
    picture = query.get("pic", "")
    return _with_panorama(found, f"panoramax:{picture}" if re.fullmatch(r"[\w-]+", picture) else "")


def _parse_bing(parts: SplitResult) -> Place | None:
    query = _query(parts)
    return _pair(query.get("cp", ""), query.get("dir", ""))


def _parse_any(parts: SplitResult) -> Place | None:
    """Read what maps of many makers share: a marker, `lat` and `lon`, `#map=`, `@lat,lon`."""
    query = {**_query(parts), **_pairs(parts.fragment)}
    for first, second in (("mlat", "mlon"), ("lat", "lon"), ("lat", "lng"), ("latitude", "longitude")):
        if first in query and second in query:
            return _pair(f"{query[first]},{query[second]}", query.get("heading", ""))
    for key in ("map", "ll", "coordinate"):
        value = query.get(key, "")
        found = _pair(value.partition("/")[2] if key == "map" else value, query.get("heading", ""))
        if found:
            return found
    at = _AT.search(unquote(parts.path))
    return _place(at[1], at[2], _turn(at[3])) if at else None


def _parse_plain(text: str) -> Place | None:
    """Read `geo:lat,lon`, degrees with minutes and seconds, or two to three numbers."""
    angles = {angle[3].upper() in "NS": _degrees(*angle) for angle in _SEXAGESIMAL.findall(text)}
    if len(angles) == 2:
        return Place(angles[True], angles[False])
    if text[:4].lower() == "geo:":  # RFC 5870; a third number is a height
        return _pair(text[4:])
    numbers = _NUMBERS.fullmatch(text)
    return _place(numbers[1], numbers[2], numbers[3]) if numbers else None


def _degrees(whole: str, minutes: str, seconds: str, letter: str) -> float:
    value = int(whole) + int(minutes) / 60 + float(seconds) / 3600
    return -value if letter.upper() in "SW" else value


def _pair(text: str, heading: str | None = None, panorama: str = "") -> Place | None:
    found = _PAIR.match(text.strip())
    return _place(found[1], found[2], heading, panorama) if found else None


def _place(latitude: str, longitude: str, heading: str | None = None, panorama: str = "") -> Place:
    return Place(float(latitude), float(longitude), _angle(heading), panorama)


def _angle(text: str | None) -> float | None:
    """Return a heading within 0 to 360; None for a text that is no number, as some addresses have it."""
    try:
        value = float(text or "nan")
    except ValueError:
        return None
    return value % 360 if math.isfinite(value) else None


def _turn(text: str) -> str | None:
    found = _HEADING.search(text)
    return found[1] if found else None


def _google(panorama: str) -> str:
    return f"google:{panorama}" if re.fullmatch(r"[A-Za-z0-9_-]+", panorama) else ""


def _with_panorama(place: Place | None, panorama: str) -> Place | None:
    return place and Place(place.latitude, place.longitude, place.heading, panorama)


def _query(parts: SplitResult) -> Mapping[str, str]:
    return _pairs(parts.query)


def _pairs(text: str) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(text.lstrip("/?")).items()}


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:80]}…")


_SITES: dict[str, Callable[[SplitResult], Place | None]] = {
    "google": _parse_google,
    "instantstreetview.com": _parse_instant,
    "mapillary.com": _parse_mapillary,
    "panoramax.xyz": _parse_panoramax,
    "panoramax.fr": _parse_panoramax,
    "panoramax.ign.fr": _parse_panoramax,
    "panoramax.openstreetmap.fr": _parse_panoramax,
    "bing.com": _parse_bing,
}
