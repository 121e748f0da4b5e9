"""Windows: frames that a style shares, and behind each pane its own curtains, blinds and lamps."""

import cv2
import numpy as np

from data.drawing.canvas import Canvas
from data.drawing.noise import smooth_noise
from data.drawing.styles import Style
from data.drawing.surfaces import PX_PER_M

LAMPLIGHT = np.array([(255, 196, 116), (255, 214, 150), (255, 176, 92), (226, 232, 255)], np.float32)
FABRICS = np.array([(226, 220, 206), (188, 172, 150), (160, 78, 70), (92, 112, 130), (214, 196, 140)])
REVEAL_PX = 3


def draw_window(
    canvas: Canvas, rng: np.random.Generator, style: Style, x: float, z: float, width: float, height: float
) -> None:
    """Draw one window with its lower left corner at (x, z) metres, lit or dark by itself at night."""
    _draw_surround(canvas, style, x, z, width, height)
    rows, columns = canvas.slices(x, z, width, height)
    size = (rows.stop - rows.start, columns.stop - columns.start)
    if min(size) < 8:
        return
    glass, light = _interior(rng, *size)
    bars = _bars(style.window, *size)
    hole = _opening(style.window, *size)
    picture = np.where(bars[..., None], style.frame, glass)
    picture[:REVEAL_PX] *= 0.45
    picture[:, :2] *= 0.6
    canvas.colour[rows, columns][hole] = picture[hole]
    canvas.glow[rows, columns][hole] = np.where(bars[..., None], 0.12 * light, light)[hole]
    canvas.mark_pane(x, z, width, height)
    canvas.mark_corners(x, z, width, height)
    if style.window == "shutters":
        _draw_shutters(canvas, style, x, z, width, height)


def _interior(rng: np.random.Generator, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what is behind a pane: by day in the reflection of the sky, and by lamplight."""
    fall = np.linspace(1.0, 0.0, height)[:, None]
    mirror = np.clip(fall + 0.35 * smooth_noise(rng, height, width, 14), 0, 1)[..., None]
    glass = mirror * np.array([112, 132, 152]) + (1 - mirror) * np.array([34, 40, 48])
    lamp = LAMPLIGHT[rng.integers(len(LAMPLIGHT))] * rng.uniform(0.55, 1.0)
    glow_x, glow_y = rng.uniform(0.2, 0.8) * width, rng.uniform(0.1, 0.5) * height
    row, column = np.mgrid[:height, :width]
    distance = np.hypot(row - glow_y, column - glow_x) / height
    light = (0.35 + 0.65 * np.exp(-3.5 * distance**2))[..., None] * lamp
    cover = _cover(rng, height, width)
    fabric = FABRICS[rng.integers(len(FABRICS))] * rng.uniform(0.75, 1.0)
    folds = 1 + 0.12 * np.sin(np.arange(width) * rng.uniform(0.6, 1.1))[None, :, None]
    glass = np.where(cover[..., None], 0.8 * fabric * folds, glass)
    light = np.where(cover[..., None], light * 0.55 * folds * fabric / 255, light)
    return glass, _furnish(rng, light)


def _cover(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Return (height, width) bool: where a blind or a curtain hangs."""
    cover = np.zeros((height, width), bool)
    kind = rng.choice(["none", "blind", "curtains", "one side", "lower half"], p=[0.3, 0.25, 0.2, 0.15, 0.1])
    if kind == "blind":
        cover[: round(height * rng.uniform(0.15, 0.95))] = True
    elif kind == "curtains":
        side = round(width * rng.uniform(0.15, 0.35))
        cover[:, :side] = cover[:, width - side :] = True
    elif kind == "one side":
        side = round(width * rng.uniform(0.25, 0.6))
        cover[:, slice(0, side) if rng.random() < 0.5 else slice(width - side, width)] = True
    elif kind == "lower half":
        cover[height // 2 :] = True
    return cover


def _furnish(rng: np.random.Generator, light: np.ndarray) -> np.ndarray:
    """Return a lit room with the dark outline of what stands at the window."""
    height, width = light.shape[:2]
    for _ in range(int(rng.integers(0, 3))):
        left, wide = rng.uniform(0, 0.8) * width, rng.uniform(0.1, 0.3) * width
        top = height * rng.uniform(0.55, 0.85)
        light[round(top) :, round(left) : round(left + wide)] *= 0.35
    return light


def _bars(kind: str, height: int, width: int) -> np.ndarray:
    """Return (height, width) bool: where the frame is."""
    bars = np.zeros((height, width), bool)
    edge = max(2, round(0.07 * PX_PER_M))
    bars[:edge] = bars[-edge:] = bars[:, :edge] = bars[:, -edge:] = True
    upright = {"sash": 1, "cross": 2, "arched": 2, "french": 2, "wide": 3, "shutters": 2}[kind]
    level = {"sash": 2, "cross": 3, "arched": 2, "french": 4, "wide": 1, "shutters": 3}[kind]
    for index in range(1, upright):
        middle = round(width * index / upright)
        bars[:, middle - 1 : middle + 1] = True
    for index in range(1, level):
        middle = round(height * index / level)
        bars[middle - 1 : middle + 1] = True
    return bars


def _opening(kind: str, height: int, width: int) -> np.ndarray:
    """Return (height, width) bool: the hole in the wall, which is round above where it is arched."""
    if kind != "arched":
        return np.ones((height, width), bool)
    hole = np.zeros((height, width), np.uint8)
    rise = round(width * 0.45)
    cv2.ellipse(hole, (width // 2, rise), (width // 2, rise), 0, 180, 360, 1, -1)
    hole[rise:] = 1
    return hole.astype(bool)


def _draw_surround(canvas: Canvas, style: Style, x: float, z: float, width: float, height: float) -> None:
    trim = np.array(style.trim)
    if style.surround == "frame" and style.window != "shutters":
        canvas.box(x - 0.14, z - 0.1, width + 0.28, height + 0.24, trim)
    if style.surround in ("lintel", "pediment") and style.window != "arched":
        canvas.box(x - 0.16, z + height, width + 0.32, 0.22, trim)
        canvas.shade(x - 0.16, z + height, width + 0.32, 0.05, 0.6)
    if style.surround == "pediment" and style.window != "arched":
        roof = [(x - 0.2, z + height + 0.22), (x + width + 0.2, z + height + 0.22)]
        canvas.polygon([*roof, (x + width / 2, z + height + 0.55)], trim * 0.92)
    canvas.box(x - 0.12, z - 0.13, width + 0.24, 0.13, trim)
    canvas.shade(x - 0.12, z - 0.24, width + 0.24, 0.11, 0.66)


def _draw_shutters(canvas: Canvas, style: Style, x: float, z: float, width: float, height: float) -> None:
    leaf = 0.42 * width
    for left in (x - leaf - 0.03, x + width + 0.03):
        canvas.box(left, z, leaf, height, np.array(style.frame) * 0.85)
        canvas.mark_corners(left, z, leaf, height)
        for slat in np.arange(z + 0.1, z + height - 0.1, 0.15):
            canvas.shade(left + 0.06, float(slat), leaf - 0.12, 0.05, 0.7)
