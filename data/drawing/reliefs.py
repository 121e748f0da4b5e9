"""What sticks out of a facade: cornices, oriels, balconies, awnings and hanging signs."""

import numpy as np

from data.drawing.canvas import Canvas
from data.drawing.lettering import INKS, sign_picture
from data.drawing.plan import Facade
from data.drawing.raster import Quad
from data.drawing.surfaces import PX_PER_M, SURFACES
from data.drawing.texture import Texture
from data.drawing.windows import draw_window

Point = tuple[float, float, float]  # across, out, up: metres from the facade's left foot
ORIEL_OUT_M = 0.8
BALCONY_OUT_M = 0.95
AWNING_OUT_M, VALANCE_M = 1.3, 0.28


def cornice(facade: Facade) -> list[Quad]:
    """Return the ledge at the top: its face with dentils, its underside, its two ends."""
    style = facade.style
    out, height, top = 0.3 + 0.25 * style.cornice_m, 0.55 * style.cornice_m, facade.height_m + 0.05
    face = Canvas(facade.width_m, height, style.trim)
    face.shade(0, 0, facade.width_m, 0.35 * height, 0.8)
    for x in np.arange(0.1, facade.width_m, 0.4):
        face.shade(float(x), 0.0, 0.18, 0.35 * height, 0.6)
    foot, width = top - height, facade.width_m
    dark = _plain(np.array(style.trim) * 0.5)
    return [
        _panel(facade, (0, out, top), (width, out, top), (0, out, foot), face.finish()),
        _panel(facade, (0, 0, foot), (width, 0, foot), (0, out, foot), dark),
        _panel(facade, (0, 0, top), (0, out, top), (0, 0, foot), dark),
        _panel(facade, (width, 0, top), (width, out, top), (width, 0, foot), dark),
    ]


def oriel(rng: np.random.Generator, facade: Facade, tint: np.ndarray, middle: float) -> list[Quad]:
    """Return a bay window of all upper storeys with slanted sides."""
    style = facade.style
    foot, top = style.ground_m + 0.3, facade.height_m - style.cornice_m - 0.1
    half, slant, out = style.window_width_m / 2 + 0.25, 0.55, ORIEL_OUT_M
    left, right = middle - half, middle + half
    front = _oriel_wall(rng, facade, tint, 2 * half, top - foot, style.window_width_m)
    side = _oriel_wall(rng, facade, tint * 0.96, float(np.hypot(slant, out)), top - foot, 0.5)
    return [
        _panel(facade, (left, out, top), (right, out, top), (left, out, foot), front, facade.number),
        _panel(
            facade, (left - slant, 0, top), (left, out, top), (left - slant, 0, foot), side, facade.number
        ),
        _panel(facade, (right, out, top), (right + slant, 0, top), (right, out, foot), side, facade.number),
        _panel(facade, (left, 0, foot), (right, 0, foot), (left, out, foot), _plain(tint * 0.4)),
    ]


def balconies(rng: np.random.Generator, facade: Facade, columns: list[float]) -> list[Quad]:
    """Return the balconies: slabs with railings before some of the upper windows."""
    style = facade.style
    railing = _railing(rng, np.array(style.frame) * 0.7, style.window_width_m + 0.7)
    slab = _plain(np.array(style.trim) * 0.85)
    quads = []
    for storey in range(1, facade.storeys):
        for middle in columns:
            if rng.random() < style.balconies:
                foot = style.ground_m + storey * style.storey_m + 0.45
                quads += _balcony(facade, middle, foot, style.window_width_m / 2 + 0.35, railing, slab)
    return quads


def awnings(rng: np.random.Generator, facade: Facade) -> list[Quad]:
    """Return a striped or plain awning over a part of a shop front, or none."""
    if rng.random() < 0.4:
        return []
    width = facade.width_m * rng.uniform(0.35, 0.9)
    left = rng.uniform(0.2, facade.width_m - width - 0.1)
    top = facade.style.ground_m - 1.05
    foot, out = top - rng.uniform(0.6, 0.9), AWNING_OUT_M
    cloth, valance = _awning_cloth(rng, width)
    return [
        _panel(facade, (left, 0.02, top), (left + width, 0.02, top), (left, out, foot), cloth),
        _panel(facade, (left, out, foot), (left + width, out, foot), (left, out, foot - VALANCE_M), valance),
    ]


