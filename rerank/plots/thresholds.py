"""Recall against the distance within which a photo counts as right."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rerank.plots.axes import steps_axis
from rerank.plots.lines import (
    ALONE,
    BOUND,
    asides,
    draw_limit,
    draw_recalls,
    recall_figure,
    recalls_of,
)
from rerank.plots.panels import Panel
from rerank.plots.style import GREY, styled
from rerank.recall import recall_intervals
from rerank.run import Run
from rerank.sweeps import THRESHOLDS_M, sweep_thresholds


@styled
def recall_threshold(runs: Sequence[Run], *, n: int = 1) -> Figure:
    """Plot R@n against the threshold in metres, one panel for each task.

    The dashed line is the recall of all candidates, the dotted one that of retrieval alone; the upright
    line is the threshold that the task was measured at. Bars and shades are 95 % bootstrap intervals.
    """
    return recall_figure(runs, "threshold (m)", n, _draw)


def _draw(axis: Axes, panel: Panel, n: int) -> None:
    measured_at = panel.run.threshold_m()
    steps = sorted({*THRESHOLDS_M, measured_at})
    places = np.arange(len(steps))
    axis.axvline(steps.index(measured_at), color=GREY, linewidth=0.7, zorder=1)
    for count, line in ((n, ALONE), (panel.run.shortlist.candidates, BOUND)):
        hits = [panel.run.retrieval_first_hits(step) for step in steps]
        draw_limit(axis, places, [recall_intervals(first, [count])[count] for first in hits], line)
    for member, aside in zip(panel.reranking, asides(len(panel.reranking), places), strict=True):
        draw_recalls(axis, places + aside, recalls_of(sweep_thresholds(member.run, steps, (n,))), member.mark)
    steps_axis(axis.xaxis, steps)
