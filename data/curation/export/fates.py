"""What becomes of each photo of a project: exported, or left out at some step for a reason."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from data.curation.items import Item
from data.curation.queue import ruled_out
from data.curation.records import Action, Spot
from data.curation.settings import Settings
from data.curation.state import State

STEPS = ("recheck", "sort", "group", "review", "positives", "export")


class Fate(NamedTuple):
    """The step at which a photo is left out, and why; both "" for one that is exported."""

    step: str
    reason: str


EXPORTED = Fate("", "")


@dataclass(frozen=True)
class Chosen:
    """A photo to export. reference: base name of a database photo that shows its scene, "" for none named."""

    item: Item
    spot: Spot
    reference: str
    moved: bool


def fate(item: Item, settings: Settings, *, checked: bool) -> Fate:
    """Return what becomes of a photo.

    checked: export only photos whose positives a curator has confirmed; else also those that nobody has
    looked at yet. A photo that a curator set aside is never exported.
    """
    if item.gone:
        return Fate("recheck", item.gone)
    if not settings.allows(item.photo.licence):
        return Fate("recheck", f"licence {item.photo.licence} is not allowed")
    if item.disputed():
        return Fate("review", "disputed")
    decision = item.settled()
    if decision is None:
        return _unjudged(item, settings)
    if decision.action == Action.REJECT:
        return Fate("review", decision.reason or "rejected")
    match = item.match()
    if match is None:
        return Fate("positives", "not checked") if checked else EXPORTED
    return EXPORTED if match.reference else Fate("positives", match.reason or "no positive")


def choose(state: State, settings: Settings, *, checked: bool) -> list[Chosen]:
    """Return the photos to export, in the order of harvesting."""
    chosen = []
    for item in list(state.items.values()):
        decision = item.settled()
        if decision is not None and fate(item, settings, checked=checked) == EXPORTED:
            match = item.match()
            reference = match.reference if match else ""
            chosen.append(Chosen(item, decision.after, reference, decision.action == Action.MOVE))
    return chosen


def count_fates(items: Iterable[Item], settings: Settings, *, checked: bool) -> Counter[Fate]:
    """Count the photos of each fate."""
    return Counter(fate(item, settings, checked=checked) for item in items)


def _unjudged(item: Item, settings: Settings) -> Fate:
    """Return why a photo was not judged: put aside before, or still waiting for a curator."""
    reason = ruled_out(item, settings)
    if not reason:
        return Fate("review", "waiting")
    if item.membership is not None and not item.membership.kept and reason.startswith("near copy"):
        return Fate("group", "near copy")
    return Fate("sort", reason)
