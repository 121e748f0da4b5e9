"""Parting runs into panels: one for each task, and the same name and mark for a method in all of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from data.files import digest_of
from networks.settings import settings_dict
from rerank.compare import group_by_task
from rerank.plots.style import GREY, PAGE_WIDTH_IN, RETRIEVAL, Mark, marks_of, shown
from rerank.run import Run

MOST_COLUMNS = 4  # of a legend
COLUMNS = 2  # panels beside each other
ALONE = 0.65  # of the page's width, for one panel


@dataclass(frozen=True)
class Member:
    """A run of a panel. label: its method, told apart from others of the same name."""

    run: Run
    label: str
    mark: Mark

    @property
    def reranks(self) -> bool:
        """Whether the method is more than a retriever alone."""
        return self.run.identity.method.reranks


@dataclass(frozen=True)
class Panel:
    """The runs of one task: dataset and protocol."""

    members: tuple[Member, ...]

    @property
    def run(self) -> Run:
        """Any of the runs, for what all have in common."""
        return self.members[0].run

    @property
    def title(self) -> str:
        """The task in words."""
        identity, queries = self.run.identity, len(self.run.shortlist.query_names)
        counted = "1 query" if queries == 1 else f"{queries} queries"
        return f"{shown(identity.dataset, 22)}: {counted}, {identity.protocol.threshold_m:g} m"

    @property
    def reranking(self) -> tuple[Member, ...]:
        """The runs of methods that re-rank."""
        return tuple(member for member in self.members if member.reranks)

    @property
    def setting(self) -> tuple[object, ...]:
        """What tasks on other queries must have in common with this one to be put beside it."""
        protocol = self.run.identity.protocol
        return protocol.database, protocol.retriever, protocol.top_k, protocol.threshold_m

    @property
    def is_empty(self) -> bool:
        """Whether there is no query to measure anything on."""
        return not self.run.shortlist.query_names


def panels_of(runs: Sequence[Run]) -> list[Panel]:
    """Part runs by task, each method with the same label and mark in every panel."""
    labels = labels_of(runs)
    marks = marks_of(label for run, label in zip(runs, labels, strict=True) if run.identity.method.reranks)
    named = {id(run): label for run, label in zip(runs, labels, strict=True)}
    return [
        Panel(
            tuple(
                Member(run, named[id(run)], marks.get(named[id(run)], RETRIEVAL))
                for run in sorted(group, key=lambda run: (run.identity.method.reranks, named[id(run)]))
            )
        )
        for group in group_by_task(runs)
    ]


def labels_of(runs: Sequence[Run]) -> list[str]:
    """Return the name of each run's method, numbered where methods of one name are set differently."""
    digests = [digest_of(settings_dict(run.identity.method)) for run in runs]
    versions: dict[str, list[str]] = {}
    for run, digest in zip(runs, digests, strict=True):
        known = versions.setdefault(run.name, [])
        if digest not in known:
            known.append(digest)
    labels = []
    for run, digest in zip(runs, digests, strict=True):
        known = versions[run.name]
        number = f" ({known.index(digest) + 1})" if len(known) > 1 else ""
        labels.append(shown(run.name) + number)
    return labels


def figure_of(count: int, y_label: str, *, height_in: float = 2.7) -> tuple[Figure, list[Axes]]:
    """Return a figure with that many plots, side by side and below each other, on one upright axis."""
    columns = min(count, COLUMNS)
    rows = -(-count // columns)
    width_in = PAGE_WIDTH_IN * (1.0 if columns > 1 else ALONE)
    figure = Figure(figsize=(width_in, height_in * rows + 0.4), layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False, sharey=True).flat)
    for first in axes[::columns]:
        first.set_ylabel(y_label)
    for spare in axes[count:]:
        spare.set_axis_off()
    return figure, axes[:count]


def plots_of(panels: Sequence[Panel], x_label: str, y_label: str) -> tuple[Figure, list[tuple[Panel, Axes]]]:
    """Return a figure with a titled plot for each panel, and the panels with their plots."""
    figure, axes = figure_of(len(panels), y_label)
    for number, (panel, axis) in enumerate(zip(panels, axes, strict=True)):
        axis.set_title(panel.title)
        if number + COLUMNS >= len(panels):
            axis.set_xlabel(x_label)
    return figure, list(zip(panels, axes, strict=True))


def say(axis: Axes, message: str) -> None:
    """Write into an empty plot why it is empty."""
    axis.text(0.5, 0.5, message, transform=axis.transAxes, ha="center", va="center", color=GREY)


def legend_below(figure: Figure, handles: Sequence[Artist]) -> None:
    """Put one legend for all plots below them, in as many columns as fit the figure."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    for columns in range(min(MOST_COLUMNS, len(handles)), 0, -1):
        legend = figure.legend(handles=list(handles), loc="outside lower center", ncols=columns)
        if legend.get_window_extent(renderer).width <= figure.bbox.width:
            break
        if columns > 1:
            legend.remove()
