"""Lamps by night: those of the streets, and shop fronts that light the pavement before them."""

from dataclasses import dataclass

import numpy as np

from data.drawing.camera import Camera
from data.drawing.cutouts import LAMP_ARM_M, LAMP_HEIGHT_M
from data.drawing.plan import Plan
from data.drawing.seeds import Thing, generator

STREET_LIGHTS = np.array([[1.0, 0.66, 0.30], [1.0, 0.80, 0.55], [0.92, 0.98, 1.0]])  # each for whole streets
SHOP_LIGHT = np.array([1.0, 0.82, 0.58])
STREET_STRENGTH, SHOP_STRENGTH = 2.6, 0.16  # light on a wall one metre away, a sunlit one having about 1
LIT_SHOPS_SHARE = 0.6
REACH_M = 90.0
BEHIND_M = 8.0  # lamps so far behind the camera still light what it sees
MOST_LAMPS = 20


@dataclass(frozen=True, eq=False)
class Lamps:
    """N lamps.

    places: (N, 3) metres. colours: (N, 3) light on a wall one metre away. dazzling: (N,) bool, whether
    the bulb itself can be seen.
    """

    places: np.ndarray
    colours: np.ndarray
    dazzling: np.ndarray

    def near(self, camera: Camera) -> "Lamps":
        """Return the lamps that light what a camera sees, the nearest ones at most."""
        offsets = self.places - camera.centre
        away = np.linalg.norm(offsets, axis=1)
        useful = (away < REACH_M) & (offsets @ camera.rotation[2] > -BEHIND_M)
        order = np.argsort(away, kind="stable")
        chosen = order[useful[order]][:MOST_LAMPS]
        return Lamps(self.places[chosen], self.colours[chosen], self.dazzling[chosen])

    def light_on(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """Return the (H, W, 3) float32 light on surfaces, which falls with the distance squared.

        points: (H, W, 3) float32 places. normals: (H, W, 3) float32, which way the surfaces face.
        """
        light = np.zeros(points.shape, np.float32)
        for place, colour in zip(self.places, self.colours, strict=True):
            towards = place.astype(np.float32) - points
            squared = np.einsum("hwc,hwc->hw", towards, towards) + 0.5
            facing = np.einsum("hwc,hwc->hw", towards, normals)
            strength = np.clip(facing, 0, None) / (squared * np.sqrt(squared))
            light += strength[..., None] * colour.astype(np.float32)
        return light


def city_lamps(seed: int, plan: Plan) -> Lamps:
    """Return all lamps of a city."""
    street_places, street_colours = _street_lamps(seed, plan)
    shop_places = _lit_shops(seed, plan)
    return Lamps(
        np.array([*street_places, *shop_places]).reshape(-1, 3),
        np.array([*street_colours, *[SHOP_STRENGTH * SHOP_LIGHT] * len(shop_places)]).reshape(-1, 3),
        np.arange(len(street_places) + len(shop_places)) < len(street_places),
    )


def _street_lamps(seed: int, plan: Plan) -> tuple[list[np.ndarray], list[np.ndarray]]:
    rng = generator(Thing.LAMPS, seed)
    of_streets = STREET_LIGHTS[rng.integers(len(STREET_LIGHTS), size=len(plan.streets))]
    places, colours = [], []
    for x, y in plan.lamps:
        street, way = plan.street_beside(x, y)
        head = np.array([x, y]) + LAMP_ARM_M * way
        places.append(np.array([*head, LAMP_HEIGHT_M - 0.3]))
        colours.append(STREET_STRENGTH * of_streets[street])
    return places, colours


def _lit_shops(seed: int, plan: Plan) -> list[np.ndarray]:
    shops = (facade for facade in plan.facades if facade.ground == "shop")
    return [
        shop.point(shop.width_m / 2, 0.7, 2.2)
        for shop in shops
        if generator(Thing.SHOP_LIGHTS, seed, shop.number).random() < LIT_SHOPS_SHARE
    ]
