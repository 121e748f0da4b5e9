"""Architectural styles: what the facades of one builder have in common."""

from dataclasses import dataclass

import numpy as np

from data.drawing.seeds import Thing, generator

STYLE_COUNT = 7  # few, so that many facades are alike
Colour = tuple[float, float, float]
Palette = tuple[str, Colour, Colour, Colour]  # surface, and colours of the wall, the trim, the frames
PALETTES: tuple[Palette, ...] = (
    ("brick", (134, 68, 54), (206, 196, 176), (236, 232, 222)),
    ("brick", (164, 112, 78), (120, 62, 46), (52, 58, 50)),
    ("stone", (186, 176, 156), (206, 198, 182), (70, 64, 58)),
    ("plaster", (222, 206, 166), (240, 236, 224), (92, 62, 44)),
    ("plaster", (198, 132, 104), (234, 222, 202), (240, 238, 232)),
    ("siding", (128, 152, 172), (240, 240, 236), (234, 236, 238)),
    ("siding", (186, 188, 148), (246, 244, 232), (110, 52, 48)),
    ("plaster", (168, 184, 164), (228, 226, 212), (58, 74, 72)),
    ("panels", (150, 152, 154), (98, 100, 104), (48, 50, 54)),
    ("siding", (210, 164, 154), (250, 246, 240), (128, 70, 84)),
)
WINDOWS = ("sash", "cross", "arched", "french", "wide", "shutters")
SURROUNDS = ("plain", "lintel", "frame", "pediment")


@dataclass(frozen=True)
class Style:
    """What the facades of one style share; lengths in metres, colours RGB in 0..255.

    bay_m: from one window's middle to the next. oriels, balconies, shops: how often a facade has them.
    """

    surface: str
    wall: Colour
    trim: Colour
    frame: Colour
    window: str
    surround: str
    window_width_m: float
    window_height_m: float
    bay_m: float
    storey_m: float
    ground_m: float
    storeys: tuple[int, int]
    cornice_m: float
    oriels: float
    balconies: float
    shops: float


def make_styles(seed: int) -> tuple[Style, ...]:
    """Return the city's styles: some of the palettes, each with its own windows and proportions."""
    rng = generator(Thing.STYLES, seed)
    return tuple(_make_style(rng, PALETTES[index]) for index in rng.permutation(len(PALETTES))[:STYLE_COUNT])


def _make_style(rng: np.random.Generator, palette: Palette) -> Style:
    surface, wall, trim, frame = palette
    window = str(rng.choice(WINDOWS))
    wide = 1.5 if window == "wide" else 1.0
    width = rng.uniform(0.95, 1.25) * wide
    low = int(rng.integers(2, 4))
    return Style(
        surface=surface,
        wall=wall,
        trim=trim,
        frame=frame,
        window=window,
        surround=str(rng.choice(SURROUNDS)),
        window_width_m=width,
        window_height_m=rng.uniform(1.6, 2.0),
        bay_m=width + rng.uniform(0.8, 1.3),
        storey_m=rng.uniform(3.0, 3.5),
        ground_m=rng.uniform(3.6, 4.4),
        storeys=(low, low + int(rng.integers(1, 4))),
        cornice_m=rng.uniform(0.5, 1.0),
        oriels=float(rng.choice([0.0, 0.15, 0.6])),
        balconies=float(rng.choice([0.0, 0.2, 0.5])),
        shops=rng.uniform(0.35, 0.75),
    )
