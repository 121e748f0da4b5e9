"""One photo of a project, with all that was done to it."""

from collections.abc import Mapping
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
        for word in self.words:
            if word.stands and isinstance(word.said, Decision):
                found.pop(word.who, None)
                found[word.who] = word.said
        return found

    def judgements(self) -> dict[str, Decision]:
        """Return `decisions` without the skips."""
        return {who: one for who, one in self.decisions().items() if one.action != Action.SKIP}

    def settled(self) -> Decision | None:
        """Return the newest judgement where all curators agree on taking the photo or not.

        None where nobody has judged, and where curators contradict one another (see `disputed`).
        """
        judged = list(self.judgements().values())
        return judged[-1] if judged and not self.disputed() else None

    def disputed(self) -> bool:
        """Tell whether one curator takes the photo and another rejects it."""
        return len({one.action == Action.REJECT for one in self.judgements().values()}) > 1

    def match(self) -> Match | None:
        """Return the newest standing word on whether the database shows the scene, None where none stands."""
        found = [word.said for word in self.words if word.stands and isinstance(word.said, Match)]
        return found[-1] if found else None
