"""A query with its first candidates, before re-ranking and after it by several methods."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rerank.metrics import NEVER
from rerank.pictures.photos import Picture, bare, height_over_width, put
from rerank.plots.style import PAGE_WIDTH_IN, RIGHT, WRONG, blank, ink, shown, styled
from rerank.run import Run

TOP = 5
QUERY_IN = 1.7  # width of the query's photo
GAP_IN = 0.11
EDGE_IN = 0.06
TITLE_IN = 0.26
WORDS_IN = 0.34  # height of the words below a photo
WORDS_PT = 6.5
# Right and wrong differ in the frame's line and in a sign, not in colour alone.
FRAMES: dict[bool, dict[str, Any]] = {
    True: {"color": RIGHT, "linestyle": "-", "linewidth": 2.4},
    False: {"color": WRONG, "linestyle": (0, (3, 1.5)), "linewidth": 1.4},
}
SIGNS = {True: "✓ right", False: "✗ wrong"}


@dataclass(frozen=True)
class Candidate:
    """A candidate at its place in a ranking.

    index: in the database. distance_m: from the query. score: minus infinity where there is none.
    """

    index: int
    distance_m: float
    right: bool
    score: float


@dataclass(frozen=True)
class Ranking:
    """The first candidates of a query by one method.

    first_hit: rank of the first positive, from 1; None where there is none among the candidates.
    """

    label: str
    candidates: tuple[Candidate, ...]
    first_hit: int | None


def retrieved(run: Run, query: int, top: int = TOP) -> Ranking:
    """Return a query's first candidates before re-ranking, with their similarities as scores."""
    columns = np.arange(run.shortlist.candidates)[:top]
    scores = -run.shortlist.descriptor_distances[query].astype(np.float64)
    label = f"before re-ranking ({run.identity.protocol.retriever})"
    return _ranking(run, label, query, columns, scores, run.retrieval_first_hits())


def reranked(run: Run, label: str, query: int, top: int = TOP) -> Ranking:
    """Return a query's first candidates after re-ranking."""
    return _ranking(run, label, query, run.order[query, :top], run.values[query], run.first_hits())


def telling_query(runs: Sequence[Run]) -> int:
    """Return a query that shows what re-ranking does, of runs on the same queries.

    The first that the last run gets right and retrieval does not; else the first that it moves into
    place from elsewhere or out of it; else the first query.
    """
    run = runs[-1]
    before, after = run.retrieval_first_hits(), run.first_hits()
    for chosen in ((after == 0) & (before > 0), (after == 0) != (before == 0), before != NEVER):
        if chosen.any():
            return int(np.argmax(chosen))
    return 0


@styled
def draw_predictions(
    name: str, query: Picture, rankings: Sequence[Ranking], picture_of: Callable[[int], Picture]
) -> Figure:
    """Draw a query, and beside it its first candidates by each method, a row for each.

    name: of the query. picture_of: gives the photo of a database index. Frames and words tell right
    candidates (a whole frame) from wrong ones (a broken frame).
    """
    if not rankings:
        return blank("no runs")
    columns = max(1, *(len(ranking.candidates) for ranking in rankings))
    cell_in = (PAGE_WIDTH_IN - QUERY_IN - columns * GAP_IN - 2 * EDGE_IN) / columns
    photo_in = cell_in * height_over_width(query.size)
    row_in = TITLE_IN + photo_in + WORDS_IN
    query_in = QUERY_IN * height_over_width(query.size)
    figure = Figure(figsize=(PAGE_WIDTH_IN, max(row_in * len(rankings), TITLE_IN + query_in + WORDS_IN)))
    _draw_query(_axis_at(figure, EDGE_IN, TITLE_IN, QUERY_IN, query_in), name, query)
    for row, ranking in enumerate(rankings):
        for rank, candidate in enumerate(ranking.candidates, start=1):
            left = EDGE_IN + QUERY_IN + GAP_IN + (rank - 1) * (cell_in + GAP_IN)
            axis = _axis_at(figure, left, TITLE_IN + row * row_in, cell_in, photo_in)
            _draw_candidate(axis, rank, candidate, picture_of(candidate.index))
            if rank == 1:
                axis.set_title(_heading(ranking), pad=5)
    return figure


def score_in_words(score: float) -> str:
    """Write a score with four digits, large ones in whole numbers; "no score" for minus infinity."""
    if not np.isfinite(score):
        return "no score"
    return f"score {score:,.0f}" if abs(score) >= 1000 else f"score {score:.4g}"


def _ranking(
    run: Run, label: str, query: int, columns: np.ndarray, scores: np.ndarray, first_hits: np.ndarray
) -> Ranking:
    shortlist, labels = run.shortlist, run.labels()
    present = [int(column) for column in columns if shortlist.indices[query, column] >= 0]
    candidates = tuple(
        Candidate(
            index=int(shortlist.indices[query, column]),
            distance_m=float(shortlist.distances_m[query, column]),
            right=bool(labels[query, column]),
            score=float(scores[column]),
        )
        for column in present
    )
    first = int(first_hits[query])
    return Ranking(label, candidates, None if first == NEVER else first + 1)


def _heading(ranking: Ranking) -> str:
    if ranking.first_hit is None:
        return f"{shown(ranking.label)}: none right among the candidates"
    return f"{shown(ranking.label)}: first right at {ranking.first_hit}"


def _axis_at(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Return axes at a place of the figure in inches from its upper left corner."""
    whole_width, whole_height = figure.get_size_inches()
    bottom = 1 - (top + height) / whole_height
    axis = figure.add_axes(
        (left / whole_width, bottom, width / whole_width, height / whole_height), anchor="N"
    )
    bare(axis)
    return axis


def _draw_query(axis: Axes, name: str, query: Picture) -> None:
    put(axis, query)
    axis.set_title("query", pad=5)
    axis.set_xlabel(shown(name, 22), fontsize=WORDS_PT)


def _draw_candidate(axis: Axes, rank: int, candidate: Candidate, picture: Picture) -> None:
    put(axis, picture)
    for spine in axis.spines.values():
        spine.set(**FRAMES[candidate.right])
    distance = f"{candidate.distance_m:,.0f} m" if np.isfinite(candidate.distance_m) else "distance unknown"
    words = f"{rank}. {SIGNS[candidate.right]}, {distance}\n{score_in_words(candidate.score)}"
    axis.set_xlabel(words, fontsize=WORDS_PT, labelpad=3, color=ink(RIGHT if candidate.right else WRONG))
