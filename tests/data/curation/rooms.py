"""Drawn rooms: indoor photos, lit by lamps or by a window, for what sorting must put aside."""

import cv2
import numpy as np


def draw_room(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Return a photo of a room, uint8 RGB: walls, ceiling, floor, a lamp, pictures, furniture."""
    back = np.array([0.25, 0.22, 0.78, 0.68]) + rng.uniform(-0.08, 0.08, 4)
    left, top, right, bottom = (back * (width, height, width, height)).round().astype(int)
    wall = rng.uniform(0.45, 0.85) * np.array([1.0, rng.uniform(0.85, 1.0), rng.uniform(0.65, 0.95)])
    canvas = np.zeros((height, width, 3), np.float32)
    corners = {
        "ceiling": ([(0, 0), (width, 0), (right, top), (left, top)], np.array([0.9, 0.88, 0.84])),
        "left": ([(0, 0), (left, top), (left, bottom), (0, height)], wall * 0.85),
        "right": ([(width, 0), (right, top), (right, bottom), (width, height)], wall * 0.8),
        "floor": (
            [(0, height), (width, height), (right, bottom), (left, bottom)],
            np.array([0.45, 0.32, 0.2]),
        ),
        "back": ([(left, top), (right, top), (right, bottom), (left, bottom)], wall),
    }
    for polygon, colour in corners.values():
        cv2.fillPoly(canvas, [np.array(polygon, np.int32)], colour.tolist())
    _furnish(canvas, rng, (left, top, right, bottom))
    return _lit(canvas, rng)


def _furnish(canvas: np.ndarray, rng: np.random.Generator, back: tuple[int, int, int, int]) -> None:
    height, width = canvas.shape[:2]
    left, top, right, bottom = back
    for _ in range(rng.integers(2, 6)):
        x, y = rng.integers(left, right - 4), rng.integers(top, (top + bottom) // 2)
        size = rng.integers(4, max(5, (right - left) // 4), 2)
        cv2.rectangle(
            canvas,
            (int(x), int(y)),
            (int(x + size[0]), int(y + size[1])),
            rng.uniform(0.1, 0.9, 3).tolist(),
            -1,
        )
    for _ in range(rng.integers(2, 5)):
        x, wide = rng.integers(0, width), rng.integers(width // 8, width // 3)
        high = rng.integers(height // 6, height // 3)
        low = rng.integers(bottom, height)
        colour = rng.uniform(0.1, 0.6) * np.array([1.0, 0.75, 0.5])
        cv2.rectangle(canvas, (int(x), int(low - high)), (int(x + wide), int(low)), colour.tolist(), -1)


def _lit(canvas: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the room in lamplight: brightest near the lamp, warm, with a sensor's noise."""
    height, width = canvas.shape[:2]
    lamp = rng.uniform(0.2, 0.8) * width, rng.uniform(0.02, 0.3) * height
    y, x = np.mgrid[:height, :width].astype(np.float32)
    distance = np.hypot((x - lamp[0]) / width, (y - lamp[1]) / width)
    falling = rng.uniform(0.5, 1.1) * (0.45 + 0.75 * np.exp(-3 * distance))
    tint = np.array([1.1, 1.0, rng.uniform(0.65, 0.95)], np.float32)
    light = canvas * falling[..., None] * tint
    cv2.circle(light, (round(lamp[0]), round(lamp[1])), max(2, width // 25), (1.0, 0.97, 0.85), -1)
    light += rng.normal(0, rng.uniform(0.005, 0.02), light.shape)
    return (np.clip(light, 0, 1) * 255).astype(np.uint8)
