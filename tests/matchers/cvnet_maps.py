"""Made-up maps in the form that CVNet's half of a photo gives them."""

from dataclasses import replace

import numpy as np

from extractors import Features
from extractors.cvnet_network import level_size
from networks.cvnet import CHANNELS, LEVELS


def photo(seed: int, grid: tuple[int, int] = (13, 17), like: Features | None = None) -> Features:
    """Return random unit maps of a photo with a grid (h, w); `like`: a photo of that grid to resemble."""
    draw = np.random.default_rng(seed)
    dense = {}
    for name, share in LEVELS.items():
        maps = draw.standard_normal((*level_size(grid, share), CHANNELS)) / CHANNELS**0.5
        maps += 0 if like is None else like.dense[name]
        dense[name] = (maps / np.linalg.norm(maps, axis=2, keepdims=True)).astype(np.float32)
    whole = draw.standard_normal(16).astype(np.float32)
    return Features(
        (16 * grid[0] - 3, 16 * grid[1] - 8),
        global_descriptor=whole / np.linalg.norm(whole),
        dense=dense,
    )


def blank(grid: tuple[int, int] = (2, 3)) -> Features:
    """Return a photo whose positions all look alike."""
    photo_ = photo(0, grid)
    dense = {name: np.broadcast_to(maps[:1, :1], maps.shape).copy() for name, maps in photo_.dense.items()}
    return replace(photo_, dense=dense)


def empty() -> Features:
    """Return a photo whose maps are zero: it looks like nothing."""
    photo_ = photo(0, (1, 1))
    return replace(photo_, dense={name: np.zeros_like(maps) for name, maps in photo_.dense.items()})
