"""Facades: the texture of a front, and what sticks out of it."""

from itertools import product

import numpy as np

from data.drawing import reliefs
from data.drawing.canvas import Canvas
from data.drawing.ground_floor import draw_entrance, draw_shop
from data.drawing.plan import BUILDING_DEPTH_M, Facade
from data.drawing.raster import Quad
from data.drawing.seeds import Thing, generator
from data.drawing.surfaces import PX_PER_M, SURFACES, weather
from data.drawing.texture import Texture
from data.drawing.windows import draw_window

SPRAY = ((214, 40, 120), (40, 160, 220), (250, 220, 60), (30, 30, 34), (240, 240, 240), (80, 190, 90))


def build_front(seed: int, facade: Facade) -> list[Quad]:
    """Return the front of one building and all that sticks out of it."""
    rng = generator(Thing.FACADE, seed, facade.number)
    tint = _tint(rng, facade)
    columns = _columns(rng, facade)
    oriels = [index for index in range(len(columns)) if rng.random() < facade.style.oriels]
    front = _front_texture(rng, facade, tint, columns)
    top = facade.height_m
    quads = [
        Quad(
            facade.point(0, 0, top),
            facade.point(facade.width_m, 0, top) - facade.point(0, 0, top),
            np.array([0.0, 0.0, -top]),
            front,
            facade.number,
        )
    ]
    quads += reliefs.cornice(facade)
    quads += [q for index in oriels for q in reliefs.oriel(rng, facade, tint, columns[index])]
    free = [x for index, x in enumerate(columns) if index not in oriels]
    quads += reliefs.balconies(rng, facade, free)
    if facade.ground == "shop":
        quads += reliefs.awnings(rng, facade) + reliefs.blade_sign(rng, facade)
    return quads


def build_walls(seed: int, facade: Facade) -> list[Quad]:
    """Return the bare sides and the back of one building, seen where the neighbours are lower."""
    if facade.depth_m == 0:
        return []
    rng = generator(Thing.FACADE, seed, facade.number)
    grey = 0.55 * _tint(rng, facade) + 0.45 * np.array([150.0, 146.0, 138.0])
    rows, columns = (round(m * PX_PER_M / 2) for m in (facade.height_m, BUILDING_DEPTH_M))
    name = "siding" if facade.style.surface == "siding" else "plaster"
    wall = weather(rng, SURFACES[name](rng, rows, columns, grey))
    texture = Texture(np.clip(wall, 0, 255).astype(np.uint8))
    width, depth = facade.width_m, facade.depth_m
    feet = [((width, -depth), (0.0, -depth))]
    if facade.blank_left:
        feet.append(((0.0, -depth), (0.0, 0.0)))
    if facade.blank_right:
        feet.append(((width, 0.0), (width, -depth)))
    down = np.array([0.0, 0.0, -facade.height_m])
    quads = []
    for (left, left_out), (right, right_out) in feet:
        corner = facade.point(left, left_out, facade.height_m)
        quads.append(Quad(corner, facade.point(right, right_out, facade.height_m) - corner, down, texture))
    return quads


def _tint(rng: np.random.Generator, facade: Facade) -> np.ndarray:
    """Return this building's own shade of its style's wall colour."""
    return np.clip(np.array(facade.style.wall) * rng.uniform(0.93, 1.07) * rng.normal(1, 0.02, 3), 20, 250)


def _columns(rng: np.random.Generator, facade: Facade) -> list[float]:
    """Return the middles of the columns of windows, in metres from the left end."""
    count = max(1, int((facade.width_m - 0.9) // facade.style.bay_m))
    middle = facade.width_m / 2 + rng.uniform(-0.2, 0.2)
    columns = [middle + (index - (count - 1) / 2) * facade.style.bay_m for index in range(count)]
    if count > 2 and rng.random() < 0.25:
        columns.pop(int(rng.integers(count)))
    return columns


def _front_texture(
    rng: np.random.Generator, facade: Facade, tint: np.ndarray, columns: list[float]
) -> Texture:
    style = facade.style
    canvas = Canvas(facade.width_m, facade.height_m)
    wall = SURFACES[style.surface](rng, canvas.rows, canvas.columns, tint)
    canvas.colour[:] = weather(rng, wall)
    _draw_courses(canvas, facade)
    for storey, x in product(range(facade.storeys), columns):
        foot = style.ground_m + storey * style.storey_m + 0.75
        left = x - style.window_width_m / 2
        draw_window(canvas, rng, style, left, foot, style.window_width_m, style.window_height_m)
        _draw_extra(canvas, rng, left, foot, style.window_width_m)
    if facade.ground == "shop":
        draw_shop(canvas, rng, style.ground_m)
    else:
        draw_entrance(canvas, rng, style, style.ground_m, garage=facade.ground == "garage")
    _draw_pipe(canvas, rng)
    if rng.random() < 0.15:
        _draw_graffiti(canvas, rng)
    return canvas.finish()


def _draw_courses(canvas: Canvas, facade: Facade) -> None:
    """Draw the band above the ground floor and the shade below the cornice."""
    style = facade.style
    canvas.box(0, style.ground_m - 0.1, canvas.width_m, 0.28, style.trim)
    canvas.mark_corners(0, style.ground_m - 0.1, canvas.width_m, 0.28)
    canvas.shade(0, style.ground_m - 0.2, canvas.width_m, 0.1, 0.6)
    top = facade.height_m - style.cornice_m
    canvas.box(0, top, canvas.width_m, style.cornice_m, np.array(style.trim) * 0.95)
    canvas.shade(0, top - 0.35, canvas.width_m, 0.35, 0.68)


def _draw_extra(canvas: Canvas, rng: np.random.Generator, x: float, z: float, width: float) -> None:
    """Draw what one tenant has put at the window: a cooler, flowers, or nothing."""
    kind = rng.random()
    if kind < 0.08:
        canvas.box(x + 0.1, z, 0.62, 0.42, (196, 194, 188))
        for slit in range(4):
            canvas.shade(x + 0.15, z + 0.06 + slit * 0.08, 0.5, 0.03, 0.6)
        canvas.shade(x + 0.1, z - 0.9, 0.62, 0.8, 0.88)
    elif kind < 0.2:
        canvas.box(x, z - 0.05, width, 0.22, (112, 70, 48))
        for _ in range(14):
            bloom = rng.choice([(196, 40, 60), (70, 120, 50), (90, 140, 60), (230, 190, 60), (220, 120, 160)])
            canvas.box(x + rng.uniform(0, width - 0.1), z + rng.uniform(0.12, 0.32), 0.1, 0.1, bloom)


def _draw_pipe(canvas: Canvas, rng: np.random.Generator) -> None:
    x = 0.12 if rng.random() < 0.5 else canvas.width_m - 0.24
    canvas.shade(x + 0.1, 0, 0.08, canvas.height_m - 0.5, 0.7)
    canvas.box(x, 0, 0.1, canvas.height_m - 0.5, np.full(3, rng.uniform(70, 150)))


def _draw_graffiti(canvas: Canvas, rng: np.random.Generator) -> None:
    """Spray a tag on the foot of the wall."""
    ink = np.array(SPRAY[rng.integers(len(SPRAY))], float)
    x = rng.uniform(0.2, max(0.3, canvas.width_m - 2.0))
    steps = np.cumsum(rng.uniform(0.05, 0.22, 9))
    heights = 1.0 + rng.uniform(-0.45, 0.45, 9)
    canvas.line(list(zip(x + steps, heights, strict=True)), ink, 0.07)
