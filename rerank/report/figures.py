"""The report's plots: those that the runs have data for, with the words that go with each."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rerank.plots import KINDS, save
from rerank.progress import stage
from rerank.run import Run

FOLDER = "plots"


@dataclass(frozen=True)
class Words:
    """What is said of a plot. caption: how to read it."""

    title: str
    caption: str = ""


# By the names of `rerank.plots.KINDS`; a kind that is not here is shown under its name.
WORDS = {
    "latency_recall": Words(
        "Latency against recall",
        "Up and left is better. The stepped line joins the methods that none beats in both.",
    ),
    "latency_stages": Words("Where the time goes", "Seconds of a query in each stage, median."),
    "recall_candidates": Words(
        "Recall against the candidates re-ranked",
        "What re-ranking more candidates gains, below the bound that retrieval sets.",
    ),
    "recall_adaptive": Words(
        "Fewer candidates",
        "Hollow marks: where a rule stops that was learned on other queries, the recall that is left, and "
        "the share of the seconds that is saved.",
    ),
    "recall_threshold": Words(
        "Recall against the distance threshold",
        "How near a photo must be to count as showing the place.",
    ),
    "day_night": Words("Day against night", "What each method loses in the dark."),
    "recall_dial": Words(
        "Recall on the drawn city", "Against how dark, how far off or how covered its queries are."
    ),
}


def draw_plots(runs: Sequence[Run], folder: Path) -> list[dict[str, str]]:
    """Draw the plots that `runs` have data for into `folder`; return what is said of each, JSON-able."""
    wanted = {name: kind for name, kind in KINDS.items() if not kind.lacking(runs)}
    with stage("drawing plots", len(wanted)) as progress:
        for name, kind in wanted.items():
            save(kind.draw(runs, 1), folder / name)
            progress.advance()
    said = {name: WORDS.get(name, Words(name.replace("_", " "))) for name in wanted}
    return [{"file": name, "title": words.title, "caption": words.caption} for name, words in said.items()]
