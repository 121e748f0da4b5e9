"""Servers on the loopback address that behave like Flickr, Mapillary and Panoramax, faults included.

What is imitated is written in the providers' documentation: paging, caps, repeated results past the cap,
licences, dates, missing keys, rate limits. Each answer may be replaced by a fault of the test's choosing.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "the secret/key+1"
LICENCES = {
    "0": ("All Rights Reserved", ""),
    "1": (
        "Attribution-NonCommercial-ShareAlike License",
        "https://creativecommons.org/licenses/by-nc-sa/2.0/",
    ),
    "4": ("Attribution License", "https://creativecommons.org/licenses/by/2.0/"),
    "7": ("No known copyright restrictions", "https://www.flickr.com/commons/usage/"),
    "8": ("United States Government Work", "http://www.usa.gov/copyright.shtml"),
    "9": ("Public Domain Dedication (CC0)", "https://creativecommons.org/publicdomain/zero/1.0/"),
    "10": ("Public Domain Mark", "https://creativecommons.org/publicdomain/mark/1.0/"),
}


@dataclass
class Reply:
    """What the server sends. cut: bytes after which the connection is dropped, None for none."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None


@dataclass
class Shot:
    """A photo that a stand-in has. taken: "YYYY-MM-DD hh:mm:ss". licence: Flickr's number of it."""

    id: str
    latitude: float
    longitude: float
    taken: str = "2015-06-01 22:00:00"
    licence: str = "4"
    accuracy: int = 16
    heading: float | None = None
    data: bytes = b""
    owner: str = "12@N00"
    granularity: str = "0"


@dataclass
class StandIn:
    """A provider's server.

    shots: what it has. faults: replies for the next answers of its interface, in order; None for an honest
    one. photo_faults: the same for photos. addresses: of all requests, as they came. now: seconds, for
    the rate limit of `per_hour` requests.
    """

    shots: list[Shot]
    faults: list[Reply | None] = field(default_factory=list)
    photo_faults: list[Reply | None] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    now: Callable[[], float] | None = None
    per_hour: int = 3600
    base: str = ""
    times: list[float] = field(default_factory=list)

    def photo(self, name: str) -> Reply:
        if self.photo_faults:
            fault = self.photo_faults.pop(0)
            if fault is not None:
                return fault
        found = [shot for shot in self.shots if shot.id == name]
        return Reply(found[0].data) if found else Reply(b"Not Found", 404)

    def answer(self, path: str, asked: dict[str, str], headers: dict[str, str]) -> Reply:
        self.asked.append(asked)
        if self.now is not None:
            self.times.append(self.now())
            if sum(1 for time in self.times if time > self.times[-1] - 3600) > self.per_hour:
                return Reply(b"<html>Too Many Requests</html>", 429, {"Retry-After": "3"})
        fault = self.faults.pop(0) if self.faults else None
        return fault or self.honest(path, asked, headers)

    def honest(self, path: str, asked: dict[str, str], headers: dict[str, str]) -> Reply:
        raise NotImplementedError


class FlickrStandIn(StandIn):
    """Flickr's REST interface. cap: distinct photos of a search. most_per_page: of searches by place."""

    cap = 4000
    most_per_page = 250

    def honest(self, path: str, asked: dict[str, str], headers: dict[str, str]) -> Reply:
        if asked.get("api_key") != KEY:
            return self.failure(100, f"Invalid API Key (Key {asked.get('api_key')} has invalid format)")
        methods = {
            "flickr.photos.search": self.found,
            "flickr.photos.licenses.getInfo": self.licences,
            "flickr.photos.getInfo": self.info,
        }
        method = methods.get(asked["method"])
        return method(asked) if method else self.failure(112, "Method not found")

    @staticmethod
    def failure(code: int, message: str) -> Reply:
        return as_json({"stat": "fail", "code": code, "message": message})

    def licences(self, asked: dict[str, str]) -> Reply:
        listed = [{"id": int(i), "name": name, "url": url} for i, (name, url) in LICENCES.items()]
        return as_json({"licenses": {"license": listed}, "stat": "ok"})

    def info(self, asked: dict[str, str]) -> Reply:
        for shot in self.shots:
            if shot.id == asked["photo_id"]:
                return as_json({"photo": {"id": shot.id, "license": shot.licence}, "stat": "ok"})
        return self.failure(1, "Photo not found")

    def found(self, asked: dict[str, str]) -> Reply:
        west, south, east, north = (float(edge) for edge in asked["bbox"].split(","))
        if west > east or asked.get("min_taken_date") is None:
            return self.failure(4, "Not a valid bounding box, or no limiting agent")
        chosen = [
            shot
            for shot in self.shots
            if west <= shot.longitude <= east
            and south <= shot.latitude <= north
            and asked["min_taken_date"] <= shot.taken <= asked["max_taken_date"]
            and shot.licence in asked["license"].split(",")
            and shot.accuracy >= int(asked["accuracy"])
        ]
        chosen.sort(key=lambda shot: (shot.taken, shot.id))
        per_page = min(int(asked["per_page"]), self.most_per_page)
        first = (int(asked["page"]) - 1) * per_page
        listed = chosen[: self.cap]
        # Past the cap Flickr repeats photos that it listed before.
        page = [listed[i % len(listed)] for i in range(first, min(first + per_page, len(chosen)))]
        body = {
            "page": int(asked["page"]),
            "total": len(chosen),
            "photo": [self.entry(shot) for shot in page],
        }
        return as_json({"photos": body, "stat": "ok"})

    def entry(self, shot: Shot) -> dict[str, Any]:
        return {
            "id": shot.id,
            "owner": shot.owner,
            "ownername": f"<i>{shot.owner}</i>",
            "license": shot.licence,
            "datetaken": shot.taken,
            "datetakengranularity": shot.granularity,
            "datetakenunknown": "0",
            "latitude": f"{shot.latitude!r}",
            "longitude": f"{shot.longitude!r}",
            "accuracy": str(shot.accuracy),
            "url_l": f"{self.base}/photos/{shot.id}",
        }


