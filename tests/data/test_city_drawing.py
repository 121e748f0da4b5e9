"""How the city is drawn: perspective, visibility, light, and the plan itself."""

from collections.abc import Iterator

import numpy as np
import pytest

from data.drawing import scene as scenes
from data.drawing.camera import Camera
from data.drawing.facade import build_front
from data.drawing.layout import make_plan
from data.drawing.plan import HALF_STREET_M, Plan, Street
from data.drawing.raster import Quad, Raster
from data.drawing.render import View, draw_parts, render
from data.drawing.scene import Scene
from data.drawing.seeds import Thing, generator
from data.drawing.settings import CitySettings, QuerySet
from data.drawing.shadows import Skyline
from data.drawing.shots import database_shots, query_shots
from data.drawing.texture import Texture
from data.drawing.weather import make_weather

SETTINGS = CitySettings(database_count=12, query_count=6, width=160, height=120)
RED, GREEN = (200, 20, 20), (20, 200, 20)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan(0, 40.0)


@pytest.fixture(scope="module")
def scene(plan: Plan) -> Scene:
    return Scene(0, plan)


def _camera(heading: float = 90.0, pitch: float = 0.0, roll: float = 0.0) -> Camera:
    return Camera(np.array([1.0, 2.0, 1.5]), heading, pitch, roll, 60.0, 81, 61)


def _wall(distance: float, colour: tuple[int, int, int], size: float = 4.0, **options: bool) -> Quad:
    """Return a wall that faces the camera of `_camera`, ahead of it to the east."""
    corner = np.array([1.0 + distance, 2.0 + size / 2, 1.5 + size / 2])
    texture = Texture(np.full((8, 8, 3), colour, np.uint8))
    return Quad(corner, np.array([0.0, -size, 0.0]), np.array([0.0, 0.0, -size]), texture, **options)


@pytest.mark.parametrize(
    ("camera", "point", "side"),
    [
        (_camera(), (11.0, 2.0, 1.5), (0, 0)),
        (_camera(), (11.0, 1.0, 1.5), (1, 0)),  # facing east, south is right
        (_camera(), (11.0, 2.0, 3.0), (0, -1)),
        (_camera(heading=80.0), (11.0, 2.0, 1.5), (1, 0)),
        (_camera(pitch=10.0), (11.0, 2.0, 1.5), (0, 1)),
        (_camera(roll=10.0), (11.0, 2.0, 4.5), (-1, -1)),  # turned clockwise, what is above goes left
    ],
)
def test_points_lie_on_the_right_side_of_the_photo(
    camera: Camera, point: tuple[float, ...], side: tuple[int, int]
) -> None:
    pixels, depths = camera.project(np.array([point]))
    offset = pixels[0] - ((camera.width - 1) / 2, (camera.height - 1) / 2)
    assert tuple(np.sign(np.where(np.abs(offset) < 1e-9, 0, offset)).astype(int)) == side
    assert depths[0] > 0


def test_rays_go_through_the_pixels_that_points_project_to() -> None:
    camera = _camera(heading=33.0, pitch=7.0, roll=-4.0)
    points = camera.centre + 6.5 * camera.rays[[3, 40], [70, 11]].astype(np.float64)
    pixels, depths = camera.project(points)
    np.testing.assert_allclose(pixels, [[70, 3], [11, 40]], atol=1e-3)
    np.testing.assert_allclose(depths, 6.5, atol=1e-5)


def test_a_larger_photo_shows_the_same_view() -> None:
    camera = _camera(heading=33.0)
    point = camera.centre + np.array([4.0, 5.0, 0.5])
    small, large = (c.project(point[None])[0][0] for c in (camera, camera.enlarged(2)))
    np.testing.assert_allclose(large, 2 * small + 0.5, atol=1e-9)


