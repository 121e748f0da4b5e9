"""Day against night: what each method loses in the dark."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from data.named import NAMED_SETS
from rerank.plots.axes import bars_of
from rerank.plots.panels import ALONE, COLUMNS, Panel, legend_below, panels_of, say
from rerank.plots.style import BLUE, ORANGE, PAGE_WIDTH_IN, PALE, blank, shown, styled
from rerank.recall import recall_intervals
from rerank.run import Run
from rerank.statistics import Interval

DAY, NIGHT = "_day", "_night"
ROW_IN = 0.27  # height of a method's row
# What a condition looks like: the marks differ in shape and filling, not in colour alone.
LOOKS: dict[str, dict[str, Any]] = {
    "day": {"color": ORANGE, "marker": "o", "markerfacecolor": "white"},
    "night": {"color": BLUE, "marker": "s", "markerfacecolor": BLUE},
}
APART = 0.14  # of a row, between the bars by day and by night


@styled
def day_night(runs: Sequence[Run], *, n: int = 1) -> Figure:
    """Plot R@n by day and by night of retrieval and of each method, one panel for each place.

    Datasets are paired as `day_night_pairs` does. Bars are 95 % bootstrap intervals.
    """
    pairs = day_night_pairs(runs)
    if not pairs:
        return blank("no dataset was measured by day and by night")
    columns = min(COLUMNS, len(pairs))
    lines = -(-len(pairs) // columns)
    rows = max(len(_rows(*pair, n)) for pair in pairs)
    size = (PAGE_WIDTH_IN * (1.0 if columns > 1 else ALONE), 0.4 + lines * (0.6 + ROW_IN * rows))
    figure = Figure(figsize=size, layout="constrained")
    axes = list(figure.subplots(lines, columns, squeeze=False, sharex=True).flat)
    for axis, (day, night) in zip(axes, pairs, strict=False):
        _draw(axis, day, night, n)
    for axis in axes[-columns:]:
        axis.set_xlabel(f"R@{n} (%), 95 % interval")
    for spare in axes[len(pairs) :]:
        spare.set_axis_off()
    legend_below(figure, [Line2D([], [], linewidth=0.9, label=name, **look) for name, look in LOOKS.items()])
    return figure


def day_night_pairs(runs: Sequence[Run]) -> list[tuple[Panel, Panel]]:
    """Return the tasks by day, each with that by night.

    They are NAME_day and NAME_night, or a published set by day and its name with _night, over the same
    database with the same retriever, threshold and number of candidates.
    """
    panels = panels_of(runs)
    by_day = {(stem, *panel.setting): panel for panel in panels if (stem := _stem_by_day(panel)) is not None}
    pairs = []
    for night in panels:
        stem = night.run.identity.dataset.removesuffix(NIGHT)
        day = by_day.get((stem, *night.setting)) if stem != night.run.identity.dataset else None
        if day is not None:
            pairs.append((day, night))
    return pairs


def _stem_by_day(panel: Panel) -> str | None:
    """Return the name of a dataset by day without its suffix; None for one that is not by day."""
    name = panel.run.identity.dataset
    if name.endswith(DAY):
        return name.removesuffix(DAY)
    return name if name in NAMED_SETS and NAMED_SETS[name].condition == "day" else None


def _rows(day: Panel, night: Panel, n: int) -> list[tuple[str, tuple[Interval, Interval]]]:
    """Return each method's recalls by day and by night: retrieval alone first, then by name."""
    alone = shown(f"{day.run.identity.protocol.retriever} alone")
    hits = {alone: [panel.run.retrieval_first_hits() for panel in (day, night)]}
    by_night = {member.label: member.run for member in night.reranking}
    for member in day.reranking:
        if member.label in by_night:
            hits[member.label] = [run.first_hits() for run in (member.run, by_night[member.label])]
    return [
        (label, (recall_intervals(day_hits, [n])[n], recall_intervals(night_hits, [n])[n]))
        for label, (day_hits, night_hits) in hits.items()
    ]


def _draw(axis: Axes, day: Panel, night: Panel, n: int) -> None:
    counts = [len(panel.run.shortlist.query_names) for panel in (day, night)]
    name = shown(night.run.identity.dataset.removesuffix(NIGHT), 22)
    axis.set_title(f"{name}: {counts[0]} + {counts[1]} queries, {day.run.threshold_m():g} m")
    axis.set_xlim(-3.0, 103.0)
    axis.grid(axis="y", visible=False)
    rows = _rows(day, night, n)
    axis.set_yticks(range(len(rows)), [label for label, _ in rows])
    axis.set_ylim(len(rows) - 0.5, -0.5)
    if day.is_empty or night.is_empty:
        say(axis, "no queries")
        return
    for row, (_, recalls) in enumerate(rows):
        axis.plot([recall.value for recall in recalls], [row, row], color=PALE, linewidth=3.0, zorder=1)
    for number, look in enumerate(LOOKS.values()):
        at_time = [recalls[number] for _, recalls in rows]
        places = np.arange(len(rows)) + APART * (2 * number - 1)
        axis.errorbar(
            [recall.value for recall in at_time], places, xerr=bars_of(at_time), linestyle="none",
            elinewidth=0.9, capsize=1.8, zorder=3, **look,
        )  # fmt: skip
