"""Street-map tiles below the plot, for curators who give the address of a tile server."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import numpy as np

from data.curation.grid import Grid
from data.curation.records import Spot
from data.errors import SettingsError

PLACES = ("{z}", "{x}", "{y}")
LOOPBACK = ("127.0.0.1", "localhost")
_STEP_M = 100.0  # over which the grid is taken for straight
# Nothing that could end an address or a directive of the policy that allows it.
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(:\d+)?/[A-Za-z0-9._~/?=&%@+{}-]*")


@dataclass(frozen=True)
class Tiles:
    """A server of map tiles in the web's usual grid (Web Mercator, 256 pixels a tile).

    template: an address with {z}, {x} and {y} in the places of zoom, column and row. credit: shown on the
    map; the server's name where none is given. Raises SettingsError for another address, and for one
    without encryption that leaves this machine: it would tell the network where photos are placed.
    """

    template: str
    credit: str = ""

    def __post_init__(self) -> None:
        path = urlsplit(self.template).path + "?" + urlsplit(self.template).query
        odd = set(re.findall(r"\{[^}]*\}?|\}", self.template)) != set(PLACES)
        if odd or not _ADDRESS.fullmatch(self.template) or any(place not in path for place in PLACES):
            raise SettingsError(
                f"tiles {self.template!r}: expected an address with {', '.join(PLACES)}, such as "
                "https://tile.openstreetmap.org/{z}/{x}/{y}.png"
            )
        if urlsplit(self.template).scheme == "http" and urlsplit(self.template).hostname not in LOOPBACK:
            raise SettingsError(f"tiles {self.template!r}: expected https:// for a server of others")

    @property
    def origin(self) -> str:
        """Return scheme, host and port: whose images the page may show."""
        found = urlsplit(self.template)
        return f"{found.scheme}://{found.netloc}"

    def shown(self) -> dict[str, str]:
        """Return what the page needs to know of them."""
        return {"template": self.template, "credit": self.credit or f"map: {urlsplit(self.template).netloc}"}


def world_plane(grid: Grid, spot: Spot) -> list[float]:
    """Return how metres around a spot lie on the map of the world.

    Six numbers: x and y of the spot, then by how much x and y grow for a metre to the east, then to the
    north. x, y: Web Mercator, 0 to 1 from longitude -180 to 180 and from 85 degrees north to south.
    """
    places = np.array([spot[:2], (spot.east + _STEP_M, spot.north), (spot.east, spot.north + _STEP_M)])
    degrees = grid.to_degrees(places)
    x = (degrees[:, 1] + 180) / 360
    y = (1 - np.arcsinh(np.tan(np.radians(degrees[:, 0]))) / np.pi) / 2
    east, north = ((x[1:] - x[0] + 0.5) % 1 - 0.5) / _STEP_M  # also across the antimeridian
    return [
        float(value) for value in (x[0], y[0], east, (y[1] - y[0]) / _STEP_M, north, (y[2] - y[0]) / _STEP_M)
    ]
