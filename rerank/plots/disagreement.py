"""Queries won and lost between two runs: by how much, and from which rank to which."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from rerank.compare import Comparison, compare
from rerank.metrics import NEVER
from rerank.plots.panels import say
from rerank.plots.style import BLACK, BLUE, GREY, PALE, VERMILLION, shown, styled
from rerank.run import Run

SIZE_IN = (4.4, 5.0)
AREA = 16.0  # of the mark of one query, square points; that of several grows with their number
TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
# What becomes of a query -> how it looks; the shape and the hatch tell it as the colour does.
LOOKS: dict[str, dict[str, Any]] = {
    "won": {"color": BLUE, "marker": "^"},
    "lost": {"color": VERMILLION, "marker": "v"},
    "same": {"color": GREY, "marker": "o"},
}


@styled
def won_lost(run_a: Run, run_b: Run, *, n: int = 1, threshold_m: float | None = None) -> Figure:
    """Plot each query's rank of the first positive under two runs, and count those won and lost at R@n.

    A query is won where `run_a` alone has a positive among its first n, lost where `run_b` alone has.
    The area of a mark is the number of queries there; "none" is no positive among the candidates.
    threshold_m: metres, by default the protocol's. Raises ProtocolError for runs that do not compare.
    """
    compared = compare(run_a, run_b, n, threshold_m)
    figure = Figure(figsize=SIZE_IN, layout="constrained")
    counted, ranked = figure.subplots(2, 1, height_ratios=(1, 7))
    counted.set_title(
        f"{shown(compared.dataset, 22)}: {compared.counts.total} queries, {compared.threshold_m:g} m, "
        f"R@{n}, p = {compared.p:.2g}"
    )
    _draw_counts(counted, compared)
    candidates = run_a.shortlist.candidates
    rank_a, rank_b = (_ranks(run.first_hits(threshold_m), candidates) for run in (run_a, run_b))
    _draw_ranks(ranked, rank_a, rank_b, n)
    _mark_ranks(ranked, candidates)
    ranked.set_xlabel(f"rank of the first positive, {shown(compared.name_b)}")
    ranked.set_ylabel(f"rank of the first positive, {shown(compared.name_a)}")
    return figure


def _ranks(first_hits: np.ndarray, candidates: int) -> np.ndarray:
    """Return ranks from 1, (Q,), with a place beyond the last candidate for queries without a positive."""
    return np.where(first_hits == NEVER, _beyond(candidates), np.minimum(first_hits, candidates) + 1)


def _beyond(candidates: int) -> float:
    return 1.6 * candidates


def _draw_counts(axis: Axes, compared: Comparison) -> None:
    """Draw a bar of all queries, in parts: hit by a alone, by both, by neither, by b alone."""
    counts = compared.counts
    parts: tuple[tuple[int, str, dict[str, Any]], ...] = (
        (counts.only_a, f"▲ {shown(compared.name_a, 28)} alone", {"facecolor": BLUE, "hatch": "////"}),
        (counts.both, "● both", {"facecolor": PALE}),
        (counts.neither, "● neither", {"facecolor": "white"}),
        (counts.only_b, f"▼ {shown(compared.name_b, 28)} alone", {"facecolor": VERMILLION, "hatch": "...."}),
    )
    left = 0
    for count, label, look in parts:
        axis.barh(0, count, left=left, label=f"{label}: {count}", edgecolor=BLACK, linewidth=0.4, **look)
        left += count
    axis.set_xlim(0, max(left, 1))
    axis.set_axis_off()
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, 0.05), ncols=2, handlelength=1.5)


def _draw_ranks(axis: Axes, rank_a: np.ndarray, rank_b: np.ndarray, n: int) -> None:
    """Draw a mark for each pair of ranks that queries have."""
    if not len(rank_a):
        say(axis, "no queries")
        return
    pairs, counts = np.unique(np.stack([rank_b, rank_a], axis=1), axis=0, return_counts=True)
    hit_b, hit_a = (pairs <= n).T
    for outcome, chosen in {"same": hit_a == hit_b, "won": hit_a & ~hit_b, "lost": hit_b & ~hit_a}.items():
        axis.scatter(
            pairs[chosen, 0], pairs[chosen, 1], s=AREA * counts[chosen], edgecolor="white", linewidth=0.5,
            alpha=0.85, zorder=3, **LOOKS[outcome],
        )  # fmt: skip
    for draw_line in (axis.axvline, axis.axhline):
        draw_line(n + 0.5, color=BLACK, linewidth=0.7, linestyle="--", zorder=1)


def _mark_ranks(axis: Axes, candidates: int) -> None:
    """Give both axes of ranks the same logarithmic scale, with a place for "none"."""
    ticks = [tick for tick in TICKS if tick <= candidates]
    limits = (0.7, 2.2 * candidates)
    axis.set(xscale="log", yscale="log", xlim=limits, ylim=limits)
    for along in (axis.xaxis, axis.yaxis):
        along.set_major_locator(FixedLocator([*ticks, _beyond(candidates)]))
        along.set_major_formatter(FixedFormatter([*map(str, ticks), "none"]))
        along.set_minor_locator(NullLocator())
