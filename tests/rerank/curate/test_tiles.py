"""Street-map tiles: off unless an address is given, drawn where they belong, and from nowhere else."""

import io
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from data.curation.grid import Grid
from data.curation.records import Spot
from data.errors import SettingsError
from rerank.curate.tiles import Tiles, world_plane
from tests.rerank.chromium import expect, wait_until
from tests.rerank.curate.conftest import served
from tests.rerank.curate.made_projects import place, street_project
from tests.rerank.curate.reviewing import wait_for_photo

OPEN = "https://tile.openstreetmap.org/{z}/{x}/{y}.png"
FAINT, GROUND = 0.35, (29, 32, 38)  # how strong tiles are drawn, and on what
COLOURS = {(0, 0): (255, 0, 0), (0, 1): (0, 255, 0), (1, 0): (0, 0, 255), (1, 1): (255, 255, 255)}


def mercator(degrees: np.ndarray) -> np.ndarray:
    """Return x and y on the map of the world, by the equation of OpenStreetMap's wiki, Slippy map."""
    latitude, longitude = np.radians(degrees).T
    y = (1 - np.log(np.tan(latitude) + 1 / np.cos(latitude)) / np.pi) / 2
    return np.stack([(np.degrees(longitude) + 180) / 360, y], axis=1)


@pytest.mark.parametrize(
    ("zone", "spot"), [("10S", (548000.0, 4180000.0)), ("60K", (833000.0, 8000000.0)), ("32N", (2e5, 10.0))]
)
def test_metres_around_a_spot_lie_where_the_map_of_the_world_has_them(
    zone: str, spot: tuple[float, float]
) -> None:
    grid = Grid(zone)
    x0, y0, *steps = world_plane(grid, Spot(*spot))
    away = np.array([[0.0, 0.0], [150.0, -70.0], [-200.0, 200.0]])
    found = np.array([x0, y0]) + away @ np.array(steps).reshape(2, 2)
    true = mercator(grid.to_degrees(np.array(spot) + away))
    off = np.abs((found - true + 0.5) % 1 - 0.5)  # x goes round
    assert off.max() * 4e7 < 0.1  # metres


@pytest.mark.parametrize(
    "template",
    [
        "https://tile.example/{z}/{x}.png", "https://tile.example/{z}/{x}/{y}/{s}.png",
        "tile.example/{z}/{x}/{y}", "https://{z}.example/{x}/{y}.png",
        "https://tile.example/{z}/{x}/{y}.png; script-src *",
        "https://tile.example/{z}/{x}/{y}'.png", "javascript:{z}{x}{y}", "file:///{z}/{x}/{y}",
        "http://tile.example/{z}/{x}/{y}.png", "https://user@tile.example/{z}/{x}/{y}.png", "",
    ],
)  # fmt: skip
def test_addresses_that_are_none_or_could_open_the_page_are_refused(template: str) -> None:
    with pytest.raises(SettingsError, match="tiles "):
        Tiles(template)


def test_the_credit_is_the_servers_name_unless_one_is_given() -> None:
    assert Tiles(OPEN).origin == "https://tile.openstreetmap.org"
    assert Tiles(OPEN).shown()["credit"] == "map: tile.openstreetmap.org"
    assert Tiles(OPEN, "© somebody").shown() == {"template": OPEN, "credit": "© somebody"}


@pytest.fixture
def server() -> Iterator[tuple[str, set[tuple[int, ...]]]]:
    """A tile server whose tiles are of one colour each; gives its template, and what it was asked for."""
    asked: set[tuple[int, ...]] = set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            zoom, x, y = (int(part) for part in self.path.removesuffix(".png").split("/")[1:])
            asked.add((zoom, x, y))
            buffer = io.BytesIO()
            Image.new("RGB", (256, 256), COLOURS[x % 2, y % 2]).save(buffer, "PNG")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(buffer.getvalue())

        def log_message(self, format: str, *args: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}/{{z}}/{{x}}/{{y}}.png", asked
    running.shutdown()
    thread.join()
    running.server_close()


def test_tiles_lie_below_the_positions_where_they_belong(
    tmp_path: Path, visit: Callable[..., Any], server: tuple[str, set[tuple[int, ...]]]
) -> None:
    template, asked = server
    tiles = Tiles(template, "<b>credit</b>")
    with street_project(tmp_path, database=4) as project, served(project, tiles=tiles) as address:
        page = visit(address)
        wait_for_photo(page, 1)
        expect(page.locator("#credit")).to_have_text("<b>credit</b>")
        canvas = page.locator("#map")
        scale = float(canvas.get_attribute("data-scale"))
        wait_until(
            page,
            "performance.getEntriesByType('resource').filter((e) => e.name.endsWith('.png')).length >= 6",
        )
        assert matching_pixels(page, project.grid, scale, asked) > 0.9  # the rest is under marks


def matching_pixels(page: Any, grid: Grid, scale: float, asked: set[tuple[int, ...]]) -> float:
    """Return the share of the map's pixels that have the colour of the tile that lies there."""
    wait_until(page, "new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(true))))")
    shown = cv2.imdecode(np.frombuffer(page.locator("#map").screenshot(), np.uint8), cv2.IMREAD_COLOR)[
        ..., ::-1
    ]
    height, width = shown.shape[:2]
    rows, columns = np.mgrid[5:height:7, 5:width:7].reshape(2, -1)
    east, north = place(1)
    metres = np.stack([east + (columns - width / 2) / scale, north - (rows - height / 2) / scale], axis=1)
    (zoom,) = {zoom for zoom, _, _ in asked}
    there = mercator(grid.to_degrees(metres)) * 2**zoom
    far = np.abs(there - np.round(there)).min(axis=1) > 0.01  # from the borders of tiles
    expected = np.array([COLOURS[x % 2, y % 2] for x, y in np.floor(there).astype(int).tolist()], int)
    drawn = FAINT * expected + (1 - FAINT) * np.array(GROUND)
    return float((np.abs(shown[rows, columns] - drawn) < 8).all(axis=1)[far].mean())


def test_without_an_address_nothing_is_asked_for(tmp_path: Path, visit: Callable[..., Any]) -> None:
    with street_project(tmp_path, database=4) as project, served(project) as address:
        page = visit(address)  # which complains of requests to others
        wait_for_photo(page, 1)
        expect(page.locator("#credit")).to_have_text("")
