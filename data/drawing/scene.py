"""The city as flat parts: what a camera could see of it, built when first seen."""

import threading
from collections import OrderedDict
from collections.abc import Callable

import numpy as np

from data.drawing.camera import Camera
from data.drawing.cutouts import PEOPLE, PERSON_M, TREE_M, TREES, lamp_post, person, standing, tree
from data.drawing.facade import build_front, build_walls
from data.drawing.lamps import city_lamps
from data.drawing.plan import Facade, Plan
from data.drawing.raster import Quad
from data.drawing.seeds import Thing, generator
from data.drawing.shadows import Skyline
from data.drawing.vehicles import MODELS, make_vehicle, park
from data.drawing.visibility import visible_boxes

KEPT_PARTS = 480  # fronts and walls in memory: about 1.5 and 0.1 megabytes each
SIGHT_M, PROPS_SIGHT_M = 240.0, 70.0  # of buildings, of small things
RELIEF_M = 1.4  # how far anything sticks out of a front
TREE_SIZES = (0.75, 1.1)
PARKED_SHARE, VAN_SHARE = 0.45, 0.08
WALKERS_PER_LAMP = 0.5
WALKER_RANGE_M = 9.0  # from the lamp, along the pavement
PAVEMENT_M = 1.2  # from the lamp to the middle of the pavement


class Scene:
    """A city that is ready to be seen; threads may share it."""

    def __init__(self, seed: int, plan: Plan) -> None:
        """Place lamps and shadows; facades are built when a camera first sees them."""
        self.seed = seed
        self.plan = plan
        self.skyline = Skyline(plan)
        self.lamps = city_lamps(seed, plan)
        self._boxes = np.array([facade.box(RELIEF_M) for facade in plan.facades])
        self._edges = np.array([facade.box()[4:6] for facade in plan.facades])
        self._normals = np.array([facade.normal for facade in plan.facades])
        self._built: OrderedDict[tuple[str, int], list[Quad]] = OrderedDict()
        self._lock = threading.Lock()

    def buildings(self, camera: Camera) -> list[Quad]:
        """Return the flat parts of the buildings that a camera may see."""
        quads: list[Quad] = []
        seen = np.flatnonzero(self._in_view(camera))
        facing = self._facing(camera, seen)
        for index, faces in zip(seen, facing, strict=True):
            facade = self.plan.facades[index]
            quads += self._once("walls", facade, build_walls)
            if faces:
                quads += self._once("front", facade, build_front)
        return quads

    def furniture(self, camera: Camera) -> list[Quad]:
        """Return the trees and lamp posts that a camera may see."""
        quads = []
        for index in np.flatnonzero(_near(camera, self.plan.trees)).tolist():
            x, y = self.plan.trees[index]
            size = generator(Thing.TREE_SIZE, self.seed, index).uniform(*TREE_SIZES)
            quads.append(standing(x, y, size * TREE_M[0], size * TREE_M[1], tree(index % TREES), camera))
        for x, y in self.plan.lamps[_near(camera, self.plan.lamps)]:
            quads.append(lamp_post(x, y, self.plan.street_beside(x, y)[1]))
        return quads

    def traffic(self, camera: Camera, moment: int) -> list[Quad]:
        """Return the parked cars and the walkers that a camera may see, other ones each `moment`."""
        rng = generator(Thing.TRAFFIC, self.seed, moment)
        count = len(self.plan.parking)
        parked = rng.random(count) < PARKED_SHARE
        models, vans = rng.integers(0, MODELS, count), rng.random(count) < VAN_SHARE
        nudges = rng.normal(0, 0.12, (count, 2))
        quads: list[Quad] = []
        for index in np.flatnonzero(parked & _near(camera, self.plan.parking[:, :2])):
            vehicle = make_vehicle("van" if vans[index] else "car", int(models[index]))
            x, y = self.plan.parking[index, :2] + nudges[index]
            quads += park(vehicle, x, y, self.plan.parking[index, 2])
        return quads + self._walkers(camera, rng)

    def _walkers(self, camera: Camera, rng: np.random.Generator) -> list[Quad]:
        count = len(self.plan.lamps)
        steps, people = rng.uniform(-WALKER_RANGE_M, WALKER_RANGE_M, count), rng.integers(0, PEOPLE, count)
        shown = (rng.random(count) < WALKERS_PER_LAMP) & _near(camera, self.plan.lamps)
        quads = []
        for index in np.flatnonzero(shown):
            lamp = self.plan.lamps[index]
            way = self.plan.street_beside(*lamp)[1]
            x, y = lamp - PAVEMENT_M * way + steps[index] * way[::-1]
            quads.append(standing(x, y, *PERSON_M, person(int(people[index])), camera))
        return quads

    def _in_view(self, camera: Camera) -> np.ndarray:
        """Return (F,) bool: the buildings whose boxes may show in the photo."""
        offsets = self._boxes - camera.centre
        in_view = camera.may_see(offsets) & (np.linalg.norm(offsets[..., :2], axis=-1).min(-1) < SIGHT_M)
        chosen = np.flatnonzero(in_view)
        edges = self._edges[chosen[self._facing(camera, chosen)]]
        in_view[chosen] = visible_boxes(camera, self._boxes[chosen], edges)
        return in_view

    def _facing(self, camera: Camera, chosen: np.ndarray) -> np.ndarray:
        """Return (N,) bool: which of the chosen fronts show the camera their front."""
        offsets = camera.centre[:2] - self._edges[chosen, 0, :2]
        return (offsets * self._normals[chosen]).sum(1) > 0

    def _once(self, part: str, facade: Facade, build: Callable[[int, Facade], list[Quad]]) -> list[Quad]:
        """Return what `build` makes, made once for as long as it is among the last ones used."""
        key = (part, facade.number)
        with self._lock:
            if key in self._built:
                self._built.move_to_end(key)
                return self._built[key]
        quads = build(self.seed, facade)  # outside the lock: two threads may build the same, and alike
        with self._lock:
            self._built[key] = quads
            while len(self._built) > KEPT_PARTS:
                self._built.popitem(last=False)
        return quads


def _near(camera: Camera, places: np.ndarray) -> np.ndarray:
    """Return (N,) bool: which of (N, 2) places are near enough for small things to show."""
    offsets = places - camera.centre[:2]
    return ((offsets**2).sum(1) < PROPS_SIGHT_M**2) & (offsets @ camera.rotation[2, :2] > -3.0)
