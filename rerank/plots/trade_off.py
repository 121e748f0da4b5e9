"""Latency against recall: what a method costs and gains, and which are worth their time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rerank.latency import Percentiles
from rerank.plots.axes import STATES, bars_of, log_seconds, machine_of, percent_limits
from rerank.plots.panels import Member, Panel, legend_below, panels_of, say
from rerank.plots.placement import boxes_between, boxes_of, gap, place_labels
from rerank.plots.style import BLACK, GREY, PAGE_WIDTH_IN, PALE, blank, halo, ink, styled
from rerank.recall import recall_intervals
from rerank.run import Run
from rerank.statistics import Interval

MARK_PT = 8.0  # side of what a mark covers
NAME_PT = 7.0
FRONT = "pareto-front"
FAR_PT = 9.0  # names further from their mark than this get a line to it


@dataclass(frozen=True)
class Spot:
    """Where a method stands in one plot."""

    member: Member
    recall: Interval
    time: Percentiles


@styled
def latency_recall(runs: Sequence[Run], *, n: int = 1) -> Figure:
    """Plot R@n against the seconds of a query, cold and warm, one row for each task.

    Marks are medians; bars across are the 5th to 95th percentile of the queries, bars upright the 95 %
    bootstrap interval of the recall. The stepped line is the Pareto front. A dotted line is retrieval
    alone, shaded by its interval.
    """
    panels = panels_of(runs)
    if not panels:
        return blank("no runs")
    figure = Figure(figsize=(PAGE_WIDTH_IN, 3.1 * len(panels) + 0.3), layout="constrained")
    axes = figure.subplots(len(panels), 2, squeeze=False, sharex=True, sharey=True)
    _set_time_axis(axes[0, 0], panels)
    drawn = [
        (axis, _draw(axis, panel, state, n))
        for row, panel in zip(axes, panels, strict=True)
        for axis, state in zip(row, STATES, strict=True)
    ]
    for axis in axes[:, 0]:
        axis.set_ylabel(f"R@{n} (%), 95 % interval")
    for axis in axes[-1]:
        axis.set_xlabel(f"time of a query: median, 5 to 95 %\n{machine_of(runs)}")
    front = Line2D([], [], color=BLACK, linewidth=0.7, label="Pareto front")
    retrieval = Line2D([], [], color=GREY, linestyle=":", linewidth=1.0, label="retrieval alone")
    legend_below(figure, [front, retrieval])
    _name(figure, drawn)
    return figure


def pareto_front(costs: np.ndarray, gains: np.ndarray) -> np.ndarray:
    """Return the indices of the points that no other beats, cheapest first: (F,) int64.

    costs, gains: (N,). A point is beaten by one that costs no more and gains no less, and is better in
    one of the two. Of equal points the first stays.
    """
    order = np.lexsort((np.arange(len(costs)), -gains, costs))
    best_before = np.concatenate([[-np.inf], np.maximum.accumulate(gains[order])[:-1]])
    return order[gains[order] > best_before]


def _set_time_axis(axis: Axes, panels: Sequence[Panel]) -> None:
    """Give all plots, which share the axis, room for every time of every task."""
    times = [spot.time for panel in panels for state in STATES for spot in _spots(panel, state, 1)]
    if times:
        log_seconds(axis, [second for time in times for second in (time.low_s, time.high_s)])


def _draw(axis: Axes, panel: Panel, state: str, n: int) -> list[Spot]:
    axis.set_title(f"{panel.title}\n")
    axis.set_title(STATES[state], loc="right", fontweight="normal")
    percent_limits(axis)
    spots = _spots(panel, state, n)
    _draw_retrieval(axis, panel, n)
    if not spots:
        say(axis, "no queries" if panel.is_empty else "no timings")
        return []
    _draw_front(axis, spots)
    for spot in spots:
        _draw_spot(axis, spot)
    return spots


def _spots(panel: Panel, state: str, n: int) -> list[Spot]:
    """Return the methods whose latency was measured; clocks that stood still were not."""
    spots = []
    for member in panel.reranking:
        time = getattr(member.run.latency(), state)
        if time is not None and time.low_s > 0 and not panel.is_empty:
            spots.append(Spot(member, recall_intervals(member.run.first_hits(), [n])[n], time))
    return spots


def _draw_retrieval(axis: Axes, panel: Panel, n: int) -> None:
    if panel.is_empty:
        return
    recall = recall_intervals(panel.run.retrieval_first_hits(), [n])[n]
    axis.axhspan(recall.low, recall.high, color=PALE, alpha=0.4, linewidth=0, zorder=0.5)
    axis.axhline(recall.value, color=GREY, linestyle=":", linewidth=1.0, zorder=1)


def _draw_front(axis: Axes, spots: Sequence[Spot]) -> None:
    costs = np.array([spot.time.median_s for spot in spots])
    gains = np.array([spot.recall.value for spot in spots])
    front = pareto_front(costs, gains)
    x, y = [*costs[front], axis.get_xlim()[1]], [*gains[front], gains[front[-1]]]
    axis.step(x, y, where="post", color=BLACK, linewidth=0.7, zorder=1.5, gid=FRONT)


def _draw_spot(axis: Axes, spot: Spot) -> None:
    time = spot.time
    across = [[time.median_s - time.low_s], [time.high_s - time.median_s]]
    axis.errorbar(
        time.median_s, spot.recall.value, yerr=bars_of([spot.recall]), xerr=across,
        color=spot.member.mark.colour, marker=spot.member.mark.marker, markeredgecolor="white",
        markeredgewidth=0.5, markersize=6.5, elinewidth=0.9, capsize=1.8, linestyle="none", zorder=3,
    )  # fmt: skip


def _name(figure: Figure, drawn: Sequence[tuple[Axes, Sequence[Spot]]]) -> None:
    """Write the methods' names beside their marks. The layout is settled first, and stays."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axis, spots in drawn:
        if spots:
            _name_spots(axis, spots, renderer, figure.dpi / 72)


