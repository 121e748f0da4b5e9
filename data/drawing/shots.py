"""Which photos are taken of a city: where, which way, in what light, and under which file names."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import utm

from data.drawing.camera import Camera
from data.drawing.layout import make_plan
from data.drawing.plan import Plan, Street
from data.drawing.render import View
from data.drawing.seeds import Thing, generator
from data.drawing.settings import CitySettings, QuerySet
from data.drawing.weather import make_weather
from data.names import PhotoName, format_name

ORIGIN_EAST_M, ORIGIN_NORTH_M = 548000.0, 4180000.0
ZONE_NUMBER, ZONE_LETTER = 10, "S"
GRID_DEG = 9.0  # by how much the city's own north is turned clockwise from north
STREET_MARGIN_M = 8.0  # from a street's end to the first photo
LANE_M, LANE_WANDER_M = 1.8, 0.3  # to the right of the street's middle, for the camera car
HEADING_WANDER_DEG = 2.0
FARTHEST_ASIDE_M = 2.2  # for queries: parked cars begin at 3.6
DATABASE_VARIETY, QUERY_VARIETY = 0.25, 1.0  # of weather and cameras
PITCH_SHARE, ROLL_SHARE, LENS_PER_DEG = 0.4, 0.2, 0.008  # how they vary with shift_deg
CAR_CAMERA_M, HAND_CAMERA_M = 2.4, 1.7
PITCH_DEG = 5.0
DATABASE_START = datetime(2024, 6, 11, 10, 0, 0)
QUERY_DAY = datetime(2024, 10, 5)


@dataclass(frozen=True, eq=False)
class Shot:
    """A photo to be drawn.

    path: below images/test. seen: number of the database photo that shows the same. dials: what is true
    of a query; empty for the database.
    """

    path: str
    view: View
    seen: int
    dials: dict[str, float]


@dataclass(frozen=True)
class Pose:
    """A place on a street, `left_m` to the left of its middle, and a way of looking from it.

    widening: of the field of view, 1 for the database's lens.
    """

    street: Street
    along_m: float
    left_m: float
    heading_deg: float
    height_m: float = CAR_CAMERA_M
    pitch_deg: float = PITCH_DEG
    roll_deg: float = 0.0
    widening: float = 1.0

    @property
    def place(self) -> np.ndarray:
        """Return (3,) the camera's centre in the city's frame."""
        return np.array([*self.street.point(self.along_m, self.left_m), self.height_m])


def plan_for(settings: CitySettings) -> Plan:
    """Return the city that is large enough for the database's photos."""
    stations = -(-settings.database_count // len(settings.view_angles_deg))
    length_m = stations * settings.spacing_m
    while True:  # the streets' margins take some of the length
        plan = make_plan(settings.seed, length_m)
        if sum(1 for _ in _stations(plan, settings.spacing_m)) >= stations:
            return plan
        length_m = 1.0 + sum(street.stop_m - street.start_m for street in plan.streets)


def database_shots(plan: Plan, settings: CitySettings) -> list[Shot]:
    """Return the database photos, in the order of driving."""
    shots = []
    for index, pose in enumerate(_database_poses(plan, settings)):
        station, tile = divmod(index, len(settings.view_angles_deg))
        rng = generator(Thing.DATABASE_WEATHER, settings.seed, station)
        weather = make_weather(rng, 0.0, DATABASE_VARIETY)
        street = plan.streets.index(pose.street)
        view = View(_camera(pose, settings), weather, index, street, 0.0, pose.street.heading_deg)
        time = DATABASE_START + timedelta(seconds=4 * station)
        name = _file_name(pose, f"drawn{settings.seed}-{station:05d}", f"{tile:02d}", time, "day")
        shots.append(Shot(f"database/{name}", view, index, {}))
    return shots


def query_shots(plan: Plan, settings: CitySettings, query_set: QuerySet) -> list[Shot]:
    """Return the queries of one set: each shows what a database photo shows, shifted as the dials say."""
    poses = list(_database_poses(plan, settings))
    order = generator(Thing.QUERY_CHOICE, settings.seed).permutation(len(poses))
    shots = []
    for index in range(settings.query_count):
        rng = generator(Thing.QUERY, settings.seed, index)
        seen = int(order[index % len(order)])
        pose = _shifted(rng, poses[seen], query_set)
        weather = make_weather(rng, query_set.darkness, QUERY_VARIETY)
        seed = settings.database_count + index
        moment = len(plan.streets) + index
        camera = _camera(pose, settings)
        view = View(camera, weather, seed, moment, query_set.occlusion, pose.street.heading_deg)
        time = _moment(rng, query_set.darkness)
        name = _file_name(pose, f"drawn{settings.seed}-q{index:05d}", "", time, query_set.name)
        shots.append(Shot(f"{query_set.folder}/{name}", view, seen, _dials(poses[seen], pose, query_set)))
    return shots


def _database_poses(plan: Plan, settings: CitySettings) -> Iterator[Pose]:
    index = 0
    for station, (street, along_m) in enumerate(_stations(plan, settings.spacing_m)):
        rng = generator(Thing.STATION, settings.seed, station)
        left_m = -LANE_M + rng.uniform(-LANE_WANDER_M, LANE_WANDER_M)
        for angle in settings.view_angles_deg:
            if index == settings.database_count:
                return
            heading = street.heading_deg + angle + rng.uniform(-HEADING_WANDER_DEG, HEADING_WANDER_DEG)
            yield Pose(street, along_m, left_m, heading)
            index += 1


def _stations(plan: Plan, spacing_m: float) -> Iterator[tuple[Street, float]]:
    for street in plan.streets:
        first, beyond = street.start_m + STREET_MARGIN_M, street.stop_m - STREET_MARGIN_M
        for along_m in np.arange(first, beyond, spacing_m).tolist():
            yield street, along_m


def _shifted(rng: np.random.Generator, pose: Pose, query_set: QuerySet) -> Pose:
    """Return a pose moved and turned by at most what the dials say, still on the roadway."""
    reach = query_set.shift_m * np.sqrt(rng.random())
    way = rng.uniform(0, 2 * np.pi)
    turns = rng.uniform(-1, 1, 4) * query_set.shift_deg
    step = reach * np.cos(way)
    low, high = pose.street.start_m + 1.0, pose.street.stop_m - 1.0
    along = pose.along_m + (step if low <= pose.along_m + step <= high else -step)
    return Pose(
        street=pose.street,
        along_m=along,
        left_m=float(np.clip(pose.left_m + reach * np.sin(way), -FARTHEST_ASIDE_M, FARTHEST_ASIDE_M)),
        heading_deg=pose.heading_deg + turns[0],
        height_m=HAND_CAMERA_M,
        pitch_deg=pose.pitch_deg + PITCH_SHARE * turns[1],
        roll_deg=ROLL_SHARE * turns[2],
        widening=1 + LENS_PER_DEG * turns[3],
    )


def _camera(pose: Pose, settings: CitySettings) -> Camera:
    return Camera(
        pose.place,
        pose.heading_deg,
        pose.pitch_deg,
        pose.roll_deg,
        settings.field_of_view_deg * pose.widening,
        settings.width,
        settings.height,
    )


def _dials(seen: Pose, pose: Pose, query_set: QuerySet) -> dict[str, float]:
    return {
        "darkness": query_set.darkness,
        "shift_m": round(float(np.hypot(*(pose.place - seen.place)[:2])), 3),
        "shift_deg": round(abs(pose.heading_deg - seen.heading_deg), 3),
        "occlusion": query_set.occlusion,
    }


def _moment(rng: np.random.Generator, darkness: float) -> datetime:
    """Return a time of day that goes with a darkness: office hours, dusk, or late evening."""
    hour = 19.0 + 4.0 * (darkness - 0.5) if darkness > 0.1 else rng.uniform(9, 17)
    return QUERY_DAY + timedelta(days=int(rng.integers(30)), seconds=int(3600 * hour))


def _file_name(pose: Pose, pano_id: str, tile: str, time: datetime, note: str) -> str:
    turn = np.radians(GRID_DEG)
    x, y, height = pose.place
    east = ORIGIN_EAST_M + x * np.cos(turn) + y * np.sin(turn)
    north = ORIGIN_NORTH_M - x * np.sin(turn) + y * np.cos(turn)
    latitude, longitude = utm.to_latlon(east, north, ZONE_NUMBER, ZONE_LETTER)
    return format_name(
        PhotoName(
            east=east,
            north=north,
            zone=f"{ZONE_NUMBER}{ZONE_LETTER}",
            latitude=latitude,
            longitude=longitude,
            pano_id=pano_id,
            tile=tile,
            heading=round(pose.heading_deg + GRID_DEG, 2) % 360,
            pitch=pose.pitch_deg,
            roll=pose.roll_deg,
            height=height,
            timestamp=time.strftime("%Y%m%d_%H%M%S"),
            note=note,
        )
    )
