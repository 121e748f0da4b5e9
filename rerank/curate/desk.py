"""What one curator sees of a project and does to it; every act becomes an event of the journal, once."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from data.curation.addresses import parse_address
from data.curation.events import Draft, Event, Kind
from data.curation.items import Item
from data.curation.positives import Ground, confirm, is_accepted, set_aside, unchecked
from data.curation.project import Project
from data.curation.queue import is_waiting, ruled_out, waiting
from data.curation.records import Action, Decision, Spot
from data.curation.state import State
from data.errors import CurationError
from rerank.curate.requests import Judged, Matched, Noted, Once

FARTHEST_M = 5000.0  # that a photo can be moved
ACT = "act"  # in payloads: which sending of the page an event is of


class Desk:
    """The acts of curators on one project; may be shared by threads."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.ground = Ground(project.database, project.settings.threshold_m)
        self._lock = threading.Lock()  # so that an act is looked for and written as one
        self._acts: dict[str, Event] = {}
        self._read = 0
        self._seated: list[str] = []

    def queue(self, who: str, mode: str) -> list[tuple[str, bool]]:
        """Return ids and whether they are still to be judged, in the order in which they are shown.

        mode: "review", or "positives" for what was accepted. Curators begin at different photos, so that
        two at once do not judge the same.
        """
        state = self.project.state()
        if mode == "positives":
            todo = {item.id for item in unchecked(state)}
            found = [item.id for item in list(state.items.values()) if is_accepted(item)]
            return [(item, item in todo) for item in found]
        todo = {item.id for item in waiting(state, self.project.settings, who)}
        items = list(state.items.values())
        found = [item.id for item in items if item.id in todo or self._is_shown(item, who)]
        start = self._seat(who) * len(found) // 3 % max(1, len(found))
        return [(item, item in todo) for item in [*found[start:], *found[:start]]]

    def item(self, name: str) -> Item:
        """Return an item that is there; raises CurationError for others."""
        found = self.project.state().items.get(name)
        if found is None:
            raise CurationError(f"{name!r}: no such photo in the project")
        if found.gone:
            raise CurationError(f"{name}: is {found.gone}")
        return found

    def shown_spot(self, item: Item, who: str, mode: str) -> Spot:
        """Return where a photo is for a curator: where they put it, and before that where the provider says.

        What others chose is not shown while judging, so that agreement means something.
        """
        if mode == "positives":
            return self.project.spot(item)
        mine = item.decisions().get(who)
        return mine.after if mine and mine.action != Action.SKIP else self.project.harvested_spot(item)

    def judge(self, sent: Judged) -> Event | None:
        """Journal a decision; raises CurationError for one that contradicts itself."""
        item, (before, after) = self.item(sent.item), sent.spots
        if (sent.action == Action.REJECT) != bool(sent.reason):
            raise CurationError(f"{item.id}: a rejection and only a rejection has a reason")
        if sent.action != Action.MOVE and after != before:
            raise CurationError(f"{item.id}: was moved, but the decision is {sent.action.value!r}")
        if sent.moved_m > FARTHEST_M:
            raise CurationError(
                f"{item.id}: moved by {sent.moved_m:.0f} m; at most {FARTHEST_M:.0f} m make sense"
            )
        said = Decision(sent.action.value, before, after, sent.seconds, sent.reason, sent.panorama)
        return self._once(sent, lambda _: Draft(Kind.DECIDED, item.id, said.payload()))

    def match(self, sent: Matched) -> Event | None:
        """Journal a word on positives; raises CurationError where it would not hold."""
        item = self.item(sent.item)
        if bool(sent.reference) == bool(sent.reason):
            raise CurationError(f"{item.id}: name a reference, or a reason why there is none")
        if sent.reference:
            draft = confirm(self.project, self.ground, item.id, sent.reference, sent.seconds)
        else:
            draft = set_aside(self.project, item.id, sent.reason, sent.seconds)
        return self._once(sent, lambda _: draft)

    def note(self, sent: Noted) -> Event | None:
        """Journal a curator's note."""
        item = self.item(sent.item)
        return self._once(sent, lambda _: Draft(Kind.NOTED, item.id, {"text": sent.text}))

    def undo(self, sent: Once) -> Event | None:
        """Take back a curator's newest word; None where none is left."""
        return self._once(sent, lambda state: state.undo(sent.who))

    def redo(self, sent: Once) -> Event | None:
        """Restore what a curator took back last; None where there is nothing."""
        return self._once(sent, lambda state: state.redo(sent.who))

    def changed(self, after: int, who: str) -> tuple[int, dict[str, bool]]:
        """Return the newest sequence number, and which photos touched since `after` are to be judged."""
        events = self.project.journal.events(after)
        state = self.project.state()
        touched = sorted({event.item for event in events if event.item in state.items})
        todo = {item: is_waiting(state.items[item], self.project.settings, who) for item in touched}
        return (events[-1].sequence if events else after), todo

    def place(self, text: str) -> dict[str, Any]:
        """Return the spot that an address tells, in the project's metres; raises CurationError."""
        found = parse_address(text)
        east, north = self.project.grid.to_metres(np.array([[found.latitude, found.longitude]]))[0].tolist()
        return {"east": east, "north": north, "heading": found.heading, "panorama": found.panorama}

    def database_photo(self, index: int) -> Path:
        """Return where a database photo is; raises CurationError for a number that there is not."""
        if not 0 <= index < len(self.project.database):
            raise CurationError(f"the database has no photo {index}")
        return self.project.database.path(index)

    def _is_shown(self, item: Item, who: str) -> bool:
        """Tell whether a curator who judged an item goes back to it."""
        return who in item.decisions() and not ruled_out(item, self.project.settings)

    def _seat(self, who: str) -> int:
        """Return a number for each curator, 0 for the first who came."""
        with self._lock:
            known = self.project.state().curators()
            self._seated += [name for name in (*known, who) if name not in self._seated]
            return self._seated.index(who)

    def _once(self, sent: Once, make: Callable[[State], Draft | None]) -> Event | None:
        """Append an event unless this act's is there already: a page that had no answer sends again."""
        with self._lock:
            self._follow()
            if sent.key in self._acts:
                return self._acts[sent.key]
            made = make(self.project.state())
            if made is None:
                return None
            payload = {**made.payload, ACT: sent.key}
            return self.project.journal.append(sent.who, made._replace(payload=payload))[0]

    def _follow(self) -> None:
        for event in self.project.journal.events(self._read):
            self._read = event.sequence
            if ACT in event.payload:
                self._acts[str(event.payload[ACT])] = event
