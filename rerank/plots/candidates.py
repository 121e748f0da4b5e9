"""Recall against the number of candidates re-ranked, with the bound that no re-ranking passes."""

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
from rerank.plots.style import styled
from rerank.recall import recall_intervals
from rerank.run import Run
from rerank.sweeps import default_ks, sweep_candidates

K_LABEL = "candidates re-ranked, K"


@styled
def recall_candidates(runs: Sequence[Run], *, n: int = 1) -> Figure:
    """Plot R@n against K, the number of candidates re-ranked, one panel for each task.

    The dashed line is the recall of all candidates (R@100 where there are 100), which no re-ranking
    passes, the dotted line that of retrieval alone. Bars and shades are 95 % bootstrap intervals.
    """
    return recall_figure(runs, K_LABEL, n, draw_sweeps)


def draw_sweeps(axis: Axes, panel: Panel, n: int) -> None:
    """Draw R@n of a panel's methods against K, with retrieval alone and the bound."""
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
