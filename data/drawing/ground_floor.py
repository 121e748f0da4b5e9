"""Ground floors: shop fronts with their signs, house doors with steps, garages."""

import numpy as np

from data.drawing.canvas import Canvas
from data.drawing.lettering import sign_picture
from data.drawing.noise import smooth_noise
from data.drawing.styles import Style
from data.drawing.surfaces import PX_PER_M
from data.drawing.windows import draw_window

DOORS = ((92, 42, 34), (30, 58, 52), (36, 44, 74), (124, 92, 58), (40, 40, 42), (138, 120, 96), (150, 36, 40))
FASCIA_M = 0.8
DOOR_M = 1.1
GARAGE_M = 3.3  # with the wall beside it


def draw_shop(canvas: Canvas, rng: np.random.Generator, height: float) -> None:
    """Draw a shop along the foot of a facade: panes with goods, a door, a sign above."""
    width = canvas.width_m - 0.7
    frame = np.array(DOORS[rng.integers(len(DOORS))], float) * rng.uniform(0.8, 1.2)
    canvas.box(0.3, 0.0, width + 0.1, height - 0.15, frame)
    top = height - 0.3 - FASCIA_M
    _draw_sign(canvas, rng, 0.3, top + 0.06, width + 0.1)
    door_at = rng.uniform(0.4, width - DOOR_M)
    riser = rng.uniform(0.25, 0.7)
    edges = [0.45, door_at, door_at + DOOR_M, width + 0.25]
    for left, right in ((edges[0], edges[1]), (edges[2], edges[3])):
        pane_count = max(1, round((right - left) / rng.uniform(1.6, 2.8)))
        for index in range(pane_count):
            start = left + (right - left) * index / pane_count
            _draw_display(canvas, rng, start, riser, (right - left) / pane_count - 0.08, top - riser)
    _draw_display(canvas, rng, door_at + 0.12, 0.35, DOOR_M - 0.24, 1.85)
    canvas.box(door_at + 0.16, 1.0, 0.06, 0.35, (214, 204, 180))


