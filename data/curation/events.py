"""The events of a journal: what kinds there are, and how one looks."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple


class Kind(StrEnum):
    """What an event tells. Payloads are those of `records` where one is named.

    Of no single item: STEP {step, state "began" or "ended", settings, counts, seconds}; SEARCHED {key,
    expected, received, ...} a search that need not be made again.
    Of the steps: HARVESTED `Photo`; REFUSED {reason, source} a photo that was not kept; CHECKED {licence} the
    provider still has it; WITHDRAWN {reason}; SORTED `Sorting`; GROUPED `Membership`.
    Of people: DECIDED `Decision`; MATCHED `Match`; UNDONE and REDONE {of} the sequence number of one of
    these; NOTED {text}; REMOVED {reason} never to be exported.
    """

    STEP = "step"
    SEARCHED = "searched"
    HARVESTED = "harvested"
    REFUSED = "refused"
    CHECKED = "checked"
    WITHDRAWN = "withdrawn"
    SORTED = "sorted"
    GROUPED = "grouped"
    DECIDED = "decided"
    MATCHED = "matched"
    UNDONE = "undone"
    REDONE = "redone"
    NOTED = "noted"
    REMOVED = "removed"


class Draft(NamedTuple):
    """An event that is not in the journal yet. item: "" where it concerns none. payload: JSON-able."""

    kind: Kind
    item: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a journal. sequence: 1, 2, 3... time: UTC, ISO 8601 with milliseconds and a Z."""

    sequence: int
    time: str
    who: str
    kind: str
    item: str
    payload: Mapping[str, Any]