def _name_spots(axis: Axes, spots: Sequence[Spot], renderer: RendererAgg, point_px: float) -> None:
    """Write names where they cover least. point_px: pixels of a typographic point."""
    texts = [
        axis.annotate(
            spot.member.label, (spot.time.median_s, spot.recall.value), xytext=(0, 0),
            textcoords="offset points", ha="left", va="bottom", fontsize=NAME_PT, zorder=5,
            color=ink(spot.member.mark.colour), path_effects=[halo()],
        )
        for spot in spots
    ]  # fmt: skip
    sizes = np.array([text.get_window_extent(renderer).size for text in texts])
    anchors = axis.transData.transform([(spot.time.median_s, spot.recall.value) for spot in spots])
    obstacles = _obstacles(axis, spots, anchors, point_px)
    corners = place_labels(anchors, sizes, obstacles, np.array(axis.bbox.extents), unit=point_px)
    for text, spot, anchor, box in zip(texts, spots, anchors, boxes_of(corners, sizes), strict=True):
        text.set_position(tuple((box[:2] - anchor) / point_px))
        way = gap(anchor, box) / point_px
        if np.hypot(*way) > FAR_PT:
            axis.annotate(
                "", (spot.time.median_s, spot.recall.value), xytext=tuple(way), textcoords="offset points",
                arrowprops={"arrowstyle": "-", "linewidth": 0.5, "color": ink(spot.member.mark.colour)},
            )  # fmt: skip


def _obstacles(axis: Axes, spots: Sequence[Spot], anchors: np.ndarray, point_px: float) -> np.ndarray:
    """Return the boxes (M, 4), in pixels, of marks, their bars, and the lines of the plot."""
    side = MARK_PT * point_px
    marks = boxes_of(anchors - side / 2, np.full(anchors.shape, side))
    low = [(spot.time.low_s, spot.recall.low) for spot in spots]
    high = [(spot.time.high_s, spot.recall.high) for spot in spots]
    ends = [axis.transData.transform(corners) for corners in (low, high)]
    bars = [
        boxes_between(np.where(along, ends[0], anchors), np.where(along, ends[1], anchors), point_px)
        for along in ((True, False), (False, True))
    ]
    lines = [
        axis.transData.transform(line.get_xydata()) for line in axis.get_lines() if line.get_gid() == FRONT
    ]
    fronts = [boxes_between(line[:-1], line[1:], point_px) for line in map(_cornered, lines)]
    return np.concatenate([marks, *bars, *fronts])


def _cornered(steps: np.ndarray) -> np.ndarray:
    """Return a line (2N - 1, 2) with the corners of a stepped line through `steps` (N, 2)."""
    corners = np.stack([steps[1:, 0], steps[:-1, 1]], axis=1)
    return np.insert(steps, np.arange(1, len(steps)), corners, axis=0)