def draw_entrance(
    canvas: Canvas, rng: np.random.Generator, style: Style, height: float, *, garage: bool
) -> None:
    """Draw a house's foot: a door with steps and a fanlight, windows, perhaps a garage."""
    canvas.shade(0.0, 0.0, canvas.width_m, 0.55, 0.78)
    canvas.box(0.0, height - 0.22, canvas.width_m, 0.14, style.trim)
    left, free = 0.6, canvas.width_m - 1.2
    if garage and free > GARAGE_M + 1.5:
        free -= GARAGE_M
        at_left = bool(rng.random() < 0.5)
        _draw_garage(canvas, rng, left if at_left else left + free + 0.4)
        left += GARAGE_M * at_left
    slots = max(1, int(free // 2.0))
    door_slot = int(rng.integers(slots))
    for slot in range(slots):
        x = left + free * (slot + 0.5) / slots
        if slot == door_slot:
            _draw_door(canvas, rng, style, x - DOOR_M / 2)
        else:
            draw_window(canvas, rng, style, x - 0.5, 1.15, 1.0, min(1.7, height - 1.9))


def _draw_sign(canvas: Canvas, rng: np.random.Generator, x: float, z: float, width: float) -> None:
    share = 1.0 if rng.random() < 0.6 else rng.uniform(0.55, 0.9)
    left = x + (1 - share) * width * rng.random()
    size = (round(FASCIA_M * PX_PER_M), round(share * width * PX_PER_M))
    sign = sign_picture(rng, *size, upright=False)
    canvas.lay(left, z, share * width, FASCIA_M, sign)
    canvas.shine(left, z, share * width, FASCIA_M, sign * rng.choice([0.25, 0.8]))
    canvas.mark_pane(left, z, share * width, FASCIA_M)
    canvas.mark_corners(left, z, share * width, FASCIA_M)
    canvas.shade(x, z - 0.1, width, 0.1, 0.5)


def _draw_display(
    canvas: Canvas, rng: np.random.Generator, x: float, z: float, width: float, height: float
) -> None:
    """Draw a pane with goods behind it."""
    rows, columns = (max(4, round(m * PX_PER_M)) for m in (height, width))
    if width < 0.3:
        return
    mirror = np.clip(np.linspace(0.9, 0.1, rows)[:, None] + 0.4 * smooth_noise(rng, rows, columns, 22), 0, 1)
    glass = mirror[..., None] * np.array([96, 112, 126]) + (1 - mirror)[..., None] * np.array([40, 38, 36])
    light = np.empty((rows, columns, 3))
    light[:] = np.array([255, 226, 178]) * rng.uniform(0.45, 0.8) * np.linspace(1.0, 0.6, rows)[:, None, None]
    for shelf in np.arange(rng.uniform(0.25, 0.5), 1.0, rng.uniform(0.25, 0.4)):
        at = 0.0
        while at < 0.95:
            wide, tall = rng.uniform(0.05, 0.22), rng.uniform(0.08, 0.22)
            top, foot = (round(max(0.0, v) * rows) for v in (shelf - tall, shelf))
            left, right = round(at * columns), round((at + wide) * columns)
            goods = 0.5 * rng.uniform(30, 235, 3) + 0.5 * rng.uniform(30, 225)
            glass[top:foot, left:right] = 0.6 * goods
            light[top:foot, left:right] *= goods / 255
            at += wide + rng.uniform(0.01, 0.12)
    canvas.lay(x, z, width, height, glass)
    canvas.shine(x, z, width, height, light)
    canvas.shade(x, z + height - 0.08, width, 0.08, 0.4)
    canvas.mark_pane(x, z, width, height)
    canvas.mark_corners(x, z, width, height)


def _draw_door(canvas: Canvas, rng: np.random.Generator, style: Style, x: float) -> None:
    leaf = np.array(DOORS[rng.integers(len(DOORS))]) * rng.uniform(0.8, 1.25)
    canvas.box(x - 0.18, 0.0, DOOR_M + 0.36, 3.0, style.trim)
    canvas.box(x, 0.3, DOOR_M, 2.15, leaf)
    canvas.shade(x, 2.33, DOOR_M, 0.12, 0.45)
    for row in range(3):
        for column in range(2):
            canvas.shade(x + 0.12 + column * 0.48, 0.45 + row * 0.66, 0.38, 0.5, rng.choice([0.72, 0.8]))
    fan = np.array([255, 208, 140], np.float32).reshape(1, 1, 3)
    canvas.box(x, 2.5, DOOR_M, 0.4, (88, 98, 106))
    canvas.shine(x, 2.5, DOOR_M, 0.4, fan)
    canvas.mark_pane(x, 2.5, DOOR_M, 0.4)
    canvas.box(x - 0.3, 0.0, DOOR_M + 0.6, 0.15, (152, 148, 142))
    canvas.box(x - 0.15, 0.15, DOOR_M + 0.3, 0.15, (168, 164, 158))
    canvas.mark_corners(x, 0.3, DOOR_M, 2.6)


def _draw_garage(canvas: Canvas, rng: np.random.Generator, x: float) -> None:
    colour = np.array(DOORS[rng.integers(len(DOORS))]) * 0.5 + rng.uniform(60, 130)
    canvas.box(x - 0.12, 0.0, 2.94, 2.62, (206, 200, 188))
    canvas.box(x, 0.0, 2.7, 2.5, colour)
    for row in range(5):
        canvas.shade(x, 0.5 * row, 2.7, 0.05, 0.6)
    if rng.random() < 0.5:
        for column in range(4):
            canvas.box(x + 0.15 + column * 0.65, 2.05, 0.45, 0.32, (62, 72, 82))
    canvas.shade(x, 2.38, 2.7, 0.12, 0.5)
    canvas.mark_corners(x, 0.0, 2.7, 2.5)
