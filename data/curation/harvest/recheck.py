"""Rechecking: photos that their owners withdrew, or put under another licence, leave the project."""

import logging
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from data.curation.events import Draft, Kind
from data.curation.harvest.provider import Provider
from data.curation.items import Item
from data.curation.project import Project
from data.curation.steps import step

WHO = "recheck"
FRESH = timedelta(days=1)  # photos checked since need no check: a stopped recheck goes on

log = logging.getLogger(__name__)


def to_recheck(project: Project, provider_name: str) -> list[Item]:
    """Return the photos of a provider that were not checked within a day, the longest unchecked first."""
    stale = project.journal.now(-FRESH)
    there = [item for item in project.state().items.values() if not item.gone]
    due = [item for item in there if item.photo.provider == provider_name and item.checked < stale]
    return sorted(due, key=lambda item: item.checked)


def recheck(
    project: Project, provider: Provider, *, advance: Callable[[], None] = lambda: None
) -> Counter[str]:
    """Ask a provider about each of its photos, and drop those that may not be kept any more.

    A photo is dropped by an event, which says why; then its file is removed. Raises CurationError where the
    provider does not answer: no photo is dropped for that.
    """
    with step(project, WHO, {"provider": provider.name}) as counts:
        for item in to_recheck(project, provider.name):
            _check(project, item, provider.licence_of(item.photo.photo_id), counts)
            advance()
        counts["files removed"] = remove_files(project)
    return counts


def remove_files(project: Project) -> int:
    """Remove the files of photos that are gone, and return how many there still were."""
    removed = 0
    for item in project.state().items.values():
        path = project.photo_path(item)
        if item.gone and path.exists():
            path.unlink()
            removed += 1
    return removed


def _check(project: Project, item: Item, licence: str | None, counts: Counter[str]) -> None:
    if licence is not None and project.settings.allows(licence):
        project.journal.append(WHO, Draft(Kind.CHECKED, item.id, {"licence": licence}))
        counts["still there"] += 1
        return
    reason = "withdrawn" if licence is None else "relicensed"
    log.info("%s: %s%s", item.id, reason, "" if licence is None else f", now {licence}")
    project.journal.append(WHO, Draft(Kind.WITHDRAWN, item.id, {"reason": reason, "licence": licence}))
    counts[reason] += 1
