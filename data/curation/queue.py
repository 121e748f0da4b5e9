"""Which photos a curator is asked about: what the steps left over, shared between curators."""

import hashlib

from data.curation.items import Item
from data.curation.settings import Settings
from data.curation.state import State


def ruled_out(item: Item, settings: Settings) -> str:
    """Say why a photo is not shown to curators, "" where it is to be shown.

    What the signs disagree about, or say too little of, is shown: a machine only puts aside what all of
    its signs agree on, and an item that was put aside stays in the project.
    """
    if item.gone:
        return item.gone
    if item.sorting is not None:
        if item.sorting.place == "indoor":
            return "indoor"
        if not item.sorting.leaves_open(settings.light):
            return item.sorting.light
    if item.membership is not None and not item.membership.kept:
        return f"near copy of {item.membership.group}"
    return ""


def shown_twice(item_id: str, settings: Settings) -> bool:
    """Tell whether a photo is among the share that two curators judge, to measure how they agree."""
    digest = hashlib.sha256(f"{settings.seed}/{item_id}".encode()).digest()
    return int.from_bytes(digest[:8]) < settings.twice_share * 2**64


def waiting(state: State, settings: Settings, who: str) -> list[Item]:
    """Return what one curator is still to decide, in the order of harvesting.

    That is what nobody has decided, the share that is shown twice and was decided by one other curator,
    and what two others dispute; never what this curator decided or skipped.
    """
    return [item for item in list(state.items.values()) if is_waiting(item, settings, who)]


def is_waiting(item: Item, settings: Settings, who: str) -> bool:
    """Tell whether a photo is among those that a curator is still to decide, see `waiting`."""
    if ruled_out(item, settings):
        return False
    if not item.words:
        return True
    if who in item.decisions():
        return False
    judges = len(item.judgements())
    return judges == 0 or item.disputed() or (judges == 1 and shown_twice(item.id, settings))
