"""The group step: which photos take part, where their descriptors come from, and what is journalled."""

import dataclasses
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from data.curation.events import Draft, Kind
from data.curation.groups import Limits, Views, group
from data.curation.items import Item
from data.curation.looks import looks_as_bytes
from data.curation.project import Project
from data.curation.records import Membership
from data.curation.signs.moment import moment_of
from data.curation.steps import step
from data.errors import CurationError

WHO = "group"
Describe = Callable[[Sequence[Path]], np.ndarray]

log = logging.getLogger(__name__)


def group_items(
    project: Project, limits: Limits | None = None, describe: Describe | None = None, describer: str = ""
) -> Counter[str]:
    """Group the sorted photos that the signs did not put aside, and journal what changed.

    describe: takes paths of photos to their (N, D) descriptors of unit length, rows of NaN for photos that
    cannot be read; without it looks are compared. describer: its name, for the journal. Photos that were
    grouped earlier are grouped anew with those that came since.
    Raises CurationError where photos are not sorted yet.
    """
    chosen = limits or Limits()
    items = to_group(project)
    settings = {"limits": dataclasses.asdict(chosen), "descriptors": describer}
    with step(project, WHO, settings) as counts:
        found = group(views_of(project, items, describe), chosen)
        drafts = []
        for item, leader, kept in zip(items, found.leaders.tolist(), found.kept.tolist(), strict=True):
            membership = Membership(items[leader].id, kept)
            counts["kept" if kept else "near copies"] += 1
            if membership != item.membership:
                drafts.append(Draft(Kind.GROUPED, item.id, membership.payload()))
        project.journal.append(WHO, *drafts)
        counts["groups"] = len(np.unique(found.leaders))
    return counts


def to_group(project: Project) -> list[Item]:
    """Return the sorted photos that are there and may be of the wanted light, outdoors.

    Raises CurationError where none is sorted yet.
    """
    there = [item for item in project.state().items.values() if not item.gone]
    sorted_ones = [item for item in there if item.sorting is not None]
    if there and not sorted_ones:
        raise CurationError(f"{project.folder}: no photo is sorted yet; run `rerank curate sort` first")
    if len(sorted_ones) < len(there):
        log.warning("%d photos are not sorted and take no part", len(there) - len(sorted_ones))
    return [item for item in sorted_ones if _may_be_wanted(item, project.settings.light)]


def _may_be_wanted(item: Item, light: str) -> bool:
    sorting = item.sorting
    return sorting is not None and sorting.place != "indoor" and sorting.leaves_open(light)


def views_of(project: Project, items: Sequence[Item], describe: Describe | None = None) -> Views:
    """Return what grouping needs of photos; raises CurationError for descriptors of another shape."""
    sortings = [item.sorting for item in items if item.sorting is not None]
    spots = [project.harvested_spot(item) for item in items]
    headings = [np.nan if spot.heading is None else spot.heading for spot in spots]
    descriptors = None
    if describe is not None and items:
        descriptors = describe([project.photo_path(item) for item in items])
        if descriptors.ndim != 2 or len(descriptors) != len(items):
            raise CurationError(f"descriptors of shape {descriptors.shape} for {len(items)} photos")
    return Views(
        positions=np.array([spot[:2] for spot in spots]).reshape(-1, 2),
        headings=np.array(headings),
        times=np.array([_time(project, item) for item in items], "datetime64[s]"),
        sharpness=np.array([sorting.sharpness for sorting in sortings]),
        looks=looks_as_bytes([sorting.look for sorting in sortings]),
        descriptors=descriptors,
    )


def _time(project: Project, item: Item) -> np.datetime64:
    moment = moment_of(item.photo, project.settings.time_zone)
    if moment is None:
        return np.datetime64("NaT", "s")
    return np.datetime64(moment.earliest.replace(tzinfo=None), "s")
