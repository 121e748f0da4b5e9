"""Correspondences of a query and a candidate by several methods, one below the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from extractors import Features
from matchers import Matches
from rerank.pictures.marks import BRIGHT, draw_boxes, draw_points, edge, evenly, patch_sides
from rerank.pictures.photos import Picture, put
from rerank.pictures.predictions import score_in_words
from rerank.plots.style import PAGE_WIDTH_IN, blank, shown, styled

MOST = 80  # inliers drawn, and as many rejected ones
BOXES = 4  # patches drawn of each size
GAP = 0.02  # between the two photos, of their joint width
TITLE_IN = 0.28
REJECTED = "#D8D8D8"

Places = tuple[np.ndarray, np.ndarray]  # of the points of both photos, (M, 2) each, in a plot


@dataclass(frozen=True, eq=False)
class Link:
    """What one method found between two photos.

    settings: of the extractor. score: as the method ranks by it, None where unknown.
    """

    label: str
    settings: Mapping[str, Any]
    features: tuple[Features, Features]
    matches: Matches
    score: float | None = None


@dataclass(frozen=True, eq=False)
class View:
    """Two photos in one plot, of equal heights.

    scales: plot units of a pixel of each. left1: where the second begins.
    """

    query: Picture
    candidate: Picture
    scales: tuple[float, float]
    left1: float
    width: float
    height: float

    def places(self, matches: Matches) -> Places:
        """Return where the points (M, 2) of both photos are in the plot."""
        points0 = (matches.points0 + 0.5) * self.scales[0] - 0.5
        points1 = (matches.points1 + 0.5) * self.scales[1] - 0.5
        return points0, points1 + np.array([self.left1, 0.0])


@styled
def draw_matches(
    query: Picture, candidate: Picture, links: Sequence[Link], *, names: tuple[str, str] = ("", "")
) -> Figure:
    """Draw the correspondences that methods found: inliers bright, rejected ones faint.

    names: of the query and the candidate, written above them where given.
    Of more than `MOST` of either kind so many are drawn, evenly chosen. Patches are drawn as boxes of
    their sizes, `BOXES` of each. Where a method correlates maps instead of matching keypoints, a ring
    marks the peak, its most similar pair.
    """
    if not links:
        return blank("no methods")
    view = _view(query, candidate)
    columns = 2 if len(links) > 1 else 1
    rows = -(-len(links) // columns)
    plot_in = PAGE_WIDTH_IN / columns * view.height / view.width
    figure = Figure(figsize=(PAGE_WIDTH_IN, rows * (plot_in + TITLE_IN) + 0.2), layout="compressed")
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axis, link in zip(axes, links, strict=False):
        _draw(axis, view, link)
    for spare in axes[len(links) :]:
        spare.set_axis_off()
    if any(names):
        words = (
            f"{role} {shown(name, 40)}" for role, name in zip(("query", "candidate"), names, strict=True)
        )
        figure.suptitle("      ".join(words), fontsize=7)
    return figure


def _view(query: Picture, candidate: Picture) -> View:
    height = float(max(query.size[0], candidate.size[0]))
    scales = height / query.size[0], height / candidate.size[0]
    widths = [scale * picture.size[1] for scale, picture in zip(scales, (query, candidate), strict=True)]
    left1 = widths[0] + GAP * sum(widths)
    return View(query, candidate, scales, left1, left1 + widths[1], height)


def _draw(axis: Axes, view: View, link: Link) -> None:
    put(axis, view.query, scale=view.scales[0])
    put(axis, view.candidate, scale=view.scales[1], left=view.left1)
    axis.set(xlim=(-0.5, view.width - 0.5), ylim=(view.height - 0.5, -0.5), xticks=[], yticks=[])
    axis.grid(visible=False)
    axis.set_frame_on(False)
    axis.set_title(shown(link.label))
    axis.set_title(_counts(link), loc="right", fontweight="normal", fontsize=7.5)
    places = view.places(link.matches)
    kinds = [np.flatnonzero(link.matches.inliers == kind) for kind in (False, True)]
    rejected, inliers = (_some(indices, MOST) for indices in kinds)
    _draw_lines(axis, places, rejected, REJECTED, 0.5, 0.55)
    _draw_lines(axis, places, inliers, BRIGHT, 0.7, 0.9)
    for points in places:
        draw_points(axis, points[inliers], area=4.0)
    _draw_patches(axis, view, link, places, inliers)
    _draw_peak(axis, link, places)


def _counts(link: Link) -> str:
    found, inliers = len(link.matches.inliers), int(link.matches.inliers.sum())
    noun = "match" if found == 1 else "matches"
    words = [f"{found} {noun}" if inliers == found else f"{inliers} inliers of {found} {noun}"]
    if _peak(link.matches) is not None:
        words.append("ring: most similar")
    if link.score is not None:
        words.append(score_in_words(link.score))
    return ", ".join(words if found else ["no correspondences", *words[1:]])


def _some(indices: np.ndarray, most: int) -> np.ndarray:
    return indices[evenly(len(indices), most)]


def _draw_lines(
    axis: Axes, places: Places, chosen: np.ndarray, colour: str, width_pt: float, opacity: float
) -> None:
    lines = LineCollection(
        list(np.stack([points[chosen] for points in places], axis=1)), colors=colour, linewidths=width_pt,
        alpha=opacity, path_effects=[edge(width_pt + 0.8, 0.35 * opacity)], zorder=3,
    )  # fmt: skip
    axis.add_collection(lines, autolim=False)


def _draw_patches(axis: Axes, view: View, link: Link, places: Places, inliers: np.ndarray) -> None:
    """Draw boxes of the sizes of matched patches, a few of each size."""
    indices = link.matches.indices
    if indices is None:
        return
    for side, features in enumerate(link.features):
        sides = patch_sides(features, link.settings)
        if sides is None or features.levels is None:
            continue
        levels = features.levels[indices[inliers, side]]
        kept = np.concatenate([_some(np.flatnonzero(levels == level), BOXES) for level in range(len(sides))])
        draw_boxes(axis, places[side][inliers][kept], view.scales[side] * sides[levels[kept]], levels[kept])


def _peak(matches: Matches) -> int | None:
    """Return the most similar pair of a method that compares maps, which gives similarities, no keypoints."""
    if matches.indices is not None or matches.confidences is None or not len(matches.confidences):
        return None
    return int(np.argmax(matches.confidences))


def _draw_peak(axis: Axes, link: Link, places: Places) -> None:
    peak = _peak(link.matches)
    if peak is None:
        return
    for points in places:
        axis.scatter(
            points[peak, 0], points[peak, 1], s=90, facecolor="none", edgecolor=BRIGHT, linewidth=1.4,
            path_effects=[edge(2.6)], zorder=5,
        )  # fmt: skip
