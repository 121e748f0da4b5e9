"""What stands in the way: vans, cars and people put before the view until enough of it is covered."""

from collections.abc import Iterator

import numpy as np

from data.drawing.camera import Camera
from data.drawing.cutouts import PEOPLE, PERSON_M, person, standing
from data.drawing.raster import Quad, Raster
from data.drawing.vehicles import MODELS, make_vehicle, park

ATTEMPTS = 80
NEAREST_M, FARTHEST_M = 2.2, 12.0
CLOSEST_TO_WALL = 0.85  # of the way to what is behind
VEHICLE_FILL, PERSON_FILL = 0.8, 0.6  # of the rectangle around them
ENOUGH_SHARE = 0.004


def draw_occluders(raster: Raster, rng: np.random.Generator, share: float, street_deg: float) -> None:
    """Draw traffic in the way until it covers about `share` of the view.

    street_deg: the heading of the street, along which vehicles stand.
    """
    first_part = len(raster.normals)
    for column in _free_columns(raster, rng, first_part):
        missing = share - float(np.mean(raster.part >= first_part))
        if missing <= ENOUGH_SHARE:
            return
        raster.draw(_occluder(raster, rng, column, missing, street_deg))


def _free_columns(raster: Raster, rng: np.random.Generator, first_part: int) -> Iterator[int]:
    """Yield random columns of the view in which nothing stands in the way yet."""
    middle = raster.part[raster.camera.height // 2]
    for column in rng.integers(raster.camera.width, size=ATTEMPTS):
        if middle[column] < first_part:
            yield int(column)


def _occluder(
    raster: Raster, rng: np.random.Generator, column: int, missing: float, street_deg: float
) -> list[Quad]:
    """Return the largest of a van, a car and a person that need not stand nearer than it can to fit."""
    camera = raster.camera
    row = camera.height // 2
    ray = camera.rays[row, column, :2].astype(np.float64)
    room = min(FARTHEST_M, CLOSEST_TO_WALL / max(float(raster.nearness[row, column]), 1e-3))
    number, turn, tightness = int(rng.integers(MODELS)), 180.0 * int(rng.integers(2)), rng.uniform(1.0, 1.3)
    for kind in ("van", "car"):
        vehicle = make_vehicle(kind, number)
        depth = _depth_for(camera, VEHICLE_FILL * vehicle.length_m * vehicle.height_m, missing) * tightness
        if depth <= room:
            x, y = camera.centre[:2] + max(depth, NEAREST_M) * ray
            return park(vehicle, x, y, street_deg + turn)
    depth = _depth_for(camera, PERSON_FILL * PERSON_M[0] * PERSON_M[1], missing) * tightness
    x, y = camera.centre[:2] + min(max(depth, NEAREST_M), room) * ray
    return [standing(x, y, *PERSON_M, person(number % PEOPLE), camera)]


def _depth_for(camera: Camera, area_m2: float, share: float) -> float:
    """Return the depth in metres at which `area_m2` covers a share of the view."""
    return float(camera.focal_px * np.sqrt(area_m2 / (share * camera.width * camera.height)))
