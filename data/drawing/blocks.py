"""Builds the fronts around each block, and those that close the view at the ends of the streets."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count, pairwise

import numpy as np

from data.drawing.plan import BUILDING_DEPTH_M, HALF_STREET_M, PITCH_M, Facade, Street
from data.drawing.styles import Style

WIDTHS_M = (6.5, 13.0)
TERRACE_SHARE = 0.45  # of houses that have the style and the height of the one before

Vector = tuple[float, float]


class Builder:
    """Builds one city's fronts, numbered from 0 in the order of building."""

    def __init__(self, rng: np.random.Generator, styles: tuple[Style, ...]) -> None:
        """Build in some of `styles`, as `rng` chooses."""
        self.rng = rng
        self.styles = styles
        self._number = count()

    def block(self, i: int, j: int, across: int, along: int) -> Iterator[Facade]:
        """Yield the fronts of the block that lies after street i along x and after street j along y.

        Blocks outside the outermost of the `across` and `along` streets have fronts on those alone.
        """
        west, south, east, north = i >= 0, j >= 0, i < across - 1, j < along - 1
        (left, foot), (right, top) = (
            tuple((index + far) * pitch + inset for index, pitch in zip((i, j), PITCH_M, strict=True))
            for far, inset in ((0, HALF_STREET_M), (1, -HALF_STREET_M))
        )
        if south:
            row = self._row((left, foot), (0.0, -1.0), right - left)
            yield from self._with_corners(row, first=west, last=east)
        if north:
            row = self._row((right, top), (0.0, 1.0), right - left)
            yield from self._with_corners(row, first=east, last=west)
        low, high = foot + BUILDING_DEPTH_M * south, top - BUILDING_DEPTH_M * north
        if east:
            yield from self._row((right, low), (1.0, 0.0), high - low)
        if west:
            yield from self._row((left, high), (-1.0, 0.0), high - low)

    def street_ends(self, street: Street) -> Iterator[Facade]:
        """Yield the fronts that close the view at both ends of a street."""
        facing = (1.0, 0.0) if street.axis == 0 else (0.0, 1.0)
        back = (-facing[0], -facing[1])
        width = 2 * HALF_STREET_M
        yield from self._row(street.point(street.start_m, -HALF_STREET_M), facing, width)
        yield from self._row(street.point(street.stop_m, HALF_STREET_M), back, width)

    def _row(self, corner: Vector, normal: Vector, length_m: float) -> list[Facade]:
        """Return the fronts of one side of a block, from left to right."""
        widths: list[float] = []
        while sum(widths) < length_m - WIDTHS_M[0]:
            widths.append(self.rng.uniform(*WIDTHS_M))
        edges = np.concatenate([[0.0], np.cumsum(widths) * length_m / sum(widths)])
        row: list[Facade] = []
        for left, right in pairwise(edges.tolist()):
            foot = (corner[0] - normal[1] * left, corner[1] + normal[0] * left)
            row.append(self._facade(foot, normal, right - left, row[-1] if row else None))
        return row

    def _facade(self, foot: Vector, normal: Vector, width_m: float, before: Facade | None) -> Facade:
        if before is not None and self.rng.random() < TERRACE_SHARE:
            style, storeys = before.style, before.storeys
        else:
            style = self.styles[self.rng.integers(len(self.styles))]
            storeys = int(self.rng.integers(style.storeys[0], style.storeys[1] + 1))
        ground = "shop" if self.rng.random() < style.shops else str(self.rng.choice(["door", "garage"]))
        return Facade(next(self._number), style, foot, normal, width_m, storeys, ground)

    def _with_corners(self, row: list[Facade], *, first: bool, last: bool) -> Iterator[Facade]:
        """Yield a row whose first and last house, where so asked, have a front around the corner, too."""
        for index, front in enumerate(row):
            turns_left, turns_right = first and index == 0, last and index == len(row) - 1
            yield replace(front, blank_left=not turns_left, blank_right=not turns_right)
            if turns_left:
                foot = front.point(0.0, -BUILDING_DEPTH_M, 0.0)
                yield self._around_corner(front, foot, (-front.right[0], -front.right[1]))
            if turns_right:
                yield self._around_corner(front, front.point(front.width_m, 0.0, 0.0), front.right)

    def _around_corner(self, front: Facade, foot: np.ndarray, normal: Vector) -> Facade:
        return Facade(
            number=next(self._number),
            style=front.style,
            corner=(float(foot[0]), float(foot[1])),
            normal=normal,
            width_m=BUILDING_DEPTH_M,
            storeys=front.storeys,
            ground="door",
            depth_m=0.0,
            blank_left=False,
            blank_right=False,
        )