class MapillaryStandIn(StandIn):
    """Mapillary's Graph API. cap: images of a search. dense: images that it calls too much to ask for."""

    cap = 2000
    dense = 10_000

    def honest(self, path: str, asked: dict[str, str], headers: dict[str, str]) -> Reply:
        if headers.get("Authorization") != f"OAuth {KEY}":
            return self.failure(401, 190, f"Invalid OAuth access token {headers.get('Authorization')}")
        if path == "/images":
            return self.found(asked)
        if any(f"/{shot.id}" == path for shot in self.shots):
            return as_json({"id": path[1:]})
        return self.failure(400, 100, f"Unsupported get request. Object with ID '{path[1:]}' does not exist")

    @staticmethod
    def failure(status: int, code: int, message: str) -> Reply:
        reply = as_json({"error": {"message": message, "type": "OAuthException", "code": code}})
        reply.status = status
        return reply

    def found(self, asked: dict[str, str]) -> Reply:
        west, south, east, north = (float(edge) for edge in asked["bbox"].split(","))
        if (east - west) * (north - south) >= 0.01:
            return self.failure(400, 100, "bbox too large")
        since = datetime.fromisoformat(asked.get("start_captured_at", "2004-01-01T00:00:00Z"))
        until = datetime.fromisoformat(asked.get("end_captured_at", "2100-01-01T00:00:00Z"))
        chosen = [
            shot
            for shot in self.shots
            if west <= shot.longitude <= east
            and south <= shot.latitude <= north
            and since <= utc(shot.taken) <= until
        ]
        if len(chosen) >= self.dense:
            return self.failure(500, 1, "Please reduce the amount of data you're asking for, then retry")
        return as_json({"data": [self.entry(shot) for shot in chosen[: min(self.cap, int(asked["limit"]))]]})

    def entry(self, shot: Shot) -> dict[str, Any]:
        return {
            "id": shot.id,
            "captured_at": int(utc(shot.taken).timestamp() * 1000),
            "compass_angle": shot.heading,
            "geometry": {"type": "Point", "coordinates": [shot.longitude, shot.latitude]},
            "creator": {"username": shot.owner, "id": "7"},
            "thumb_2048_url": f"{self.base}/photos/{shot.id}",
            "is_pano": False,
        }


class PanoramaxStandIn(StandIn):
    """The STAC interface of a Panoramax instance, below /api."""

    def honest(self, path: str, asked: dict[str, str], headers: dict[str, str]) -> Reply:
        if path != "/api/search":
            return Reply(b'{"message": "not found"}', 404)
        west, south, east, north = (float(edge) for edge in asked["bbox"].split(","))
        if west > east:
            return Reply(b'{"message": "bbox: not a box"}', 400)
        chosen = [
            self.entry(shot)
            for shot in self.shots
            if west <= shot.longitude <= east and south <= shot.latitude <= north
        ]
        return as_json({"type": "FeatureCollection", "features": chosen[: int(asked["limit"])]})

    def entry(self, shot: Shot) -> dict[str, Any]:
        facts = {"datetime": f"{utc(shot.taken).isoformat()}", "view:azimuth": shot.heading}
        point = {"type": "Point", "coordinates": [shot.longitude, shot.latitude]}
        return {"type": "Feature", "id": shot.id, "geometry": point, "properties": facts}


def utc(taken: str) -> datetime:
    return datetime.fromisoformat(taken).replace(tzinfo=UTC)


def as_json(value: Any) -> Reply:
    return Reply(json.dumps(value).encode(), headers={"Content-Type": "application/json"})


@contextmanager
def serving(content: StandIn) -> Iterator[StandIn]:
    """Serve a stand-in on a free port for as long as the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.reply(parse_qs(urlsplit(self.path).query))

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            self.reply(parse_qs(self.rfile.read(length).decode()))

        def reply(self, parameters: dict[str, list[str]]) -> None:
            content.addresses.append(self.path)
            path = urlsplit(self.path).path
            if path.startswith("/photos/"):
                send(self, content.photo(path.removeprefix("/photos/")))
            else:
                asked = {name: values[0] for name, values in parameters.items()}
                send(self, content.answer(path, asked, dict(self.headers.items())))

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    content.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield content
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def send(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    handler.send_response(reply.status)
    for name, value in reply.headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(reply.body)))
    handler.end_headers()
    handler.wfile.write(reply.body[: reply.cut])
