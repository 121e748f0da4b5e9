"""The corners that a drawn view shows: where they are, and what hides them."""

from dataclasses import replace

import numpy as np
import pytest

from data.drawing.camera import Camera
from data.drawing.layout import make_plan
from data.drawing.plan import Facade, Plan
from data.drawing.render import View, draw_parts, render
from data.drawing.scene import Scene
from data.drawing.seeds import Thing, generator
from data.drawing.settings import CitySettings
from data.drawing.shots import database_shots
from data.drawing.truth import SMALLEST_PX_PER_M, visible_corners
from data.drawing.weather import make_weather

WEATHER = make_weather(generator(Thing.QUERY, 7), 0.0, 0.0)


@pytest.fixture(scope="module")
def plan() -> Plan:
    plan = make_plan(0, 40.0)
    nothing = np.zeros((0, 2))
    return replace(plan, trees=nothing, lamps=nothing, parking=np.zeros((0, 3)))  # facades alone


@pytest.fixture(scope="module")
def scene(plan: Plan) -> Scene:
    return Scene(0, plan)


def facing(facade: Facade, away_m: float) -> View:
    """Return a view straight at a facade's middle."""
    centre = facade.point(facade.width_m / 2, away_m, 3.0)
    heading = float(np.degrees(np.arctan2(-facade.normal[0], -facade.normal[1])))
    return View(Camera(centre, heading, 0.0, 0.0, 75.0, 320, 240), WEATHER, 1, 1, 0.0, 0.0)


def wide(plan: Plan) -> Facade:
    return max((facade for facade in plan.facades if facade.depth_m), key=lambda facade: facade.width_m)


def test_corners_of_the_front_ahead_lie_where_they_project(plan: Plan, scene: Scene) -> None:
    facade = wide(plan)
    view = facing(facade, 14.0)
    corners = visible_corners(scene, view)
    texture = scene.buildings(view.camera)
    front = next(q for q in texture if np.allclose(q.corner, facade.point(0, 0, facade.height_m)))
    rows, columns = front.texture.colour.shape[:2]
    share = (front.texture.corners + 0.5) / (columns, rows)
    places = front.corner + share[:, :1] * front.across + share[:, 1:] * front.down
    pixels, depths = view.camera.project(places)
    inside = ((pixels > 2) & (pixels < (317, 237))).all(1)
    apart = np.linalg.norm(pixels[inside, None] - corners.pixels[None], axis=-1).min(1)
    assert inside.sum() > 10
    assert np.mean(apart < 0.01) > 0.7  # the others are behind balconies, signs and awnings
    np.testing.assert_allclose(depths, 14.0, atol=1e-6)


def test_near_ones_come_first_and_far_ones_are_left_out(plan: Plan, scene: Scene) -> None:
    shots = database_shots(plan, CitySettings(database_count=6))
    for shot in shots:
        corners = visible_corners(scene, shot.view)
        assert len(corners.pixels) > 50
        assert (np.diff(corners.depths) >= 0).all()
        assert corners.depths.max() < shot.view.camera.focal_px / SMALLEST_PX_PER_M
        assert (corners.pixels >= -0.5).all()
        assert (corners.pixels <= (319.5, 239.5)).all()


def test_what_stands_before_a_corner_hides_it(plan: Plan, scene: Scene) -> None:
    view = facing(wide(plan), 14.0)
    full = replace(view, occlusion=0.4)
    free, hidden = (visible_corners(scene, each) for each in (view, full))
    depths = dict(zip(map(tuple, free.pixels.tolist()), free.depths.tolist(), strict=True))
    kept = {tuple(pixel) for pixel in hidden.pixels.tolist()}
    assert kept < depths.keys()
    nearness = draw_parts(scene, full).nearness
    for x, y in depths.keys() - kept:
        row, column = round(2 * y + 0.5), round(2 * x + 0.5)
        assert nearness[row, column] > 1.03 / depths[x, y]


def test_nothing_is_seen_of_a_front_from_behind(plan: Plan, scene: Scene) -> None:
    """From inside a house its own front's corners, all ahead, do not count."""
    facade = wide(plan)
    view = facing(facade, 14.0)
    inside = facade.point(facade.width_m / 2, -4.0, 3.0)
    turned = replace(view.camera, centre=inside, heading_deg=view.camera.heading_deg + 180)
    corners = visible_corners(scene, replace(view, camera=turned))
    assert not (np.abs(corners.depths - 4.0) < 0.01).any()


def test_corners_are_where_the_photo_changes(plan: Plan, scene: Scene) -> None:
    """Around a corner the photo varies more than around other pixels of the view."""
    view = facing(wide(plan), 14.0)
    grey = render(scene, view).astype(float).mean(-1)
    squares = np.lib.stride_tricks.sliding_window_view(grey, (5, 5)).std((-1, -2))
    x, y = np.round(visible_corners(scene, view).pixels).astype(int).T
    inside = (x > 2) & (x < 317) & (y > 2) & (y < 237)
    assert np.median(squares[y[inside] - 2, x[inside] - 2]) > 1.5 * np.median(squares)
