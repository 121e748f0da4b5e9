"""One photo of a project, with all that was done to it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from data.curation.records import Action, Decision, Match, Membership, Photo, Sorting


@dataclass(frozen=True, slots=True)
class Word:
    """A decision or a match of one curator, which may be undone. sequence: of its event, which names it."""

    sequence: int
    time: str
    who: str
    said: Decision | Match
    stands: bool = True


@dataclass(frozen=True, slots=True)
class Item:
    """What is known of one photo.

    gone: why its file is away ("withdrawn", "relicensed", "removed"), "" while it is there. checked: when the
    provider was last asked whether it still has the photo, UTC, "" for never. sorting,
    membership: None before the step. words: all decisions and matches in order, undone ones included.
    notes: curator -> text.
    """

    id: str
    photo: Photo
    gone: str = ""
    checked: str = ""
    sorting: Sorting | None = None
    membership: Membership | None = None
    words: tuple[Word, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)

    def decisions(self) -> dict[str, Decision]:
        """Return each curator's newest standing decision, the oldest of them first; skips are among them."""
        found: dict[str, Decision] = {}
        for who, said in self._decisions():
            found.pop(who, None)
            found[who] = said
        return found

    def judgements(self) -> dict[str, Decision]:
        """Return `decisions` without the skips."""
        return {who: one for who, one in self.decisions().items() if one.action != Action.SKIP}

    def settled(self) -> Decision | None:
        """Return the newest judgement of the side that more curators are on: taking the photo, or not.

        Where both sides are equal the word decides that was said on that: a third curator's, or a later one
        of a curator who looked again. None where nobody has judged, and where no such word was said.
        """
        judged: dict[str, Decision] = {}
        decisive: Decision | None = None
        for who, said in self._decisions():
            was_even = _majority(judged) is None and bool(judged)
            judged.pop(who, None)
            if said.action != Action.SKIP:
                judged[who] = said
            if not was_even or _majority(judged) is not None:
                decisive = None
            elif said.action != Action.SKIP:
                decisive = said
        rejects = _majority(judged)
        if rejects is None:
            return decisive
        return [one for one in judged.values() if _rejects(one) == rejects][-1]

    def disputed(self) -> bool:
        """Tell whether as many curators take the photo as reject it, and no word was said on that."""
        return bool(self.judgements()) and self.settled() is None

    def match(self) -> Match | None:
        """Return the newest standing word on whether the database shows the scene, None where none holds.

        One that was said before the last judgement does not: the photo may have been placed anew since, so
        that what was near is not what is near.
        """
        found: Match | None = None
        for said in (word.said for word in self.words if word.stands):
            if isinstance(said, Match):
                found = said
            elif said.action != Action.SKIP:
                found = None
        return found

    def _decisions(self) -> Iterator[tuple[str, Decision]]:
        return ((w.who, w.said) for w in self.words if w.stands and isinstance(w.said, Decision))


def _rejects(decision: Decision) -> bool:
    return decision.action == Action.REJECT


def _majority(judged: Mapping[str, Decision]) -> bool | None:
    """Tell whether more of the curators reject a photo than take it, None where they are as many."""
    against = sum(_rejects(one) for one in judged.values())
    return None if 2 * against == len(judged) else 2 * against > len(judged)
