"""Flat cut-outs: trees and people, which turn towards the camera, and street lamps."""

from functools import lru_cache

import cv2
import numpy as np

from data.drawing.camera import Camera
from data.drawing.canvas import Canvas
from data.drawing.raster import Quad
from data.drawing.seeds import Thing, generator
from data.drawing.surfaces import PX_PER_M
from data.drawing.texture import Texture

TREES, PEOPLE = 6, 16
TREE_M, PERSON_M = (5.0, 7.0), (0.8, 1.78)  # width, height
LAMP_HEIGHT_M = 6.4
LAMP_ARM_M = 1.5
CLOTHES = (
    (40, 44, 60),
    (140, 40, 44),
    (196, 190, 176),
    (50, 84, 70),
    (60, 90, 140),
    (30, 30, 32),
    (190, 150, 60),
)
SKIN = ((232, 196, 168), (196, 148, 112), (120, 82, 60), (84, 58, 44))


def standing(x: float, y: float, width: float, height: float, texture: Texture, camera: Camera) -> Quad:
    """Return an upright part at (x, y) that faces the camera."""
    away = np.array([x, y]) - camera.centre[:2]
    away = away / max(float(np.linalg.norm(away)), 1e-6)
    right = np.array([away[1], -away[0], 0.0])
    corner = np.array([x, y, height]) - right * width / 2
    return Quad(corner, right * width, np.array([0.0, 0.0, -height]), texture)


def lamp_post(x: float, y: float, towards: np.ndarray) -> Quad:
    """Return a lamp post whose arm reaches in the direction `towards` (2,)."""
    arm = np.array([towards[0], towards[1], 0.0])
    corner = np.array([x, y, LAMP_HEIGHT_M]) - arm * 0.15
    return Quad(
        corner, arm * (LAMP_ARM_M + 0.4), np.array([0.0, 0.0, -LAMP_HEIGHT_M]), _lamp(), two_sided=True
    )


@lru_cache(maxsize=TREES)
def tree(number: int) -> Texture:
    """Return one of the trees, its leaves lighter above and at the left."""
    rng = generator(Thing.TREE, number)
    canvas = Canvas(*TREE_M, (60, 84, 40))
    canvas.cut_out()
    canvas.box(2.4, 0.0, 0.22, 4.4, (70, 56, 44))
    canvas.shade(2.52, 0.0, 0.1, 4.4, 0.7)
    hue = np.array([rng.uniform(66, 112), rng.uniform(104, 132), rng.uniform(40, 62)])
    boughs = np.stack([rng.normal(2.5, 0.75, 16), rng.normal(4.8, 0.75, 16)], axis=1)
    leaves = np.repeat(boughs, 40, axis=0) + rng.normal(0, 0.32, (16 * 40, 2))
    for x, z in leaves[np.argsort(leaves[:, 1] - leaves[:, 0] / 2, kind="stable")]:
        tone = hue * (0.35 + 0.16 * (z - 2.5) - 0.06 * (x - 2.5)) * rng.uniform(0.75, 1.25)
        centre = (round(x * PX_PER_M), round((TREE_M[1] - z) * PX_PER_M))
        radius = round(rng.uniform(0.07, 0.17) * PX_PER_M)
        cv2.circle(canvas.colour, centre, radius, tuple(map(float, tone)), -1)
        cv2.circle(canvas.opacity, centre, radius, 255, -1)
    return canvas.finish()


@lru_cache(maxsize=PEOPLE)
def person(number: int) -> Texture:
    """Return one of the people."""
    rng = generator(Thing.PERSON, number)
    coat, trousers = (np.array(CLOTHES[rng.integers(len(CLOTHES))], float) for _ in range(2))
    skin = np.array(SKIN[rng.integers(len(SKIN))], float)
    canvas = Canvas(*PERSON_M)
    canvas.cut_out()
    for points, colour in _body(rng.uniform(0.05, 0.16), coat, trousers * 0.7, skin):
        canvas.polygon(points, colour)
    turns = np.linspace(0, 2 * np.pi, 16)
    canvas.polygon([(0.4 + 0.1 * np.cos(t), 1.62 + 0.13 * np.sin(t)) for t in turns], skin)
    hair = skin * rng.uniform(0.15, 0.8)
    canvas.polygon([(0.4 + 0.11 * np.cos(t), 1.67 + 0.1 * np.sin(t)) for t in turns[:9]], hair)
    canvas.colour[:, canvas.columns // 2 :] *= 0.8
    return canvas.finish()


def _body(
    stride: float, coat: np.ndarray, trousers: np.ndarray, skin: np.ndarray
) -> list[tuple[list[tuple[float, float]], np.ndarray]]:
    return [
        ([(0.3, 0.85), (0.42, 0.85), (0.38 - stride, 0.0), (0.26 - stride, 0.0)], trousers),
        ([(0.38, 0.85), (0.5, 0.85), (0.54 + stride, 0.0), (0.42 + stride, 0.0)], trousers * 0.85),
        ([(0.27, 0.78), (0.53, 0.78), (0.59, 1.38), (0.5, 1.48), (0.3, 1.48), (0.21, 1.38)], coat),
        ([(0.21, 1.38), (0.3, 1.38), (0.24 - stride / 2, 0.8), (0.15 - stride / 2, 0.8)], coat * 0.85),
        ([(0.5, 1.38), (0.59, 1.38), (0.65 + stride / 2, 0.8), (0.56 + stride / 2, 0.8)], coat * 0.85),
        ([(0.36, 1.45), (0.44, 1.45), (0.44, 1.55), (0.36, 1.55)], skin),
    ]


@lru_cache(maxsize=1)
def _lamp() -> Texture:
    iron, top, tip = (58, 62, 60), LAMP_HEIGHT_M, LAMP_ARM_M
    canvas = Canvas(tip + 0.4, top, iron)
    canvas.cut_out()
    canvas.box(0.0, 0.0, 0.3, 0.6, iron)
    canvas.line([(0.15, 0.0), (0.15, top - 0.5)], iron, 0.13)
    canvas.line([(0.15, top - 0.6), (0.5, top - 0.2), (tip, top - 0.12)], iron, 0.08)
    canvas.box(tip - 0.35, top - 0.17, 0.7, 0.09, iron)
    canvas.box(tip - 0.35, top - 0.25, 0.7, 0.08, (214, 210, 196))
    canvas.shine(tip - 0.35, top - 0.25, 0.7, 0.08, np.full((1, 1, 3), 255.0))
    return canvas.finish()
