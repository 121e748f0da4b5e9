"""The datasheet's two pictures: where the queries are, and some queries beside their positives."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PolyCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.ticker import MaxNLocator

from data.curation.export.regions import Region
from data.files import replacing
from data.photos import read_photo

COLOURS = "viridis"
PALE, GREY = "#C8C8C8", "#6E6E6E"
HEXAGONS = 24  # across the map
MOST_GROUND = 20_000  # database photos drawn
TILE_PX = 320  # longer side of a photo on the sample sheet
DPI = 130


def draw_map(queries: np.ndarray, database: np.ndarray, regions: Sequence[Region]) -> Figure:
    """Draw how queries (Q, 2) are spread over the ground of the database (N, 2), both in metres.

    regions: neighbourhoods to colour by their count; hexagons are counted where there are none.
    """
    figure = Figure(figsize=(6.4, 5.2), layout="constrained")
    axis = figure.subplots()
    step = max(1, len(database) // MOST_GROUND)
    east, north = database[::step].T
    axis.scatter(east, north, s=2, color=PALE, linewidths=0, zorder=1)
    shades = _shade_regions(axis, queries, regions) if regions else _shade_hexagons(axis, queries, database)
    if not regions:
        west, east, south, north = _square(np.concatenate([queries, database]))
        axis.set(xlim=(west, east), ylim=(south, north))
    axis.set(aspect="equal", xlabel="east, m", ylabel="north, m", title=f"{len(queries)} queries")
    axis.ticklabel_format(useOffset=False, style="plain")
    axis.tick_params(labelsize=7)
    axis.tick_params(axis="x", rotation=30)
    if shades is not None:
        figure.colorbar(shades, ax=axis, label="queries", shrink=0.7, ticks=MaxNLocator(integer=True))
    return figure


def draw_samples(pairs: Sequence[tuple[Path, Path, str]]) -> Figure:
    """Draw queries, left, beside a database photo of the same place, right; the text stands below a pair."""
    rows = max(1, (len(pairs) + 1) // 2)
    figure = Figure(figsize=(9.6, 2.1 * rows), layout="constrained")
    axes = figure.subplots(rows, 4, squeeze=False).reshape(-1, 2)
    for axis in axes.flat:
        axis.set_axis_off()
    for (left, right), (query, positive, text) in zip(axes, pairs, strict=False):
        left.imshow(_tile(query))
        right.imshow(_tile(positive))
        left.set_title(text, loc="left", fontsize=6.5, color=GREY, parse_math=False)
    return figure


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, the same bytes for the same figure."""
    with replacing(path) as part:
        figure.savefig(part, format="png", dpi=DPI, metadata={"Software": None})


def _shade_regions(axis: Axes, queries: np.ndarray, regions: Sequence[Region]) -> ScalarMappable:
    counts = [region.count(queries) for region in regions]
    shades = ScalarMappable(Normalize(0, max([1, *counts])), COLOURS)
    for region, count in zip(regions, counts, strict=True):
        for outline in region.outlines:
            colour = shades.to_rgba(np.array(count)) if count else "none"
            axis.add_patch(PathPatch(outline, facecolor=colour, edgecolor=GREY, lw=0.6, alpha=0.85, zorder=2))
        east, north = np.asarray(region.outlines[0].vertices).mean(axis=0)
        label = f"{region.name}\n{count}"
        axis.text(east, north, label, ha="center", va="center", fontsize=6.5, zorder=3, parse_math=False)
    axis.autoscale_view()
    return shades


def _shade_hexagons(axis: Axes, queries: np.ndarray, database: np.ndarray) -> PolyCollection | None:
    if not len(queries):
        return None
    extent = _square(np.concatenate([queries, database]))
    east, north = queries.T
    return axis.hexbin(
        east, north, gridsize=HEXAGONS, extent=extent, mincnt=1, vmin=0, cmap=COLOURS, zorder=2
    )


def _square(ground: np.ndarray) -> tuple[float, float, float, float]:
    """Return west, east, south and north of the square around (N, 2) places, a little larger."""
    low, high = ground.min(axis=0), ground.max(axis=0)
    half = 0.52 * max(float((high - low).max()), 20.0)
    east, north = ((low + high) / 2).tolist()
    return east - half, east + half, north - half, north + half


def _tile(path: Path) -> np.ndarray:
    image = read_photo(path)
    ratio = min(1.0, TILE_PX / max(image.shape[:2]))
    size = max(1, round(image.shape[1] * ratio)), max(1, round(image.shape[0] * ratio))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)
