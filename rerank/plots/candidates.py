"""Recall against the number of candidates re-ranked, with the bound that no re-ranking passes."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rerank.plots.axes import percent_limits, steps_axis
from rerank.plots.lines import (
    ALONE,
    BOUND,
    asides,
    draw_limit,
    draw_recalls,
    line_handles,
    recalls_of,
)
from rerank.plots.panels import Panel, legend_below, panels_of, plots_of, say
from rerank.plots.style import blank, styled
from rerank.recall import recall_intervals
from rerank.run import Run
from rerank.sweeps import default_ks, sweep_candidates


@styled
def recall_candidates(runs: Sequence[Run], *, n: int = 1) -> Figure:
    """Plot R@n against K, the number of candidates re-ranked, one panel for each task.

    The dashed line is the recall of all candidates (R@100 where there are 100), which no re-ranking
    passes, the dotted line that of retrieval alone. Bars and shades are 95 % bootstrap intervals.
    """
    panels = panels_of(runs)
    if not panels:
        return blank("no runs")
    figure, plots = plots_of(panels, "candidates re-ranked, K", f"R@{n} (%), 95 % interval")
    for panel, axis in plots:
        draw_sweeps(axis, panel, n)
    legend_below(figure, line_handles(panels))
    return figure


def draw_sweeps(axis: Axes, panel: Panel, n: int) -> None:
    """Draw R@n of a panel's methods against K, with retrieval alone and the bound."""
    percent_limits(axis)
    if panel.is_empty:
        say(axis, "no queries")
        return
    candidates = panel.run.shortlist.candidates
    steps = [step for step in default_ks(candidates) if step]  # none re-ranked is the dotted line
    places = np.arange(len(steps))
    retrieved = recall_intervals(panel.run.retrieval_first_hits(), [n, candidates])
    draw_limit(axis, places, [retrieved[n]] * len(steps), ALONE)
    draw_limit(axis, places, [retrieved[candidates]] * len(steps), BOUND)
    for member, aside in zip(panel.reranking, asides(len(panel.reranking), places), strict=True):
        recalls = recalls_of(sweep_candidates(member.run, steps, ns=(n,)))
        draw_recalls(axis, places + aside, recalls, member.mark)
    steps_axis(axis.xaxis, steps)
