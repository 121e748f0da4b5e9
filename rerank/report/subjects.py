"""The subjects of a report: tasks (a dataset with a protocol), with their runs and, if found, photos."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from data.errors import DatasetError
from data.files import digest_of
from data.named import NAMED_SETS
from rerank.plots.panels import Member, Panel, panels_of
from rerank.run import Run, RunIdentity, Shortlist
from rerank.sources import open_task
from rerank.task import Task

CONDITIONS = ("day", "night", "sunset")  # that the name of a dataset can end with


@dataclass(frozen=True, eq=False)
class Subject:
    """A task and the runs that were measured on it.

    key: names its files; the same for the same dataset and protocol. panel: its runs, with the labels of
    their methods. task: its photos, None where they were not found. query_ids: Q, of links; they depend
    on the names of dataset and query alone. conditions: (Q,) str, "" where unknown.
    """

    key: str
    panel: Panel
    task: Task | None
    query_ids: list[str]
    conditions: np.ndarray

    @property
    def run(self) -> Run:
        """Any of the runs, for what all have in common."""
        return self.panel.run

    @property
    def shortlist(self) -> Shortlist:
        """The candidates that every method was given."""
        return self.run.shortlist

    @property
    def reranking(self) -> tuple[Member, ...]:
        """The runs of methods that re-rank."""
        return self.panel.reranking

    def known_conditions(self) -> list[str]:
        """Return the conditions of the queries, sorted."""
        return sorted({str(condition) for condition in self.conditions} - {""})


def make_subjects(runs: Sequence[Run], sources: Mapping[str, str]) -> tuple[list[Subject], list[str]]:
    """Part runs by task and find each task's photos; also return a warning for each that lacks them.

    sources: dataset's name -> where its photos are; by default where a run says that they lay. Raises
    DatasetError where a place that was given does not hold them.
    """
    subjects, warnings = [], []
    for panel in panels_of(runs):
        identity = panel.run.identity
        task = None
        try:
            task = _open_task(panel, sources.get(identity.dataset))
        except DatasetError as error:
            if identity.dataset in sources:
                raise
            warnings.append(
                f"{identity.dataset} is shown without photos and map: {error}. "
                f"--dataset {identity.dataset}=PATH says where they are"
            )
        subjects.append(
            Subject(
                key=_key(identity),
                panel=panel,
                task=task,
                query_ids=query_ids(identity.dataset, panel.run.shortlist.query_names),
                conditions=_conditions(panel.run, task),
            )
        )
    return subjects, warnings


def query_ids(dataset: str, names: Sequence[str]) -> list[str]:
    """Return a query's part of a link: 12 hexadecimal digits of its dataset and name.

    Of queries with equal names, in several folders, the later ones are numbered.
    """
    seen: Counter[str] = Counter()
    ids = []
    for name in names:
        ids.append(digest_of([dataset, name, seen[name]])[:12])
        seen[name] += 1
    return ids


def _key(identity: RunIdentity) -> str:
    """Return a name for the files of a task that can stand in every file system and address."""
    slug = re.sub(r"[^a-z0-9_]+", "-", identity.dataset.lower()).strip("-")[:40] or "dataset"
    return f"{slug}-{digest_of([identity.dataset, identity.protocol.digest])[:8]}"


def _open_task(panel: Panel, source: str | None) -> Task:
    """Open the photos of a task by whichever of its runs knows where they lie."""
    runs = [member.run for member in panel.members]
    return open_task(next((run for run in runs if run.origin), runs[0]), source)


def _conditions(run: Run, task: Task | None) -> np.ndarray:
    """Return the queries' conditions as the dataset tells them, without it as the dataset's name does."""
    if task is not None:
        return task.dataset.queries.conditions[task.query_rows]
    name = run.identity.dataset
    ending = name.rpartition("_")[2]
    known = NAMED_SETS[name].condition if name in NAMED_SETS else ending if ending in CONDITIONS else ""
    return np.full(len(run.shortlist.query_names), known)
