"""Searching windows, split until the provider lists all of each, and resumed from the journal."""

import logging
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from data.curation.events import Draft, Kind
from data.curation.harvest.provider import Answer, OverCapError, Provider
from data.curation.harvest.window import Window
from data.curation.project import Project

WHO = "harvest"

log = logging.getLogger(__name__)


class Searched(NamedTuple):
    """A window that was searched, and what was found in it. key: names it in the journal."""

    key: str
    answer: Answer


def search_all(project: Project, provider: Provider, windows: Sequence[Window]) -> Iterator[Searched]:
    """Yield what windows hold, each split as often as it must be.

    Windows that the journal has as searched are passed over; those that were split are not asked about
    again. The caller journals a window as searched when all of its photos are kept.
    """
    waiting = list(reversed(windows))
    while waiting:
        window = waiting.pop()
        key = f"{provider.name} {provider.scope} {window.key}"
        known = project.state().searched.get(key)
        if known is not None and not known.get("split"):
            continue
        if known is None:
            try:
                answer = provider.search(window)
            except OverCapError as error:
                _journal_split(project, window, key, error.expected)
            else:
                yield Searched(key, answer)
                continue
        waiting.extend(reversed(window.halves() or ()))


def _journal_split(project: Project, window: Window, key: str, expected: int | None) -> None:
    """Journal that a window holds too much, or, where it cannot be split, that its photos are left out."""
    splits = window.halves() is not None
    payload = {"key": key, "split": splits, "expected": expected, "received": 0}
    project.journal.append(WHO, Draft(Kind.SEARCHED, "", payload))
    if not splits:
        log.warning(
            "%s: %s photos of one place and second, more than the provider lists, are left out",
            window.key,
            "too many" if expected is None else expected,
        )
