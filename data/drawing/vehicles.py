"""Cars and vans: a side view pushed out to the vehicle's width."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from data.drawing.canvas import Canvas
from data.drawing.lettering import sign_picture
from data.drawing.raster import Quad
from data.drawing.seeds import Thing, generator
from data.drawing.texture import Texture

KINDS = ("car", "van")
MODELS = 24  # of each kind
PAINTS = (
    (236, 236, 232), (28, 28, 30), (146, 150, 154), (92, 96, 100), (150, 28, 30), (28, 56, 112), (40, 78, 60),
    (196, 186, 160), (212, 160, 40), (90, 124, 160), (70, 30, 34), (222, 224, 228),
)  # fmt: skip
GLASS = np.array([44.0, 52.0, 60.0])
# Side views, nose at the left: (along, up) in metres from the front foot, over the roof to the rear.
SEDAN = ((0.0, 0.28), (0.03, 0.7), (1.15, 0.9), (1.9, 1.4), (3.0, 1.43), (3.75, 1.0), (4.4, 0.9), (4.4, 0.3))
HATCH = ((0.0, 0.28), (0.03, 0.72), (0.95, 0.95), (1.5, 1.48), (3.2, 1.5), (3.8, 1.0), (3.9, 0.9), (3.9, 0.3))
SUV = ((0.0, 0.36), (0.03, 0.9), (1.15, 1.06), (1.7, 1.7), (3.9, 1.74), (4.4, 1.1), (4.5, 1.0), (4.5, 0.4))
VAN = ((0.0, 0.3), (0.0, 1.0), (0.8, 1.2), (1.4, 2.2), (2.2, 2.35), (5.3, 2.35), (5.35, 2.2), (5.35, 0.4))
WIDTHS_M = {"car": 1.78, "van": 2.0}


@dataclass(frozen=True, eq=False)
class Vehicle:
    """A vehicle's textures. strips: one for each piece of the outline, from the nose over the roof."""

    outline: tuple[tuple[float, float], ...]
    width_m: float
    left: Texture
    right: Texture
    strips: tuple[Texture, ...]

    @property
    def length_m(self) -> float:
        """Return the length from nose to tail."""
        return self.outline[-1][0]

    @property
    def height_m(self) -> float:
        """Return the height of the roof."""
        return max(up for _, up in self.outline)


def park(vehicle: Vehicle, x: float, y: float, heading_deg: float) -> list[Quad]:
    """Return the flat parts of a vehicle that stands with its middle at (x, y)."""
    turn = np.radians(heading_deg)
    ahead = np.array([np.sin(turn), np.cos(turn), 0.0])
    left = np.array([-np.cos(turn), np.sin(turn), 0.0])
    middle = np.array([x, y, 0.0]) + ahead * vehicle.length_m / 2
    up = np.array([0.0, 0.0, 1.0])
    half, tall, length = vehicle.width_m / 2, vehicle.height_m, vehicle.length_m
    back = -ahead * length
    nose_top = middle + up * tall
    quads = [
        Quad(nose_top + left * half, back, -up * tall, vehicle.left),
        Quad(nose_top - left * half + back, -back, -up * tall, vehicle.right),
        Quad(middle + left * half + up * 0.02, -2 * half * left, back, _shadow()),
    ]
    for (start, end), strip in zip(pairwise(vehicle.outline), vehicle.strips, strict=True):
        near, far = (middle - ahead * along + up * height for along, height in (start, end))
        quads.append(Quad(far + half * left, -2 * half * left, near - far, strip, two_sided=True))
    return quads


@lru_cache(maxsize=2 * MODELS)
def make_vehicle(kind: str, number: int) -> Vehicle:
    """Return one of the `MODELS` vehicles of a kind, "car" or "van"."""
    rng = generator(Thing.VEHICLE, KINDS.index(kind), number)
    outline = VAN if kind == "van" else (SEDAN, HATCH, SUV)[rng.integers(3)]
    paint = np.clip(np.array(PAINTS[rng.integers(len(PAINTS))]) * rng.uniform(0.85, 1.1), 8, 245)
    left = _side(outline, paint, kind)
    right = _side(outline, paint, kind)
    right.colour, right.opacity = right.colour[:, ::-1].copy(), right.opacity[:, ::-1].copy()
    if kind == "van" and rng.random() < 0.7:
        sign = sign_picture(rng, 36, 96, upright=False)
        left.lay(2.3, 1.15, 2.4, 0.9, sign)
        right.lay(left.width_m - 4.7, 1.15, 2.4, 0.9, sign)
    width = WIDTHS_M[kind]
    return Vehicle(outline, width, left.finish(), right.finish(), _strips(kind, paint, width))