def test_a_texture_lies_where_its_corners_project() -> None:
    camera = Camera(np.array([0.0, 0.0, 1.6]), 25.0, 4.0, 3.0, 70.0, 160, 120)
    checker = np.kron(np.indices((4, 4)).sum(0) % 2 * 255, np.ones((16, 16)))
    picture = np.repeat(checker[..., None], 3, axis=2).astype(np.uint8)
    quad = Quad(
        np.array([0.0, 6.0, 3.5]), np.array([5.0, 1.0, 0.0]), np.array([0.0, 0.0, -3.0]), Texture(picture)
    )
    raster = Raster(camera, None)
    raster.draw([quad])
    for column in range(4):
        for row in range(4):
            place = quad.corner + (column + 0.5) / 4 * quad.across + (row + 0.5) / 4 * quad.down
            (pixel,), (depth,) = camera.project(place[None])
            x, y = np.round(pixel).astype(int)
            assert raster.colour[y, x, 0] == picture[16 * row + 8, 16 * column + 8, 0]
            assert 1 / raster.nearness[y, x] == pytest.approx(depth, rel=0.02)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_what_is_nearer_hides_what_is_farther_in_any_order(order: tuple[int, int]) -> None:
    walls = [_wall(5.0, RED, size=2.0), _wall(8.0, GREEN, size=12.0)]
    raster = Raster(_camera(), None)
    for index in order:
        raster.draw([walls[index]])
    assert tuple(raster.colour[30, 40]) == RED
    assert tuple(raster.colour[30, 5]) == GREEN


def test_what_faces_away_shows_only_where_it_has_two_sides() -> None:
    for two_sided in (False, True):
        wall = _wall(5.0, RED, two_sided=two_sided)
        turned = Quad(wall.corner + wall.across, -wall.across, wall.down, wall.texture, 0, two_sided)
        raster = Raster(_camera(), None)
        raster.draw([turned])
        assert bool(raster.part.any()) is two_sided


def test_what_is_transparent_shows_what_is_behind() -> None:
    opacity = np.zeros((8, 8), np.uint8)
    opacity[:, :4] = 255
    near = _wall(5.0, RED)
    cut = Quad(near.corner, near.across, near.down, Texture(near.texture.colour, opacity))
    raster = Raster(_camera(), None)
    raster.draw([_wall(8.0, GREEN, size=12.0), cut])
    assert tuple(raster.colour[30, 30]) == RED
    assert tuple(raster.colour[30, 50]) == GREEN


def test_what_reaches_behind_the_camera_is_drawn_in_front_of_it() -> None:
    floor = Texture(np.full((8, 8, 3), RED, np.uint8))
    quad = Quad(np.array([-20.0, 20.0, 0.0]), np.array([50.0, 0, 0]), np.array([0, -50.0, 0]), floor)
    raster = Raster(_camera(), None)
    raster.draw([quad])
    assert raster.part[35:].all()  # it ends 29 m ahead, 3.6 pixels below the horizon
    assert not raster.part[:30].any()


