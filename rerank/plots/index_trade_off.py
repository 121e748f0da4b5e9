"""Recall of kinds of index against their time, with what they hold in memory."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rerank.plots.axes import log_seconds, percent_limits
from rerank.plots.panels import legend_below
from rerank.plots.style import BLACK, PAGE_WIDTH_IN, Mark, blank, marks_of, shown, styled
from retrieval.index_kinds import EXACT, REFINE
from retrieval.index_sweep import Measured

EXACT_LINE = (0, (6, 2))
SMALLEST_PT, LARGEST_PT = 3.5, 10.0  # marks, whose area grows with memory


@styled
def index_trade_off(measured: Sequence[Measured], *, n: int = 100, title: str = "") -> Figure:
    """Plot the share of the exact first n that each index finds against the time of a query.

    A line joins searches of one index with different knobs. The areas of marks grow with the bytes of the
    index, which the legend tells. The dashed line is the time of the exact search.
    """
    known = [one for one in measured if n in one.recalls]
    indexes = {one.choice.build_text: one for one in known if one.kind != EXACT}
    if not indexes:
        return blank("no index was measured")
    figure = Figure(figsize=(PAGE_WIDTH_IN, 4.0), layout="constrained")
    axis = figure.subplots()
    axis.set_title(shown(title))
    log_seconds(axis, [one.together_s for one in known])
    percent_limits(axis)
    for one in known:
        if one.kind == EXACT:
            axis.axvline(one.together_s, color=BLACK, linestyle=EXACT_LINE, linewidth=0.9, zorder=1)
    most = max(one.bytes for one in indexes.values())
    marks = marks_of(indexes)
    for build, mark in marks.items():
        line = sorted(
            (one for one in known if one.choice.build_text == build), key=lambda one: one.together_s
        )
        axis.plot(
            [one.together_s for one in line], [one.recalls[n] for one in line],
            **_look(mark, indexes[build].bytes, most), zorder=3,
        )  # fmt: skip
    axis.set_xlabel("time of a query, all searched for together")
    axis.set_ylabel(f"recall@{n} against exact (%)")
    legend_below(figure, _handles(indexes, marks, most))
    return figure


def _look(mark: Mark, size: int, most: int) -> dict[str, Any]:
    side = SMALLEST_PT + (LARGEST_PT - SMALLEST_PT) * np.sqrt(size / most)
    return {
        "color": mark.colour, "marker": mark.marker, "linestyle": mark.line, "markersize": side,
        "markeredgecolor": "white", "markeredgewidth": 0.4,
    }  # fmt: skip


def _handles(indexes: dict[str, Measured], marks: dict[str, Mark], most: int) -> list[Line2D]:
    lines = [
        Line2D([], [], label=f"{_name(build)}: {_memory(one.bytes)}", **_look(marks[build], one.bytes, most))
        for build, one in indexes.items()
    ]
    return [*lines, Line2D([], [], color=BLACK, linestyle=EXACT_LINE, linewidth=0.9, label="exact, streamed")]


def _name(build: str) -> str:
    return shown(build.replace(f"{REFINE}=1", "refined"))


def _memory(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.3g} MB"