def _side(outline: tuple[tuple[float, float], ...], paint: np.ndarray, kind: str) -> Canvas:
    """Draw the left side, nose at the left."""
    length, height = outline[-1][0], max(up for _, up in outline)
    canvas = Canvas(length, height, paint)
    canvas.cut_out()
    canvas.polygon(outline, paint)
    canvas.line(outline, paint, 0.06)  # no gap between the side and what joins it
    fall = np.linspace(1.12, 0.62, canvas.rows)[:, None, None]
    canvas.colour *= fall
    canvas.line([(0.1, 0.62), (length - 0.1, 0.66)], paint * 0.6, 0.03)
    canvas.polygon(_window_line(outline, kind), GLASS)
    for x in np.linspace(outline[3][0], 0.75 * length, 3).tolist():
        roof = float(np.interp(x, *np.transpose(outline)))
        canvas.line([(x, 0.35), (x, roof - 0.05)], paint * 0.6, 0.03)
    for x in (0.19 * length, 0.8 * length):
        _draw_wheel(canvas, x)
    return canvas


def _window_line(outline: tuple[tuple[float, float], ...], kind: str) -> list[tuple[float, float]]:
    (hood, sill), (front, roof) = outline[2], outline[3]
    if kind == "van":
        return [(hood + 0.25, sill + 0.1), (front + 0.1, roof - 0.15), (2.1, roof - 0.1), (2.1, sill + 0.1)]
    rear, end = outline[4], outline[5]
    return [
        (hood + 0.2, sill + 0.03),
        (front + 0.1, roof - 0.1),
        (rear[0], rear[1] - 0.1),
        (end[0] - 0.25, sill + 0.05),
    ]


def _draw_wheel(canvas: Canvas, x: float) -> None:
    turns = np.linspace(0, 2 * np.pi, 20)
    for radius, grey in ((0.37, 10), (0.32, 26), (0.19, 150), (0.07, 60)):
        circle = [(x + radius * np.cos(turn), 0.32 + radius * np.sin(turn)) for turn in turns]
        canvas.polygon(circle, (grey, grey, grey + 2))


def _strips(kind: str, paint: np.ndarray, width: float) -> tuple[Texture, ...]:
    """Return nose, bonnet, windscreen, roof, rear window, boot and tail, each with its far end on top."""
    nose, tail = Canvas(width, 0.7, paint * 0.8), Canvas(width, 0.7, paint * 0.75)
    nose.box(0.4, 0.15, width - 0.8, 0.25, (24, 24, 26))
    tail.box(0.6, 0.2, width - 1.2, 0.16, (206, 206, 200))
    for x in (0.08, width - 0.36):
        nose.box(x, 0.35, 0.28, 0.2, (226, 228, 222))
        nose.shine(x, 0.35, 0.28, 0.2, np.full((1, 1, 3), 90.0))
        tail.box(x, 0.3, 0.28, 0.24, (150, 22, 20))
        tail.shine(x, 0.3, 0.28, 0.24, np.array([[[150.0, 10.0, 8.0]]]))
    screen = Canvas(width, 0.7, paint * 0.9)
    screen.box(0.12, 0.08, width - 0.24, 0.56, GLASS * 1.3)
    plain = Canvas(width, 0.7, paint * 1.05).finish()
    window = screen.finish()
    behind = plain if kind == "van" else window
    return nose.finish(), plain, window, plain, behind, plain, tail.finish()


@lru_cache(maxsize=1)
def _shadow() -> Texture:
    return Texture(np.full((4, 4, 3), 16, np.uint8))
