"""The state of a project: a fold over its journal's events.

`State.take` adds new events to what the earlier ones came to, so that following a journal of any length
costs only what is new. Items are frozen: one that was read stays as it is when the state takes more.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from data.curation.events import Draft, Event, Kind
from data.curation.items import Item, Word
from data.curation.records import Decision, Match, Membership, Photo, Sorting
from data.errors import CurationError


@dataclass
class _History:
    """What one curator can undo and redo: sequence numbers and items, the newest last."""

    done: list[tuple[int, str]] = field(default_factory=list)
    undone: list[tuple[int, str]] = field(default_factory=list)


class State:
    """All items of a project, after the events taken so far.

    items: id -> item, in the order of harvesting. sequence: of the newest event taken. refused: item id ->
    why its photo was not kept. searched: keys of finished searches -> their payloads. steps: payloads of
    the steps begun and ended, in order. removed: ids on the removal list.
    """

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.sequence = 0
        self.refused: dict[str, str] = {}
        self.searched: dict[str, Mapping[str, object]] = {}
        self.steps: list[Event] = []
        self.removed: set[str] = set()
        self._histories: dict[str, _History] = {}

    def take(self, events: Iterable[Event]) -> "State":
        """Add events that follow those taken before, and return this state.

        Raises CurationError for an event that comes out of turn or names an item that was not harvested.
        """
        for event in events:
            if event.sequence != self.sequence + 1:
                raise CurationError(f"event {event.sequence} came after {self.sequence}; events are missing")
            handler = _HANDLERS.get(event.kind)
            if handler is None:
                raise CurationError(
                    f"event {event.sequence} is of an unknown kind {event.kind!r}; update the program"
                )
            handler(self, event)
            self.sequence = event.sequence
        return self

    def undo(self, who: str) -> Draft | None:
        """Return the event by which `who` takes back the newest word that stands; None where none is left."""
        return _about_last(Kind.UNDONE, self._history(who).done)

    def redo(self, who: str) -> Draft | None:
        """Return the event by which `who` restores what was undone last; None after another word."""
        return _about_last(Kind.REDONE, self._history(who).undone)

    def curators(self) -> list[str]:
        """Return, sorted, who has decided or undone anything."""
        return sorted(self._histories)

    def _history(self, who: str) -> _History:
        return self._histories.get(who) or _History()

    def _item(self, event: Event) -> Item:
        try:
            return self.items[event.item]
        except KeyError as error:
            raise CurationError(
                f"event {event.sequence} ({event.kind}) is of item {event.item!r}, which was not harvested"
            ) from error


def _about_last(kind: Kind, words: list[tuple[int, str]]) -> Draft | None:
    return Draft(kind, words[-1][1], {"of": words[-1][0]}) if words else None


def _step(state: State, event: Event) -> None:
    state.steps.append(event)


def _searched(state: State, event: Event) -> None:
    state.searched[event.payload["key"]] = event.payload


def _harvested(state: State, event: Event) -> None:
    """Add an item; a photo harvested again after it was withdrawn keeps what was decided."""
    photo = Photo.of(event.payload)
    gone = "removed" if event.item in state.removed else ""
    known = state.items.get(event.item, Item(event.item, photo))
    state.items[event.item] = replace(known, photo=photo, gone=gone)
    state.refused.pop(event.item, None)


def _refused(state: State, event: Event) -> None:
    state.refused[event.item] = event.payload["reason"]


def _checked(state: State, event: Event) -> None:
    item = state._item(event)
    photo = replace(item.photo, licence=event.payload["licence"])
    state.items[item.id] = replace(item, photo=photo, checked=event.time)


def _withdrawn(state: State, event: Event) -> None:
    state.items[event.item] = replace(state._item(event), gone=event.payload["reason"])


def _removed(state: State, event: Event) -> None:
    """Put an id on the removal list, also where nothing was harvested under it yet."""
    state.removed.add(event.item)
    if event.item in state.items:
        state.items[event.item] = replace(state.items[event.item], gone="removed")


def _sorted(state: State, event: Event) -> None:
    state.items[event.item] = replace(state._item(event), sorting=Sorting.of(event.payload))


def _grouped(state: State, event: Event) -> None:
    state.items[event.item] = replace(state._item(event), membership=Membership.of(event.payload))


def _noted(state: State, event: Event) -> None:
    item = state._item(event)
    notes = {**item.notes, event.who: event.payload["text"]}
    kept = {who: text for who, text in notes.items() if text}
    state.items[item.id] = replace(item, notes=kept)


def _decided(state: State, event: Event) -> None:
    _say(state, event, Decision.of(event.payload))


def _matched(state: State, event: Event) -> None:
    _say(state, event, Match.of(event.payload))


def _say(state: State, event: Event, said: Decision | Match) -> None:
    item = state._item(event)
    word = Word(event.sequence, event.time, event.who, said)
    state.items[item.id] = replace(item, words=(*item.words, word))
    history = state._histories.setdefault(event.who, _History())
    history.done.append((event.sequence, item.id))
    history.undone.clear()


def _undone(state: State, event: Event) -> None:
    history = state._histories.setdefault(event.who, _History())
    _take_back(state, event, history.done, history.undone, stands=False)


def _redone(state: State, event: Event) -> None:
    history = state._histories.setdefault(event.who, _History())
    _take_back(state, event, history.undone, history.done, stands=True)


def _take_back(
    state: State,
    event: Event,
    source: list[tuple[int, str]],
    target: list[tuple[int, str]],
    *,
    stands: bool,
) -> None:
    """Let the word that the event names stand or not, and move it between the curator's two lists.

    Two windows of one curator may undo the same word at once: the second finds it undone and changes
    nothing.
    """
    named = (event.payload["of"], event.item)
    if named not in source:
        return
    source.remove(named)
    target.append(named)
    item = state._item(event)
    words = [replace(w, stands=stands) if w.sequence == named[0] else w for w in item.words]
    state.items[item.id] = replace(item, words=tuple(words))


_HANDLERS: dict[str, Callable[[State, Event], None]] = {
    Kind.STEP: _step,
    Kind.SEARCHED: _searched,
    Kind.HARVESTED: _harvested,
    Kind.REFUSED: _refused,
    Kind.CHECKED: _checked,
    Kind.WITHDRAWN: _withdrawn,
    Kind.SORTED: _sorted,
    Kind.GROUPED: _grouped,
    Kind.DECIDED: _decided,
    Kind.MATCHED: _matched,
    Kind.UNDONE: _undone,
    Kind.REDONE: _redone,
    Kind.NOTED: _noted,
    Kind.REMOVED: _removed,
}
