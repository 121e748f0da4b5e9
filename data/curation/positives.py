"""Checking positives: the database photos near each accepted query, and a curator's word on them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from data.curation.events import Draft, Kind
from data.curation.items import Item
from data.curation.project import Project
from data.curation.records import Action, Match, Spot
from data.curation.state import State
from data.errors import CurationError
from data.photoset import PhotoSet
from data.positives import find_positives

NONE_NEAR = "no database photo near"
SET_ASIDE = ("other side", "hidden", "changed", "too dark", NONE_NEAR)  # usual reasons; others may be typed


@dataclass(frozen=True)
class Near:
    """A database photo near a spot. index: in the database. distance_m: from the spot, metres."""

    index: int
    name: str
    distance_m: float


class Ground:
    """The database of a project, asked for what is near a place."""

    def __init__(self, database: PhotoSet, threshold_m: float) -> None:
        self._database = database
        self._threshold_m = threshold_m
        self._tree = KDTree(database.positions) if len(database) else None
        self._rows = {name: index for index, name in enumerate(database.names)}

    def near(self, spot: Spot) -> list[Near]:
        """Return the photos within the threshold of a spot, the nearest first, equal ones in their order."""
        place = np.array([spot[:2]], np.float64)
        around = self.around(spot, self._threshold_m + 1.0)  # which is fast; the limit is kept in one place
        (inside,) = find_positives(self._database.positions[around], place, self._threshold_m)
        found = around[inside]
        away = np.hypot(*(self._database.positions[found] - place).T)
        order = np.argsort(away, kind="stable")
        return [Near(int(found[i]), self._database.names[found[i]], float(away[i])) for i in order]

    def around(self, spot: Spot, radius_m: float) -> np.ndarray:
        """Return the rows of the photos within a radius, increasing."""
        if self._tree is None:
            return np.empty(0, np.int64)
        return np.asarray(self._tree.query_ball_point(spot[:2], radius_m, return_sorted=True), np.int64)

    def index(self, name: str) -> int:
        """Return the row of a database photo by its base name; raises CurationError for an unknown one."""
        if name not in self._rows:
            raise CurationError(
                f"the database has no photo {name!r}; expected a base name of {self._database.folder}"
            )
        return self._rows[name]


def unchecked(state: State) -> list[Item]:
    """Return the accepted photos on whose positives nobody has said a word, in the order of harvesting."""
    return [item for item in list(state.items.values()) if is_accepted(item) and not item.match()]


def is_accepted(item: Item) -> bool:
    """Tell whether curators agree on taking a photo that is still there."""
    decision = item.settled()
    return not item.gone and decision is not None and decision.action != Action.REJECT


def confirm(project: Project, ground: Ground, item: str, reference: str, seconds: float) -> Draft:
    """Return the event by which a database photo shows the scene of an accepted photo.

    reference: its base name. seconds: that it took. Raises CurationError for a photo that is not accepted, or
    a reference that is unknown or farther away than the threshold.
    """
    spot = project.spot(_accepted(project, item))
    ground.index(reference)
    if reference not in {near.name for near in ground.near(spot)}:
        raise CurationError(
            f"{item}: {reference} is farther away than {project.settings.threshold_m:g} m, "
            "so it would not count"
        )
    return _draft(item, Match(reference, seconds))


def set_aside(project: Project, item: str, reason: str, seconds: float) -> Draft:
    """Return the event by which no database photo shows the scene of an accepted photo, and why.

    Raises CurationError for a photo that is not accepted, and where no reason is given.
    """
    _accepted(project, item)
    if not reason.strip():
        raise CurationError(f"{item}: say why it is set aside, such as {', '.join(SET_ASIDE[:3])}")
    return _draft(item, Match("", seconds, reason.strip()))


def set_aside_lonely(project: Project, ground: Ground) -> list[str]:
    """Set aside the accepted photos that have no database photo near at all; return their ids.

    No curator is needed for these; undoing the decision on a photo and placing it anew brings it back.
    """
    lonely = [item.id for item in unchecked(project.state()) if not ground.near(project.spot(item))]
    drafts: Sequence[Draft] = [_draft(item, Match("", 0.0, NONE_NEAR)) for item in lonely]
    if drafts:
        project.journal.append("positives", *drafts)
    return lonely


def _accepted(project: Project, item: str) -> Item:
    found = project.state().items.get(item)
    if found is None:
        raise CurationError(f"{item!r}: no such photo in the project")
    if not is_accepted(found):
        raise CurationError(f"{item}: is not accepted, so its positives are not checked")
    return found


def _draft(item: str, match: Match) -> Draft:
    return Draft(Kind.MATCHED, item, match.payload())