def blade_sign(rng: np.random.Generator, facade: Facade) -> list[Quad]:
    """Return a sign that hangs over the pavement, legible from both sides, or none."""
    if rng.random() < 0.45:
        return []
    upright = bool(rng.random() < 0.4)
    width, height = (0.75, rng.uniform(1.8, 3.0)) if upright else (rng.uniform(1.0, 1.4), 0.7)
    x, foot = rng.uniform(0.5, facade.width_m - 0.5), facade.style.ground_m + rng.uniform(0.0, 0.5)
    rows, columns = round(height * PX_PER_M), round(width * PX_PER_M)
    picture = np.clip(sign_picture(rng, rows, columns, upright=upright), 0, 255).astype(np.uint8)
    texture = Texture(picture, glow=(picture * 0.7).astype(np.uint8))
    inner, outer, top = 0.2, 0.2 + width, foot + height
    quads = []
    for here, there, nudge in ((outer, inner, 0.04), (inner, outer, -0.04)):
        corner, right = facade.point(x + nudge, here, top), facade.point(x + nudge, there, top)
        below = facade.point(x + nudge, here, foot)
        quads.append(Quad(corner, right - corner, below - corner, texture))
    return quads


def _panel(facade: Facade, corner: Point, right: Point, foot: Point, texture: Texture, seed: int = 0) -> Quad:
    """Return a flat part from three of its corners: top left, top right, bottom left."""
    start, across, down = (facade.point(*point) for point in (corner, right, foot))
    return Quad(start, across - start, down - start, texture, seed, two_sided=True)


def _oriel_wall(
    rng: np.random.Generator, facade: Facade, tint: np.ndarray, width: float, height: float, window: float
) -> Texture:
    style = facade.style
    canvas = Canvas(width, height)
    paint = 0.5 * tint + 0.5 * np.array(style.trim)
    canvas.colour[:] = SURFACES["plaster"](rng, canvas.rows, canvas.columns, paint)
    for storey in range(facade.storeys):
        foot = storey * style.storey_m + 0.45
        canvas.box(0, foot - 0.4, width, 0.12, np.array(style.trim) * 0.9)
        draw_window(canvas, rng, style, (width - window) / 2, foot, window, style.window_height_m)
    return canvas.finish()


def _balcony(
    facade: Facade, middle: float, foot: float, half: float, railing: Texture, slab: Texture
) -> list[Quad]:
    left, right, out = middle - half, middle + half, BALCONY_OUT_M
    top, below = foot + 1.0, foot - 0.18
    return [
        _panel(facade, (left, out, top), (right, out, top), (left, out, foot), railing),
        _panel(facade, (left, 0, top), (left, out, top), (left, 0, foot), railing),
        _panel(facade, (right, 0, top), (right, out, top), (right, 0, foot), railing),
        _panel(facade, (left, out, foot), (right, out, foot), (left, out, below), slab),
        _panel(facade, (left, 0, foot), (left, out, foot), (left, 0, below), slab),
        _panel(facade, (right, 0, foot), (right, out, foot), (right, 0, below), slab),
        _panel(facade, (left, 0, below), (right, 0, below), (left, out, below), _plain(np.full(3, 70.0))),
    ]


def _railing(rng: np.random.Generator, colour: np.ndarray, width: float) -> Texture:
    canvas = Canvas(width, 1.0, colour)
    canvas.cut_out()
    for z in (0.0, 0.88, 0.5) if rng.random() < 0.4 else (0.0, 0.88):
        canvas.box(0.0, z, width, 0.12, colour)
    for x in np.arange(0.0, width, rng.uniform(0.14, 0.25)).tolist():
        canvas.box(x, 0.0, 0.06, 1.0, colour)
    return canvas.finish()


def _awning_cloth(rng: np.random.Generator, width: float) -> tuple[Texture, Texture]:
    """Return the cloth, and its scalloped edge that hangs down."""
    first = np.array(INKS[rng.integers(len(INKS))][0], float)
    second = np.array([238.0, 232.0, 218.0]) if rng.random() < 0.6 else first * 0.85
    stripe = rng.uniform(0.25, 0.5)
    cloth, valance = Canvas(width, 1.5, first), Canvas(width, VALANCE_M, first)
    valance.cut_out()
    for index, x in enumerate(np.arange(0, width, stripe).tolist()):
        colour = second if index % 2 else first
        cloth.box(x, 0, stripe, 1.5, colour)
        valance.box(x, 0.09, stripe, VALANCE_M, 0.92 * colour)
        valance.box(x + 0.25 * stripe, 0, 0.5 * stripe, 0.09, 0.92 * colour)
    return cloth.finish(), valance.finish()


def _plain(colour: np.ndarray) -> Texture:
    return Texture(np.full((4, 4, 3), np.clip(colour, 0, 255), np.uint8))
