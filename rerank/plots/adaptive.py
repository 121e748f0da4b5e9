"""Recall against the number of candidates re-ranked, beside a rule that stops early where it may."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rerank.adaptive_sweep import Saving, enough_queries, sweep_adaptive
from rerank.plots.axes import bars_of
from rerank.plots.candidates import K_LABEL, draw_sweeps
from rerank.plots.lines import recall_figure
from rerank.plots.panels import Member, Panel
from rerank.plots.style import BLACK, halo, ink, styled
from rerank.run import Run
from rerank.sweeps import default_ks

TOLERATED_POINTS = 3.0
MARK_PT, SAVED_PT = 8.0, 6.5


@styled
def recall_adaptive(runs: Sequence[Run], *, n: int = 1) -> Figure:
    """Plot R@n against K, and for each method where a rule that tolerates a loss of R@1 stops.

    A hollow mark stands at the mean number of candidates that the rule scores, with the share of warm
    seconds that it saves; every query is judged by a rule that other queries taught. Its bar is the 95 %
    bootstrap interval.
    """
    stopping = Line2D(
        [], [], color=BLACK, marker="o", markersize=MARK_PT, markerfacecolor="none", linestyle="none",
        label=f"stopping early, {TOLERATED_POINTS:g} points tolerated: warm seconds saved",
    )  # fmt: skip
    return recall_figure(runs, K_LABEL, n, _draw, stopping)


def _draw(axis: Axes, panel: Panel, n: int) -> None:
    draw_sweeps(axis, panel, n)
    for member in panel.reranking:
        if enough_queries(member.run, TOLERATED_POINTS):
            _draw_saving(axis, member, n)


def _draw_saving(axis: Axes, member: Member, n: int) -> None:
    (saving,) = sweep_adaptive(member.run, (TOLERATED_POINTS,), (n,))
    steps = [step for step in default_ks(member.run.shortlist.candidates) if step]
    place = float(np.interp(saving.candidates, steps, np.arange(len(steps))))
    recall, colour = saving.recalls[n], member.mark.colour
    axis.errorbar(
        place, recall.value, yerr=bars_of([recall]), color=colour, marker=member.mark.marker,
        markersize=MARK_PT, markerfacecolor="none", elinewidth=0.7, capsize=1.8, linestyle="none", zorder=4,
    )  # fmt: skip
    axis.annotate(
        _saved(saving), (place, recall.value), xytext=(0, -MARK_PT), textcoords="offset points", ha="center",
        va="top", fontsize=SAVED_PT, color=ink(colour), path_effects=[halo()], zorder=5,
    )  # fmt: skip


def _saved(saving: Saving) -> str:
    return "" if saving.warm_saved is None else f"{-saving.warm_saved.value:.0f} %"
