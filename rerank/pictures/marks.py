"""How features are marked in photos: points that show on light and dark, and boxes of patches."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from extractors import Features
from rerank.plots.style import BLACK, YELLOW

BRIGHT = YELLOW  # with a black edge it shows on walls by day and on night skies, and in grey
CELL_PX = 16  # Patch-NetVLAD's patches are so many cells of this side
LEVEL_LINES = ("-", (0, (4, 1.5)), (0, (1, 1)))


def draw_points(axis: Axes, points: np.ndarray, *, area: float = 4.0, colour: str = BRIGHT) -> None:
    """Draw points (N, 2), x then y, with a dark edge. area: square typographic points."""
    axis.scatter(points[:, 0], points[:, 1], s=area, color=colour, edgecolor=BLACK, linewidth=0.35, zorder=4)


def draw_boxes(axis: Axes, centres: np.ndarray, sides: np.ndarray, levels: Iterable[int]) -> None:
    """Draw boxes of patches, each level with a line of its own.

    centres: (N, 2), x then y. sides: (N, 2), widths and heights.
    """
    for centre, side, level in zip(centres, sides, levels, strict=True):
        left, top = centre - side / 2
        box = Rectangle(
            (left, top), *side, fill=False, edgecolor=BRIGHT, linewidth=0.9, zorder=4,
            linestyle=LEVEL_LINES[level % len(LEVEL_LINES)], path_effects=[edge(1.9)],
        )  # fmt: skip
        axis.add_patch(box)


def edge(width_pt: float, opacity: float = 1.0) -> withStroke:
    """Return a dark edge for bright lines of less than that width."""
    return withStroke(linewidth=width_pt, foreground=BLACK, alpha=opacity)


def patch_sides(features: Features, settings: Mapping[str, Any]) -> np.ndarray | None:
    """Return the sides (L, 2), width and height in pixels of the photo, of the patches of each level.

    None for features that are not patches. settings: of the extractor that gave the features.
    """
    sizes = settings.get("patch_sizes")
    if sizes is None or features.levels is None:
        return None
    frame = features.frame_size or features.image_size
    ratio = np.array(features.image_size[::-1]) / frame[::-1]
    return CELL_PX * np.array(sizes, float)[:, None] * ratio


def strongest(features: Features, most: int) -> np.ndarray:
    """Return the indices of at most `most` keypoints: the best by score, or evenly chosen without scores."""
    if features.scores is not None:
        return np.argsort(-features.scores, kind="stable")[:most]
    return evenly(len(features), most)


def evenly(count: int, most: int) -> np.ndarray:
    """Return at most `most` of the numbers below `count`, evenly chosen."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))
