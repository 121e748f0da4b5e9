"""Panoramax: images of its STAC interface, by bounding box; it needs no key."""

import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request

from data.curation.area import Area
from data.curation.harvest.bucket import TokenBucket
from data.curation.harvest.web import PassingError, Web
from data.curation.streetviews import ADVICE, TIMEOUT_S, WAITS_S, Sight, sight_of

ADDRESS = "https://api.panoramax.xyz/api"  # of the catalogue of all instances
MOST = 500  # images of one answer
REQUESTS_PER_HOUR, BURST = 3600, 60


class Panoramax:
    """Images of one instance of Panoramax, or of the catalogue of all; see `StreetViews`.

    address: of its interface. now, sleep: the clock.
    """

    title = "Panoramax"

    def __init__(
        self,
        address: str = ADDRESS,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._address = address.rstrip("/")
        bucket = TokenBucket(REQUESTS_PER_HOUR, BURST, now, sleep)
        self._web = Web(
            self.title, [], bucket, waits_s=WAITS_S, sleep=sleep, timeout_s=TIMEOUT_S, advice=ADVICE
        )

    def sights(self, area: Area) -> list[Sight]:
        """Return the images in an area."""
        box = f"{area.west:.7f},{area.south:.7f},{area.east:.7f},{area.north:.7f}"
        address = f"{self._address}/search?{urlencode({'bbox': box, 'limit': MOST})}"
        headers = {"User-Agent": "vpr-rerank", "Accept": "application/geo+json"}
        return self._web.ask(Request(address, headers=headers), _sights)


def _sights(status: int, body: Mapping[str, Any]) -> list[Sight]:
    if status != 200:
        raise PassingError(f"HTTP {status}")
    return [_sight(feature) for feature in body["features"]]


def _sight(feature: Mapping[str, Any]) -> Sight:
    facts = feature["properties"]
    place = feature["geometry"]["coordinates"]
    return sight_of(feature["id"], place, facts.get("view:azimuth"), str(facts.get("datetime") or ""))
