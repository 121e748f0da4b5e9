"""Street-map tiles below the plot, for curators who give the address of a tile server."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import numpy as np

from data.curation.grid import Grid
from data.curation.records import Spot
from rerank.curate.elsewhere import check_template, origin_of

PLACES = ("{z}", "{x}", "{y}")
EXAMPLE = "https://tile.openstreetmap.org/{z}/{x}/{y}.png"
_STEP_M = 100.0  # over which the grid is taken for straight


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
        check_template("tiles", self.template, PLACES, EXAMPLE)

    @property
    def origin(self) -> str:
        """Return scheme, host and port: whose images the page may show."""
        return origin_of(self.template)

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
