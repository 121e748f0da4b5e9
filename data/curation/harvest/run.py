"""The harvest step: search, fetch, keep, and journal each photo as soon as its file is on disk."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from data.curation.events import Draft, Kind
from data.curation.harvest.keeping import MOST_BYTES, keep_file
from data.curation.harvest.provider import Answer, Found, Provider, Refusal
from data.curation.harvest.search import WHO, Searched, search_all
from data.curation.harvest.window import Window
from data.curation.project import Project
from data.curation.steps import step
from data.decode import map_ahead
from data.errors import CurationError, PhotoError

FETCHERS = 4
_MOST_FAILURES = 5  # photos in a row that the provider did not send: then it is down

log = logging.getLogger(__name__)


def harvest(
    project: Project,
    provider: Provider,
    windows: Sequence[Window],
    *,
    settings: dict[str, Any] | None = None,
) -> Counter[str]:
    """Bring the photos of windows into the project, and return how many came and what became of the others.

    Goes on from where an earlier call stopped: photos and searches that are in the journal are not asked for
    again. settings: of this step, for the journal.
    Raises CurationError where the provider does not answer or answers nonsense, DiskSpaceError on a full
    disk; the project holds what came before.
    """
    with step(project, WHO, {"provider": provider.name, **(settings or {})}) as counts:
        for searched in search_all(project, provider, windows):
            _keep_window(project, provider, searched, counts)
    return counts


def _keep_window(project: Project, provider: Provider, searched: Searched, counts: Counter[str]) -> None:
    """Keep the photos of one window, and journal it as searched unless some could not be fetched now."""
    answer, state, before = searched.answer, project.state(), Counter(counts)
    known = state.items.keys() | state.refused.keys() | state.removed
    gone = {name for name, item in state.items.items() if item.gone in ("withdrawn", "relicensed")}
    new = [found for found in answer.found if found.photo.item not in known or found.photo.item in gone]
    _refuse(project, [one for one in answer.refusals if one.item not in known], counts)
    taken = [found for found in new if project.settings.allows(found.photo.licence)]
    counts["of other licences"] += len(new) - len(taken)
    counts["known already"] += len(answer.found) - len(new)
    failed = _fetch_all(project, provider, _inside(project, taken, counts), counts)
    counts["malformed"] += answer.malformed
    _tell(searched.key, answer)
    if not failed:
        changes = {name: count - before[name] for name, count in counts.items() if count > before[name]}
        payload = {"key": searched.key, "expected": answer.expected, "received": _received(answer), **changes}
        project.journal.append(WHO, Draft(Kind.SEARCHED, "", payload))


def _received(answer: Answer) -> int:
    return len(answer.found) + len(answer.refusals) + answer.malformed


def _tell(key: str, answer: Answer) -> None:
    log.info("%s: %d photos expected, %d received", key, answer.expected, _received(answer))
    if answer.malformed:
        log.warning("%s: %d entries make no sense and were left out", key, answer.malformed)


def _refuse(project: Project, refusals: Sequence[Refusal], counts: Counter[str]) -> None:
    drafts = []
    for item, source, reason in refusals:
        log.warning("%s is not taken: %s", item, reason)
        drafts.append(Draft(Kind.REFUSED, item, {"reason": reason, "source": source}))
    project.journal.append(WHO, *drafts)
    counts["refused"] += len(drafts)


def _inside(project: Project, found: Sequence[Found], counts: Counter[str]) -> list[Found]:
    """Return the photos that lie in the project's area, refusing the others."""
    inside, outside = [], []
    for one in found:
        reason = _why_outside(project, one)
        if reason:
            outside.append(Refusal(one.photo.item, one.photo.source, reason))
        else:
            inside.append(one)
    _refuse(project, outside, counts)
    return inside


def _why_outside(project: Project, found: Found) -> str:
    latitude, longitude = found.photo.latitude, found.photo.longitude
    if project.settings.box.contains(latitude, longitude):
        return ""
    try:
        project.grid.to_metres(np.array([[latitude, longitude]]))
    except CurationError as error:
        return str(error)
    area = ", ".join(f"{edge:.5f}" for edge in project.settings.area)
    return f"latitude {latitude:.5f}, longitude {longitude:.5f} lies outside of the project's area ({area})"


def _fetch_all(project: Project, provider: Provider, found: Sequence[Found], counts: Counter[str]) -> int:
    """Fetch and keep photos, and return how many the provider did not send now; those are asked for again."""

    def fetch(one: Found) -> bytes | PhotoError | CurationError:
        try:
            return provider.fetch(one, MOST_BYTES)
        except (PhotoError, CurationError) as error:
            return error

    failed = in_a_row = 0
    for one, answer in zip(found, map_ahead(fetch, found, workers=FETCHERS), strict=True):
        in_a_row = in_a_row + 1 if isinstance(answer, CurationError) else 0
        if isinstance(answer, CurationError):
            log.warning("%s was not sent: %s", one.photo.item, answer)
            failed += 1
            if in_a_row == _MOST_FAILURES:
                raise answer
        else:
            _keep(project, one, answer, counts)
    counts["to be asked for again"] += failed
    return failed


def _keep(project: Project, found: Found, answer: bytes | PhotoError, counts: Counter[str]) -> None:
    photo = found.photo
    if isinstance(answer, PhotoError):
        _refuse(project, [Refusal(photo.item, photo.source, str(answer))], counts)
        return
    try:
        file = keep_file(project.photos, photo, answer)
    except PhotoError as error:
        _refuse(project, [Refusal(photo.item, photo.source, str(error))], counts)
        return
    kept = replace(photo, file=file, fetched=project.journal.now())
    project.journal.append(WHO, Draft(Kind.HARVESTED, photo.item, kept.payload()))
    counts["harvested"] += 1
