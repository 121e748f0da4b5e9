"""Recalls drawn as lines along an axis, with their intervals; shared by several plots."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rerank.plots.axes import bars_of, percent_limits
from rerank.plots.panels import Panel, legend_below, panels_of, plots_of, say
from rerank.plots.style import BLACK, PALE, Mark, blank
from rerank.run import Run
from rerank.statistics import Interval
from rerank.sweeps import Sweep

ALONE, BOUND = ":", (0, (6, 2))  # lines of retrieval alone, and of the bound
SPREAD = 0.25  # of the way to the next place, at most, between the first and the last line
ASIDE = 0.06  # the same between neighbouring lines


def recall_figure(
    runs: Sequence[Run], x_label: str, n: int, draw: Callable[[Axes, Panel, int], None], *more: Artist
) -> Figure:
    """Return a figure of R@n with a plot for each task, which `draw` fills, and a legend with `more`."""
    panels = panels_of(runs)
    if not panels:
        return blank("no runs")
    figure, plots = plots_of(panels, x_label, f"R@{n} (%), 95 % interval")
    for panel, axis in plots:
        percent_limits(axis)
        if panel.is_empty:
            say(axis, "no queries")
        else:
            draw(axis, panel, n)
    legend_below(figure, [*line_handles(panels), *more])
    return figure


def draw_recalls(axis: Axes, places: np.ndarray, recalls: Sequence[Interval], mark: Mark) -> None:
    """Draw R@N at `places` (S,) as a line, with bars upright for the intervals."""
    axis.errorbar(
        places, [recall.value for recall in recalls], yerr=bars_of(recalls),
        color=mark.colour, marker=mark.marker, linestyle=mark.line, markeredgecolor="white",
        markeredgewidth=0.4, elinewidth=0.7, capsize=1.2, zorder=3,
    )  # fmt: skip


def draw_limit(axis: Axes, places: np.ndarray, recalls: Sequence[Interval], line: Any) -> None:
    """Draw what methods are held against at `places` (S,): a black line, shaded by its intervals."""
    low, high = ([getattr(recall, end) for recall in recalls] for end in ("low", "high"))
    axis.fill_between(places, low, high, color=PALE, alpha=0.35, linewidth=0, zorder=0.5)
    values = [recall.value for recall in recalls]
    axis.plot(places, values, color=BLACK, linestyle=line, linewidth=0.9, zorder=1)


def asides(count: int, places: np.ndarray) -> np.ndarray:
    """Return how far each of `count` lines stands beside the true places: (count,).

    Bars of methods that are alike would otherwise cover each other.
    """
    step = float(np.diff(places).min()) if len(places) > 1 else 1.0
    return min(SPREAD, ASIDE * (count - 1)) * step * np.linspace(-0.5, 0.5, count)


def recalls_of(swept: Sweep) -> list[Interval]:
    """Return the recalls of a sweep's first N as intervals, one for each step."""
    columns = (swept.value[:, 0], swept.low[:, 0], swept.high[:, 0])
    return [Interval(*map(float, row)) for row in zip(*columns, strict=True)]


def line_handles(panels: Sequence[Panel]) -> list[Line2D]:
    """Return a legend's entries: the methods of all panels by name, retrieval alone, and the bound."""
    members = [member for panel in panels for member in panel.reranking]
    marks = {member.label: member.mark for member in members}
    counts = {panel.run.shortlist.candidates for panel in panels}
    every = f"R@{counts.pop()}" if len(counts) == 1 else "recall of all candidates"
    limits: dict[str, Any] = {"retrieval alone": ALONE, f"{every}: upper bound": BOUND}
    return [
        *(
            Line2D([], [], color=mark.colour, marker=mark.marker, linestyle=mark.line, label=label)
            for label, mark in sorted(marks.items())
        ),
        *(
            Line2D([], [], color=BLACK, linestyle=line, linewidth=0.9, label=label)
            for label, line in limits.items()
        ),
    ]
