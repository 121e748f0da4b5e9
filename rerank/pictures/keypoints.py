"""Keypoints of several extractors on the same photos, side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from extractors import Features
from rerank.pictures.marks import draw_boxes, draw_points, patch_sides, strongest
from rerank.pictures.photos import Picture, bare, height_over_width, put
from rerank.plots.style import PAGE_WIDTH_IN, blank, shown, styled

MOST = 400  # keypoints drawn of a photo
COLUMNS = 4  # extractors beside each other
SMALL_PT = 6.5
LABELS_IN = 0.3  # height of the words at a photo


@dataclass(frozen=True, eq=False)
class Found:
    """What one extractor found in a photo. settings: of the extractor."""

    label: str
    settings: Mapping[str, Any]
    features: Features


@dataclass(frozen=True, eq=False)
class Sight:
    """A photo and what extractors found in it; nothing where it could not be read."""

    name: str
    picture: Picture
    found: Sequence[Found]


@styled
def draw_keypoints(sights: Sequence[Sight]) -> Figure:
    """Draw the keypoints that extractors found in photos: a row for each photo, a column for each extractor.

    The best `MOST` keypoints are drawn, or as many evenly chosen where they have no scores. Patches are
    drawn as their centres, and one box for each size.
    """
    count = max((len(sight.found) for sight in sights), default=0)
    if not count:
        return blank("no photo could be read" if sights else "no photos")
    columns = min(COLUMNS, max(count, 2))
    starts = range(0, count, columns)
    rows = [(sight, sight.found[start : start + columns]) for start in starts for sight in sights]
    heights = [
        height_over_width(sight.picture.size) * PAGE_WIDTH_IN / columns + LABELS_IN for sight, _ in rows
    ]
    figure = Figure(figsize=(PAGE_WIDTH_IN, sum(heights)), layout="compressed")
    plots = figure.subplots(len(rows), columns, squeeze=False, height_ratios=heights)
    for line, (sight, found) in zip(plots, rows, strict=True):
        _draw_row(line, sight, found)
    return figure


def _draw_row(line: np.ndarray, sight: Sight, found: Sequence[Found]) -> None:
    for number, axis in enumerate(line):
        bare(axis)
        if number and number >= len(found):
            axis.set_axis_off()
            continue
        put(axis, sight.picture)
        if number < len(found):
            _draw_features(axis, found[number])
    line[0].set_ylabel(shown(sight.name, 24), fontsize=SMALL_PT)


def _draw_features(axis: Axes, found: Found) -> None:
    features = found.features
    axis.set_title(shown(found.label, 28), fontsize=8)
    sides = patch_sides(features, found.settings)
    if features.keypoints is None:
        axis.set_xlabel("no keypoints: dense maps", fontsize=SMALL_PT)
    elif sides is not None and features.levels is not None:
        _draw_patches(axis, features.keypoints, features.levels, sides, features.image_size)
    else:
        kept = strongest(features, MOST)
        draw_points(axis, features.keypoints[kept])
        drawn = f", best {len(kept)} drawn" if len(kept) < len(features) else ""
        axis.set_xlabel(f"{len(features)} keypoints{drawn}", fontsize=SMALL_PT)


def _draw_patches(
    axis: Axes, centres: np.ndarray, levels: np.ndarray, sides: np.ndarray, size: tuple[int, int]
) -> None:
    """Draw the centres of the largest patches, and of each level the patch in the photo's middle."""
    draw_points(axis, centres[levels == len(sides) - 1], area=2.0)
    middles = _middles(centres, levels, size)
    draw_boxes(axis, centres[middles], sides[levels[middles]], levels[middles])
    axis.set_xlabel(f"{len(centres)} patches of {len(sides)} sizes, one of each drawn", fontsize=SMALL_PT)


def _middles(centres: np.ndarray, levels: np.ndarray, size: tuple[int, int]) -> list[int]:
    """Return which patch of each level is nearest to the middle of a photo of `size` (H, W)."""
    far = np.linalg.norm(centres - np.array(size[::-1]) / 2, axis=1)
    return [int(np.argmin(np.where(levels == level, far, np.inf))) for level in np.unique(levels)]
