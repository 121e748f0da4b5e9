"""The city's plan: what stands where.

Everything is in metres in the city's own frame, x and y along its streets, z up; headings are
degrees clockwise from +y.
"""

from dataclasses import dataclass

import numpy as np

from data.drawing.styles import Style

PITCH_M = (78.0, 64.0)  # from one street's middle to the next, along x and along y
HALF_ROAD_M = 5.6
HALF_STREET_M = 9.0
BUILDING_DEPTH_M = 10.0
KERB_THINGS_M = 6.3  # from the street's middle to lamps and trees


@dataclass(frozen=True)
class Facade:
    """The front of a building.

    corner: its left foot, for somebody who faces it. normal: unit vector towards the street. storeys:
    above the ground floor. ground: what that is, "shop", "door" or "garage". depth_m: of the building,
    0 where the front is a corner house's second one. blank_left, blank_right: whether a bare wall goes
    back from that end.
    """

    number: int
    style: Style
    corner: tuple[float, float]
    normal: tuple[float, float]
    width_m: float
    storeys: int
    ground: str
    depth_m: float = BUILDING_DEPTH_M
    blank_left: bool = True
    blank_right: bool = True

    @property
    def height_m(self) -> float:
        """Return the height of the roof's edge."""
        style = self.style
        return style.ground_m + self.storeys * style.storey_m + style.cornice_m

    @property
    def right(self) -> tuple[float, float]:
        """Return the direction along the front, to the right of somebody who faces it."""
        return -self.normal[1], self.normal[0]

    def point(self, across_m: float, out_m: float, up_m: float) -> np.ndarray:
        """Return (3,) the place so far to the right of the left foot, out into the street, and up."""
        x, y = (
            self.corner[axis] + across_m * self.right[axis] + out_m * self.normal[axis] for axis in (0, 1)
        )
        return np.array([x, y, up_m])

    def box(self, out_m: float = 0.0) -> np.ndarray:
        """Return (8, 3) the corners of the building: its foot, then its top; `out_m` before the front."""
        foot = [(0.0, out_m), (self.width_m, out_m), (self.width_m, -self.depth_m), (0.0, -self.depth_m)]
        return np.array([self.point(*place, up) for up in (0.0, self.height_m) for place in foot])


@dataclass(frozen=True)
class Street:
    """A straight street along x (axis 0) or y (axis 1); `line_m` is its other coordinate."""

    axis: int
    line_m: float
    start_m: float
    stop_m: float

    @property
    def heading_deg(self) -> float:
        """Return the heading of somebody who walks it upwards."""
        return 90.0 if self.axis == 0 else 0.0

    def point(self, along_m: float, left_m: float) -> tuple[float, float]:
        """Return the point `along_m` on this street and `left_m` to the left of its middle."""
        if self.axis == 0:
            return along_m, self.line_m + left_m
        return self.line_m - left_m, along_m

    def at_crossing(self, along_m: float, margin_m: float) -> bool:
        """Tell whether a point lies on a crossing street or within a margin of it."""
        pitch = PITCH_M[self.axis]
        return bool(abs((along_m + pitch / 2) % pitch - pitch / 2) < HALF_STREET_M + margin_m)


@dataclass(frozen=True, eq=False)
class Plan:
    """The whole city.

    lamps, trees: (N, 2) x and y of their feet. parking: (N, 3) x, y and heading of parked cars.
    """

    streets: tuple[Street, ...]
    facades: tuple[Facade, ...]
    lamps: np.ndarray
    trees: np.ndarray
    parking: np.ndarray

    def street_beside(self, x: float, y: float) -> tuple[int, np.ndarray]:
        """Return the number of the street at whose kerb (x, y) lies, and (2,) the way to its middle."""
        asides = np.array([(y if street.axis == 0 else x) - street.line_m for street in self.streets])
        number = int(np.argmin(np.abs(np.abs(asides) - KERB_THINGS_M)))
        across = (0.0, 1.0) if self.streets[number].axis == 0 else (1.0, 0.0)
        return number, -np.sign(asides[number]) * np.array(across)
