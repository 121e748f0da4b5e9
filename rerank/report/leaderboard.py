"""The leaderboard: a board for each task, and one for each condition of tasks that mix several."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from rerank.latency import Percentiles
from rerank.plots.panels import Member
from rerank.report.scripts import number, significant
from rerank.report.subjects import Subject
from rerank.run import Run
from rerank.space import humanise_seconds
from rerank.statistics import Interval
from rerank.tables import Row, Table, make_tables


def make_boards(subjects: Sequence[Subject]) -> list[dict[str, Any]]:
    """Return the boards of all subjects, JSON-able.

    A board's `condition` is "" where it is of all queries of a task that mixes conditions, or that has
    none; `whole` tells it from the boards of single conditions of such a task.
    """
    tables = make_tables([member.run for subject in subjects for member in subject.panel.members])
    boards = []
    for subject, table in zip(subjects, tables, strict=True):
        parts = subject.known_conditions()
        single = parts[0] if len(parts) == 1 and (subject.conditions == parts[0]).all() else ""
        boards.append(_board(subject, table, single, whole=True))
        if not single:
            boards += [_part(subject, condition) for condition in parts]
    return boards


def of_queries(run: Run, chosen: np.ndarray) -> Run:
    """Return the part of a run that is of the `chosen` queries, (Q,) bool."""
    shortlist = run.shortlist
    arrays = ("indices", "distances_m", "descriptor_distances", "positives")
    part = dataclasses.replace(
        shortlist,
        query_names=[name for name, taken in zip(shortlist.query_names, chosen, strict=True) if taken],
        **{name: getattr(shortlist, name)[chosen] for name in arrays},
    )
    scored = ("values", "matches", "inliers", "seconds", "turns")
    return dataclasses.replace(run, shortlist=part, **{name: getattr(run, name)[chosen] for name in scored})


def _part(subject: Subject, condition: str) -> dict[str, Any]:
    """Return the board of the queries of one condition."""
    chosen = subject.conditions == condition
    (table,) = make_tables([of_queries(member.run, chosen) for member in subject.panel.members])
    return _board(subject, table, condition, whole=False)


def _board(subject: Subject, table: Table, condition: str, *, whole: bool) -> dict[str, Any]:
    rows = zip(table.rows, subject.panel.members, strict=True)  # both with retrieval first
    return {
        "task": subject.key,
        "condition": condition,
        "whole": whole,
        "queries": table.queries,
        "ns": table.ns,
        "rows": [_row(row, table.ns, member) for row, member in rows],
        "notes": table.notes,
    }


def _row(row: Row, ns: tuple[int, ...], member: Member) -> dict[str, Any]:
    return {
        "method": member.label,
        "reranks": member.reranks,
        "recalls": [_interval(row.recalls[n]) for n in ns],
        "best": [n in row.best for n in ns],
        "gain": _interval(row.gain),
        "cold": seconds_of(row.cold),
        "warm": seconds_of(row.warm),
    }


def _interval(interval: Interval | None) -> list[float | None] | None:
    """Return [value, low, high]; None where it is unknown."""
    if interval is None or math.isnan(interval.value):
        return None
    return [number(value) for value in dataclasses.astuple(interval)]


def seconds_of(percentiles: Percentiles | None) -> dict[str, Any] | None:
    """Return the median and the 5th and 95th percentile, in seconds and in words; None if not measured."""
    if percentiles is None:
        return None
    measured = (percentiles.median_s, percentiles.low_s, percentiles.high_s)
    return {
        "seconds": [significant(value) for value in measured],
        "words": [humanise_seconds(value) for value in measured],
    }