def test_hidden_buildings_are_left_out_without_a_change(
    scene: Scene, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    shots = database_shots(plan, SETTINGS)[::3] + query_shots(plan, SETTINGS, SETTINGS.query_sets[0])
    chosen = [draw_parts(scene, shot.view).colour for shot in shots]
    fewer = sum(len(scene.buildings(shot.view.camera)) for shot in shots)
    monkeypatch.setattr(scenes, "visible_boxes", lambda camera, boxes, fronts: np.ones(len(boxes), bool))
    for shot, colour in zip(shots, chosen, strict=True):
        np.testing.assert_array_equal(draw_parts(scene, shot.view).colour, colour)
    assert fewer < 0.9 * sum(len(scene.buildings(shot.view.camera)) for shot in shots)


@pytest.mark.parametrize("share", [0.1, 0.4])
def test_occlusion_covers_the_share_that_it_says(scene: Scene, plan: Plan, share: float) -> None:
    covered = []
    for free, full in zip(_views(plan, 0.0), _views(plan, share), strict=True):
        before, after = draw_parts(scene, free).nearness, draw_parts(scene, full).nearness
        assert (after >= before).all()  # it only ever stands in front
        covered.append(float((after > before).mean()))
    assert np.mean(covered) == pytest.approx(share, rel=0.25)
    assert min(covered) > 0.6 * share


def _views(plan: Plan, occlusion: float) -> Iterator[View]:
    for shot in query_shots(plan, SETTINGS, QuerySet("set", 0.0, 8.0, 15.0, occlusion)):
        yield shot.view


def test_other_photos_have_other_cars_and_the_same_houses(scene: Scene, plan: Plan) -> None:
    camera = database_shots(plan, SETTINGS)[1].view.camera
    assert all(a is b for a, b in zip(scene.buildings(camera), scene.buildings(camera), strict=True))
    first, second = (np.array([quad.corner for quad in scene.traffic(camera, moment)]) for moment in (1, 2))
    assert first.shape != second.shape or not np.allclose(first, second)


def test_windows_are_lit_at_random_each_night(plan: Plan) -> None:
    front = build_front(0, next(f for f in plan.facades if f.storeys > 2))[0]
    camera = Camera(front.corner + front.across / 2 + front.down / 2, 0.0, 0.0, 0.0, 75.0, 320, 240)
    outwards = np.cross(front.down, front.across)
    heading = np.degrees(np.arctan2(*-outwards[:2]))
    centre = camera.centre + 12 * outwards / np.linalg.norm(outwards)
    glows = []
    for night in (1, 2):
        raster = Raster(Camera(centre, heading, 0.0, 0.0, 75.0, 320, 240), night)
        raster.draw([front])
        glows.append(raster.glow.max(-1) > 60)
    assert all(0.005 < glow.mean() < 0.3 for glow in glows)
    assert (glows[0] != glows[1]).mean() > 0.005


def test_facades_know_the_corners_of_their_windows(plan: Plan) -> None:
    texture = build_front(0, plan.facades[0])[0].texture
    height, width = texture.colour.shape[:2]
    assert (texture.corners >= -0.51).all()
    assert (texture.corners <= (width, height)).all()
    corners = {tuple(corner) for corner in np.round(texture.corners).astype(int).tolist()}
    for x0, y0, x1, y1 in texture.panes:
        near = [abs(x - x0) + abs(y - y0) <= 2 for x, y in corners]
        far = [abs(x - x1) + abs(y - y1) <= 2 for x, y in corners]
        assert any(near)
        assert any(far)


def test_the_shade_lies_behind_the_house(plan: Plan) -> None:
    skyline = Skyline(plan)
    facade = max(plan.facades, key=lambda f: f.height_m * (f.depth_m > 0))
    front = facade.point(facade.width_m / 2, 3.0, 1.0)
    normal = np.array([*facade.normal, 0.0])
    for side, lit in ((1.0, 1.0), (-1.0, 0.0)):
        sun = side * normal * np.cos(0.9) + [0, 0, np.sin(0.9)]
        assert skyline.sunlit(front.astype(np.float32)[None, None], sun)[0, 0] == lit
    high = (front + np.array([0, 0, 60])).astype(np.float32)
    assert skyline.sunlit(high[None, None], sun)[0, 0] == 1.0


def test_darkness_dims_daylight_and_turns_the_lamps_on() -> None:
    weathers = [make_weather(generator(Thing.QUERY, 7), darkness, 1.0) for darkness in (0, 0.3, 0.6, 1)]
    daylight = [weather.daylight for weather in weathers]
    lamplight = [weather.lamplight for weather in weathers]
    assert daylight == sorted(daylight, reverse=True)
    assert lamplight == sorted(lamplight)
    assert (daylight[0], lamplight[0], lamplight[-1]) == (1.0, 0.0, 1.0)
    assert all(np.array_equal(weather.sun, weathers[0].sun) for weather in weathers)


def test_fronts_line_every_street_without_a_gap(plan: Plan) -> None:
    feet = np.array([facade.box()[:2, :2] for facade in plan.facades])
    for street in plan.streets:
        for side in (1, -1):
            line = np.array([street.point(along, side * (HALF_STREET_M + 0.01)) for along in _alongs(street)])
            middles = np.abs(feet[:, 0] - feet[:, 1]).sum(1)
            for place in line:
                reach = np.abs(feet - place).sum(-1).sum(1)
                assert (reach < middles + 0.1).any(), place


def _alongs(street: Street) -> list[float]:
    places = np.arange(street.start_m + 0.5, street.stop_m, 2.0).tolist()
    return [along for along in places if not street.at_crossing(along, 0.5)]


def test_a_longer_city_has_more_streets_and_every_front_its_number() -> None:
    small, large = make_plan(0, 100.0), make_plan(0, 900.0)
    assert len(large.streets) > len(small.streets)
    assert sum(street.stop_m - street.start_m for street in large.streets) >= 900.0
    assert sorted(facade.number for facade in large.facades) == list(range(len(large.facades)))


def test_the_same_view_gives_the_same_photo(scene: Scene, plan: Plan) -> None:
    view = database_shots(plan, SETTINGS)[0].view
    photo = render(scene, view)
    assert photo.dtype == np.uint8
    assert photo.shape == (120, 160, 3)
    np.testing.assert_array_equal(photo, render(Scene(0, plan), view))
