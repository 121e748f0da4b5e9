"""One photo of the city: draw what the camera sees, light it, expose it."""

from dataclasses import dataclass

import cv2
import numpy as np

from data.drawing.camera import Camera
from data.drawing.ground import draw_ground
from data.drawing.lamps import Lamps
from data.drawing.light import daylight_on, surface_points
from data.drawing.occluders import draw_occluders
from data.drawing.raster import Raster
from data.drawing.scene import Scene
from data.drawing.seeds import Thing, generator
from data.drawing.sensor import develop
from data.drawing.sky import horizon_light, sky_light
from data.drawing.weather import Weather

OVERSAMPLING = 2  # pixels drawn for each pixel of the photo, along each side
GLOW_LIGHT = 0.085  # light of a fully bright window
HAZE_M = 700.0  # distance at which half of what is seen is haze
HALO_RADIUS_M, CLOSEST_HALO_M = 0.22, 0.5
HALO_LIGHT = 0.5  # of a lamp's light on a wall one metre away
TO_LINEAR = ((np.arange(256) / 255.0) ** 2.2).astype(np.float32)


@dataclass(frozen=True, eq=False)
class View:
    """All that one photo depends on, besides the city.

    seed: the photo's own number (lit windows, what is in the way, noise). moment: which cars are parked
    and who walks; photos of one drive share it. occlusion: share of the photo that traffic in the way
    covers. street_deg: heading of the street, along which that traffic stands.
    """

    camera: Camera
    weather: Weather
    seed: int
    moment: int
    occlusion: float
    street_deg: float


def render(scene: Scene, view: View) -> np.ndarray:
    """Return the photo of a view, (H, W, 3) uint8 RGB."""
    light = _light(draw_parts(scene, view), scene, view.weather)
    size = (view.camera.width, view.camera.height)
    small = cv2.resize(light, size, interpolation=cv2.INTER_AREA)
    return develop(small, view.weather, generator(Thing.SENSOR, scene.seed, view.seed))


def draw_parts(scene: Scene, view: View) -> Raster:
    """Return what each pixel of the enlarged view shows, before any light falls on it."""
    camera = view.camera.enlarged(OVERSAMPLING)
    raster = Raster(camera, view.seed if view.weather.lamplight > 0 else None)
    raster.draw(scene.buildings(camera) + scene.furniture(camera) + scene.traffic(camera, view.moment))
    draw_ground(raster)
    rng = generator(Thing.OCCLUDERS, scene.seed, view.seed)
    draw_occluders(raster, rng, view.occlusion, view.street_deg)
    return raster


def _light(raster: Raster, scene: Scene, weather: Weather) -> np.ndarray:
    """Return the (H, W, 3) float32 light that reaches the enlarged view."""
    points, normals = surface_points(raster, OVERSAMPLING)
    falling = daylight_on(points, normals, weather, scene.skyline)
    lamps = scene.lamps.near(raster.camera)
    if weather.lamplight > 0:
        falling += weather.lamplight * lamps.light_on(points, normals)
    light = cv2.LUT(raster.colour, TO_LINEAR) * _enlarged(falling)
    if weather.lamplight > 0:
        light += (GLOW_LIGHT * weather.lamplight) * cv2.LUT(raster.glow, TO_LINEAR)
    _add_sky(light, raster, weather)
    if weather.lamplight > 0:
        _add_halos(light, raster, lamps, weather.lamplight)
    return light


def _add_sky(light: np.ndarray, raster: Raster, weather: Weather) -> None:
    """Put the sky where nothing stands, and its haze before what is far away."""
    haze = 1 / (1 + HAZE_M * raster.nearness[..., None])
    light += haze * (horizon_light(weather) - light)
    empty = raster.part == 0
    rays = raster.camera.rays[::OVERSAMPLING, ::OVERSAMPLING]
    share = cv2.resize(empty.astype(np.float32), rays.shape[1::-1], interpolation=cv2.INTER_AREA)
    sky = np.zeros_like(rays)
    sky[share > 0] = sky_light(rays[share > 0], weather)
    np.copyto(light, _enlarged(sky), where=empty[..., None])


def _enlarged(picture: np.ndarray) -> np.ndarray:
    """Return a picture with every pixel repeated for the enlarged view."""
    size = (picture.shape[1] * OVERSAMPLING, picture.shape[0] * OVERSAMPLING)
    return cv2.resize(picture, size, interpolation=cv2.INTER_NEAREST)


def _add_halos(light: np.ndarray, raster: Raster, lamps: Lamps, strength: float) -> None:
    """Let the street lamps in view shine into the lens."""
    camera = raster.camera
    pixels, depths = camera.project(lamps.places)
    for index in np.flatnonzero(lamps.dazzling & (depths > CLOSEST_HALO_M)):
        (x, y), depth = pixels[index], depths[index]
        inside = 0 <= x < camera.width - 0.5 and 0 <= y < camera.height - 0.5
        if inside and raster.nearness[round(y), round(x)] < 1.05 / depth:
            radius = max(1, round(HALO_RADIUS_M * camera.focal_px / depth))
            glare = strength * HALO_LIGHT * lamps.colours[index]
            cv2.circle(light, (round(x), round(y)), radius, glare.tolist(), -1)
