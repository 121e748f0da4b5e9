"""Recall on the drawn city against how dark, how far off or how covered its queries are."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from data.city import DIALS
from rerank.plots.axes import percent_limits
from rerank.plots.lines import (
    ALONE,
    BOUND,
    asides,
    draw_limit,
    draw_recalls,
    line_handles,
)
from rerank.plots.panels import Panel, figure_of, legend_below, panels_of, say
from rerank.plots.style import blank, shown, styled
from rerank.recall import recall_intervals
from rerank.run import Run
from rerank.statistics import Interval

SWEPT = re.compile(rf"(?P<city>.+)_(?P<dial>{'|'.join(DIALS)})_(?P<value>\d[\d.e+-]*)")
WORDS = {
    "darkness": "darkness: 0 day, 1 darkest night",
    "shift_m": "shift from the database photo, at most (m)",
    "shift_deg": "turn from the database photo, at most (degrees)",
    "occlusion": "share of the photo covered",
}
UNKNOWN = Interval(np.nan, np.nan, np.nan)


@dataclass(frozen=True)
class Dial:
    """A sweep of one of a city's dials: its values, rising, and the task at each."""

    city: str
    name: str
    values: tuple[float, ...]
    panels: tuple[Panel, ...]


@styled
def recall_dial(runs: Sequence[Run], *, n: int = 1) -> Figure:
    """Plot R@n against the values of each dial that was swept on a drawn city (`CitySettings.sweep`).

    The dashed line is the recall of all candidates, the dotted one that of retrieval alone. Bars and
    shades are 95 % bootstrap intervals.
    """
    dials = dials_of(runs)
    if not dials:
        return blank("no run on a swept city (rerank data city --set sweep=darkness ...)")
    figure, axes = figure_of(len(dials), f"R@{n} (%), 95 % interval")
    for dial, axis in zip(dials, axes, strict=True):
        _draw(axis, dial, n)
    legend_below(figure, line_handles([panel for dial in dials for panel in dial.panels]))
    return figure


def dials_of(runs: Sequence[Run]) -> list[Dial]:
    """Find the sweeps among runs by their datasets' names, CITY_DIAL_VALUE, as `draw_city` gives them.

    Only tasks with the same database, retriever, threshold and number of candidates are put together.
    """
    swept: dict[tuple[object, ...], dict[float, Panel]] = {}
    for panel in panels_of(runs):
        found = SWEPT.fullmatch(panel.run.identity.dataset)
        if found:
            key = (found["city"], found["dial"], *panel.setting)
            swept.setdefault(key, {}).setdefault(float(found["value"]), panel)
    return [
        Dial(str(city), str(name), tuple(sorted(panels)), tuple(panels[value] for value in sorted(panels)))
        for (city, name, *_), panels in swept.items()
    ]


def _draw(axis: Axes, dial: Dial, n: int) -> None:
    counts = {len(panel.run.shortlist.query_names) for panel in dial.panels}
    queries = " or ".join(str(count) for count in sorted(counts))
    axis.set_title(f"{shown(dial.city, 22)}: {queries} queries each, {dial.panels[0].run.threshold_m():g} m")
    axis.set_xlabel(WORDS[dial.name])
    axis.set_xticks(dial.values, [f"{value:g}" for value in dial.values])
    percent_limits(axis)
    if counts == {0}:
        say(axis, "no queries")
        return
    places = np.array(dial.values)
    for count, line in ((n, ALONE), (dial.panels[0].run.shortlist.candidates, BOUND)):
        hits = [panel.run.retrieval_first_hits() for panel in dial.panels]
        draw_limit(axis, places, [recall_intervals(first, [count])[count] for first in hits], line)
    members = {member.label: member for panel in dial.panels for member in panel.reranking}
    for member, aside in zip(members.values(), asides(len(members), places), strict=True):
        recalls = [_recall(panel, member.label, n) for panel in dial.panels]
        draw_recalls(axis, places + aside, recalls, member.mark)


def _recall(panel: Panel, label: str, n: int) -> Interval:
    """Return a method's recall at one value of the dial; unknown where it was not run."""
    found = [member.run for member in panel.reranking if member.label == label]
    return recall_intervals(found[0].first_hits(), [n])[n] if found else UNKNOWN
