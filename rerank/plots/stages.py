"""Where the time of a query goes, stage by stage."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from rerank.latency import COLD_STAGES, STAGES, WARM_STAGES, Latency
from rerank.plots.axes import STATES, machine_of, short_seconds
from rerank.plots.panels import Panel, legend_below, panels_of, say
from rerank.plots.style import (
    BLACK,
    BLUE,
    ORANGE,
    PAGE_WIDTH_IN,
    PURPLE,
    SKY,
    VERMILLION,
    YELLOW,
    blank,
    styled,
)
from rerank.run import Run
from rerank.space import humanise_seconds

PARTS = {"cold": COLD_STAGES, "warm": WARM_STAGES}
# Light and dark ones in turn, with hatches, so that neighbours differ in grey too.
LOOKS: dict[str, dict[str, Any]] = {
    "query_decode": {"facecolor": BLACK},
    "query_extraction": {"facecolor": SKY, "hatch": "////"},
    "candidate_decode": {"facecolor": VERMILLION},
    "candidate_extraction": {"facecolor": YELLOW, "hatch": "...."},
    "candidate_reading": {"facecolor": PURPLE, "hatch": "xxxx"},
    "matching": {"facecolor": BLUE, "hatch": ""},
    "scoring": {"facecolor": ORANGE, "hatch": "\\\\\\\\"},
}
ROW_IN = 0.26  # height of a method's row
ROOM = 1.3  # of the longest bar, for the total written behind it


@styled
def latency_stages(runs: Sequence[Run]) -> Figure:
    """Plot the median seconds of each stage of a query, cold and warm, one row of plots for each task.

    Behind each bar stands the median of the whole query, which need not be the sum of the stages'.
    """
    panels = panels_of(runs)
    if not panels:
        return blank("no runs")
    heights = [0.5 + ROW_IN * max(1, len(panel.reranking)) for panel in panels]
    figure = Figure(figsize=(PAGE_WIDTH_IN, 0.9 + sum(heights)), layout="constrained")
    axes = figure.subplots(len(panels), 2, squeeze=False, height_ratios=heights, sharex="col", sharey="row")
    for row, panel in zip(axes, panels, strict=True):
        for axis, state in zip(row, PARTS, strict=True):
            _draw(axis, panel, state)
    for axis, state in zip(axes[-1], PARTS, strict=True):
        axis.set_xlim(0, ROOM * _longest(panels, state))
        axis.set_xlabel(f"median time of a query\n{machine_of(runs)}")
    legend_below(figure, _legend(panels))
    return figure


def _draw(axis: Axes, panel: Panel, state: str) -> None:
    axis.set_title(f"{panel.title}\n")
    axis.set_title(STATES[state], loc="right", fontweight="normal")
    members = panel.reranking
    axis.set_yticks(range(len(members)), [member.label for member in members])
    axis.set_ylim(max(len(members), 1) - 0.4, -0.6)
    axis.grid(axis="y", visible=False)
    axis.xaxis.set_major_locator(MaxNLocator(4))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short_seconds(value)))
    latencies = [member.run.latency() for member in members]
    if all(getattr(latency, state) is None for latency in latencies):
        say(axis, "no timings" if members else "no method that re-ranks")
        return
    for row, latency in enumerate(latencies):
        _draw_bar(axis, row, latency, state)


def _draw_bar(axis: Axes, row: int, latency: Latency, state: str) -> None:
    whole = getattr(latency, state)
    if whole is None:
        _write_behind(axis, 0.0, row, "no timings")
        return
    left = 0.0
    for stage in PARTS[state]:
        width = latency.stages[stage].median_s
        axis.barh(row, width, left=left, height=0.62, edgecolor=BLACK, linewidth=0.3, **LOOKS[stage])
        left += width
    _write_behind(axis, left, row, humanise_seconds(whole.median_s))


def _write_behind(axis: Axes, seconds: float, row: int, text: str) -> None:
    axis.annotate(text, (seconds, row), xytext=(3, 0), textcoords="offset points", va="center")


def _longest(panels: Sequence[Panel], state: str) -> float:
    """Return the seconds of the longest bar of all tasks; 1 where there is none."""
    found = [member.run.latency().stages for panel in panels for member in panel.reranking]
    sums = [sum(times[stage].median_s for stage in PARTS[state] if stage in times) for times in found]
    return max(sums, default=0.0) or 1.0


def _legend(panels: Sequence[Panel]) -> list[Patch]:
    latencies = [member.run.latency() for panel in panels for member in panel.reranking]
    spent = {stage for latency in latencies for stage, time in latency.stages.items() if time.high_s > 0}
    return [
        Patch(label=stage.replace("_", " "), edgecolor=BLACK, linewidth=0.3, **LOOKS[stage])
        for stage in STAGES
        if stage in spent
    ]
