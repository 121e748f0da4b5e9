"""The review server's addresses. Photos and pages are named by ids and numbers, never by paths."""

import secrets
import threading
from collections.abc import Callable, Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from data.curation.events import Event
from data.curation.positives import SET_ASIDE, Near
from data.curation.project import Project
from data.curation.records import REASONS, Spot
from data.errors import DiskSpaceError, PhotoError, RerankError
from rerank.curate.desk import Desk
from rerank.curate.guard import Guard
from rerank.curate.pictures import Pictures
from rerank.curate.requests import Compared, Judged, Matched, Metres, Name, Noted, Once, Pasted
from rerank.curate.tiles import Tiles
from rerank.curate.viewer import Viewer
from rerank.curate.views import view_item, view_near, view_session

KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
PHOTO_AGE = {"cache-control": "private, max-age=3600"}
FRESH = {"cache-control": "no-store"}

# Paths of a query and of a database photo -> their correspondences, JSON-able.
MatchPhotos = Callable[[Path, Path], dict[str, Any]]
# The path of a query and its candidates -> the candidates, the likeliest first.
RankPhotos = Callable[[Path, Sequence[Near]], Sequence[Near]]
Mode = Literal["review", "positives"]
Size = Annotated[int, Query(alias="px")]


def make_app(
    project: Project,
    hosts: Iterable[str],
    *,
    token: str | None = None,
    match: MatchPhotos | None = None,
    rank: RankPhotos | None = None,
    tiles: Tiles | None = None,
    viewer: Viewer | None = None,
) -> tuple[Guard, str]:
    """Return the review server as an ASGI application, and the token that its first address must hold.

    hosts: `Host` headers that are answered. match: draws local matches, None for none. rank: orders
    candidates, None for the nearest first. tiles: below the map, None for a plot alone. viewer: of street
    views, beside the photo; None for links alone.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    desk = Desk(project)
    _add_errors(app)
    _add_site(app)
    offered = {
        "reasons": REASONS,
        "aside": SET_ASIDE,
        "ranked": rank is not None,
        "matching": match is not None,
        "tiles": tiles and tiles.shown(),
        "viewer": viewer and viewer.shown(),
    }
    _add_views(app, desk, rank, offered)
    _add_photos(app, desk, Pictures())
    _add_acts(app, desk)
    _add_tools(app, desk, match)
    if viewer is not None:
        _add_viewer(app, viewer)
    token = token or secrets.token_urlsafe(24)
    images, frames = tiles.origin if tiles else "", viewer.origin if viewer else ""
    return Guard(app, token, hosts, images=images, frames=frames), token


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(RerankError)
    def told(_: Request, error: RerankError) -> JSONResponse:
        status = 507 if isinstance(error, DiskSpaceError) else 422 if isinstance(error, PhotoError) else 400
        return JSONResponse({"error": str(error)}, status)

    @app.exception_handler(RequestValidationError)
    def odd(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return JSONResponse({"error": f"{where}: {first['msg']}"}, 400)


def _add_site(app: FastAPI) -> None:
    """Serve the page's files out of memory: no path of a request ever reaches the disk."""
    site = files(__package__) / "site"
    pages = {"/": (site / "index.html").read_bytes()}
    for part in (site / "assets").iterdir():
        pages[f"/assets/{part.name}"] = part.read_bytes()
    for path, content in pages.items():
        app.get(path)(_page(content, KINDS[Path(path).suffix or ".html"]))


def _page(content: bytes, kind: str) -> Callable[[], Response]:
    """Return what serves one file; a loop's variables as defaults would become parameters of the address."""
    return lambda: Response(content, media_type=kind, headers=FRESH)


def _add_views(app: FastAPI, desk: Desk, rank: RankPhotos | None, offered: dict[str, Any]) -> None:
    @app.get("/api/session")
    def session(who: Name, mode: Mode = "review") -> dict[str, Any]:
        return {**view_session(desk, who, mode), **offered}

    @app.get("/api/item")
    def item(id: str, who: Name, mode: Mode = "review") -> dict[str, Any]:
        return view_item(desk, desk.item(id), who, mode)

    @app.get("/api/near")
    def near(id: str, who: Name, east: Metres, north: Metres) -> list[dict[str, Any]]:
        found = desk.ground.near(Spot(east, north))
        if rank is not None and found:
            found = list(rank(desk.project.photo_path(desk.item(id)), found))
        return view_near(found)

    @app.get("/api/changed")
    def changed(after: int, who: Name) -> dict[str, Any]:
        sequence, touched = desk.changed(after, who)
        return {"sequence": sequence, "items": touched}


def _add_photos(app: FastAPI, desk: Desk, pictures: Pictures) -> None:
    @app.get("/photo")
    def photo(id: str, size: Size = 960) -> Response:
        path = desk.project.photo_path(desk.item(id))
        return Response(pictures.jpeg(path, size), media_type="image/jpeg", headers=PHOTO_AGE)

    @app.get("/database")
    def database(index: int, size: Size = 320) -> Response:
        path = desk.database_photo(index)
        return Response(pictures.jpeg(path, size), media_type="image/jpeg", headers=PHOTO_AGE)


def _add_acts(app: FastAPI, desk: Desk) -> None:
    @app.post("/api/judge")
    def judge(sent: Judged) -> dict[str, Any]:
        return _done(desk.judge(sent))

    @app.post("/api/match")
    def matched(sent: Matched) -> dict[str, Any]:
        return _done(desk.match(sent))

    @app.post("/api/note")
    def note(sent: Noted) -> dict[str, Any]:
        return _done(desk.note(sent))

    @app.post("/api/undo")
    def undo(sent: Once) -> dict[str, Any]:
        return _done(desk.undo(sent))

    @app.post("/api/redo")
    def redo(sent: Once) -> dict[str, Any]:
        return _done(desk.redo(sent))


def _add_tools(app: FastAPI, desk: Desk, match: MatchPhotos | None) -> None:
    one_at_a_time = threading.Lock()  # networks share settings of their threads

    @app.post("/api/place")
    def place(sent: Pasted) -> dict[str, Any]:
        return desk.place(sent.text)

    @app.post("/api/compare")
    def compare(sent: Compared) -> Any:
        if match is None:
            return JSONResponse({"error": "start with --match EXTRACTOR+MATCHER to draw local matches"}, 400)
        query = desk.project.photo_path(desk.item(sent.item))
        with one_at_a_time:
            return match(query, desk.database_photo(sent.index))


def _add_viewer(app: FastAPI, viewer: Viewer) -> None:
    @app.get("/api/street")
    def street(who: Name, east: Metres, north: Metres) -> dict[str, Any]:
        return viewer.view(Spot(east, north))


def _done(event: Event | None) -> dict[str, Any]:
    return {"item": event.item, "sequence": event.sequence} if event else {"item": "", "sequence": 0}
