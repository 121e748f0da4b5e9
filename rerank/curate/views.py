"""Items as the page shows them, JSON-able; texts of strangers go along as texts."""

from typing import Any

import numpy as np

from data.curation.items import Item
from data.curation.positives import Near
from data.curation.records import Spot
from rerank.curate.desk import Desk
from rerank.curate.tiles import world_plane

GROUND_M = 400.0  # around a photo, within which database photos are sent along
MOST_GROUND = 3000


def view_item(desk: Desk, item: Item, who: str, mode: str) -> dict[str, Any]:
    """Return all that the page shows of an item."""
    photo, spot = item.photo, desk.shown_spot(item, who, mode)
    origin = desk.project.harvested_spot(item)
    decision, match = item.decisions().get(who), item.match()
    sorting = item.sorting
    return {
        "id": item.id,
        "page": photo.page if photo.page.startswith(("https://", "http://")) else "",
        "about": [photo.owner, photo.licence, photo.taken, photo.accuracy],
        "origin": list(origin),
        "spot": list(spot),
        "degrees": [photo.latitude, photo.longitude],
        "plane": world_plane(desk.project.grid, origin),
        "signs": [[s.name, s.value] for s in (*sorting.light_signs, *sorting.place_signs)] if sorting else [],
        "sorted": [sorting.light, sorting.place] if sorting else [],
        "decision": decision and {"action": decision.action, "reason": decision.reason},
        "match": match and {"reference": match.reference, "reason": match.reason},
        "note": item.notes.get(who, ""),
        "disputed": item.disputed(),
        "ground": view_ground(desk, spot),
        "near": view_near(desk.ground.near(spot)),
    }


def view_near(near: list[Near]) -> list[dict[str, Any]]:
    """Return candidates as the page's strip shows them."""
    return [{"index": one.index, "name": one.name, "metres": round(one.distance_m, 1)} for one in near]


def view_ground(desk: Desk, spot: Spot) -> list[list[float | None]]:
    """Return east, north and heading of the database photos around a spot, thinned where there are many."""
    database = desk.project.database
    rows = desk.ground.around(spot, GROUND_M)
    rows = rows[:: 1 + len(rows) // MOST_GROUND]
    headings = [None if np.isnan(h) else float(h) for h in database.headings[rows]]
    places = database.positions[rows].round(2).tolist()
    return [[east, north, heading] for (east, north), heading in zip(places, headings, strict=True)]


def view_session(desk: Desk, who: str, mode: str) -> dict[str, Any]:
    """Return what the page needs once."""
    state, settings = desk.project.state(), desk.project.settings
    return {
        "who": who,
        "light": settings.light,
        "threshold": settings.threshold_m,
        "zone": settings.zone,
        "sequence": state.sequence,
        "queue": desk.queue(who, mode),
    }
