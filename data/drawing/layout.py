"""Lays a city out: a grid of streets just large enough for its photos, lined with all that stands there."""

from collections.abc import Iterator
from itertools import count

import numpy as np

from data.drawing.blocks import Builder
from data.drawing.plan import HALF_STREET_M, KERB_THINGS_M, PITCH_M, Plan, Street
from data.drawing.seeds import Thing, generator
from data.drawing.styles import make_styles

LAMP_STEP_M, TREE_STEP_M = 24.0, 12.0  # along one kerb
TREE_LINED_SHARE = 0.6  # of the streets
TREE_SHARES = (0.12, 0.7)  # of the places for trees that have one: in other streets, in tree-lined ones
PARKED_M = 4.55  # from the street's middle to the middle of a parked car
PARKING_STEP_M = 6.2


def make_plan(seed: int, length_m: float) -> Plan:
    """Return the smallest city whose streets are together at least `length_m` long."""
    across, along = _grid_size(length_m)
    streets = _streets(across, along)
    rng = generator(Thing.PLAN, seed)
    builder = Builder(rng, make_styles(seed))
    blocks = [(i, j) for i in range(-1, across) for j in range(-1, along)]
    facades = [facade for i, j in blocks for facade in builder.block(i, j, across, along)]
    facades += [facade for street in streets for facade in builder.street_ends(street)]
    lamps = [spot for street in streets for spot in _kerb_spots(street, LAMP_STEP_M, 0.0)]
    parking = [place for street in streets for place in _parking(street)]
    return Plan(
        streets,
        tuple(facades),
        np.array(lamps).reshape(-1, 2),
        np.array(list(_trees(rng, streets))).reshape(-1, 2),
        np.array(parking).reshape(-1, 3),
    )


def _grid_size(length_m: float) -> tuple[int, int]:
    """Return how many streets run along y and how many along x."""
    sizes = ((size + extra, size) for size in count(1) for extra in (0, 1))
    return next(size for size in sizes if sum(s.stop_m - s.start_m for s in _streets(*size)) >= length_m)


def _streets(across: int, along: int) -> tuple[Street, ...]:
    """Return `across` streets along y and `along` streets along x, in the order they are driven."""
    start = [HALF_STREET_M - pitch for pitch in PITCH_M]
    stop = [number * pitch - HALF_STREET_M for number, pitch in zip((across, along), PITCH_M, strict=True)]
    streets = []
    for index in range(max(across, along)):
        if index < along:
            streets.append(Street(0, index * PITCH_M[1], start[0], stop[0]))
        if index < across:
            streets.append(Street(1, index * PITCH_M[0], start[1], stop[1]))
    return tuple(streets)


def _trees(rng: np.random.Generator, streets: tuple[Street, ...]) -> Iterator[tuple[float, float]]:
    for street in streets:
        share = TREE_SHARES[int(rng.random() < TREE_LINED_SHARE)]
        for spot in _kerb_spots(street, TREE_STEP_M, TREE_STEP_M / 4):
            if rng.random() < share:
                yield spot


def _kerb_spots(street: Street, step_m: float, offset_m: float) -> Iterator[tuple[float, float]]:
    """Yield the places along both kerbs, one side between those of the other, none at crossings."""
    for index in range(int((street.stop_m - street.start_m) // step_m) + 1):
        for side, extra in ((1, 0.0), (-1, step_m / 2)):
            along = street.start_m + offset_m + extra + index * step_m
            if along < street.stop_m - 2 and not street.at_crossing(along, 2.0):
                yield street.point(along, side * KERB_THINGS_M)


def _parking(street: Street) -> Iterator[tuple[float, float, float]]:
    """Yield the places for cars along both kerbs, headed as one drives there, on the right."""
    for along in np.arange(street.start_m + 4, street.stop_m - 4, PARKING_STEP_M):
        if street.at_crossing(along, 4.0):
            continue
        for side, turn in ((1, 180.0), (-1, 0.0)):
            x, y = street.point(float(along), side * PARKED_M)
            yield x, y, street.heading_deg + turn
