"""The sort step: every photo decoded once, measured, judged, and its signs journalled."""

import dataclasses
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from data.curation.events import Draft, Kind
from data.curation.items import Item
from data.curation.project import Project
from data.curation.records import LIGHTS, PLACES, Photo, Sorting
from data.curation.signs.classifier import Classifier
from data.curation.signs.judging import Thresholds, light_signs, place_signs, verdict
from data.curation.signs.measures import measure
from data.curation.signs.moment import moment_of
from data.curation.signs.sun import sun_elevation_deg
from data.curation.steps import step
from data.decode import decode_ahead
from data.errors import PhotoError
from data.files import digest_of

WHO = "sort"
METHOD = 1  # to be raised when the same settings come to give other signs
_BATCH = 16  # photos whose events share a transaction
_MOMENTS = 52  # within the time that a photo may be of: five minutes apart in the widest

log = logging.getLogger(__name__)


def sort(
    project: Project,
    thresholds: Thresholds | None = None,
    classifier: tuple[str, Classifier] | None = None,
    *,
    workers: int = 2,
    advance: Callable[[], None] = lambda: None,
) -> Counter[str]:
    """Sort the photos that were not sorted with these settings yet, and return how many came out as what.

    classifier: its name and what it is. workers: decoding threads. advance: called after every photo. Photos
    that cannot be read are named in the log and counted as "unreadable"; they are tried again by the next
    call.
    """
    chosen = thresholds or Thresholds()
    name = classifier[0] if classifier else ""
    made_by = digest_of_sorting(project, chosen, name)
    items = to_sort(project, made_by)
    with step(project, WHO, _settings(chosen, name)) as counts:
        for start in range(0, len(items), _BATCH):
            drafts = []
            for item, photo in _decoded(project, items[start : start + _BATCH], workers, counts):
                probabilities = classifier[1](photo) if classifier else {}
                sorting = sorting_of(item.photo, photo, project.settings.time_zone, probabilities, chosen)
                drafts.append(
                    Draft(Kind.SORTED, item.id, dataclasses.replace(sorting, made_by=made_by).payload())
                )
                counts[f"{sorting.light}, {sorting.place}"] += 1
                advance()
            project.journal.append(WHO, *drafts)
    return counts


def digest_of_sorting(project: Project, thresholds: Thresholds, classifier: str) -> str:
    """Return what tells a sorting with these settings from others. classifier: its name, "" for none."""
    return digest_of({**_settings(thresholds, classifier), "time_zone": project.settings.time_zone})


def to_sort(project: Project, made_by: str) -> list[Item]:
    """Return the photos that are there and were not sorted with the settings of a digest."""
    there = [item for item in project.state().items.values() if not item.gone]
    return [item for item in there if item.sorting is None or item.sorting.made_by != made_by]


def sorting_of(
    photo: Photo, pixels: np.ndarray, time_zone: str, probabilities: Mapping[str, float], limits: Thresholds
) -> Sorting:
    """Return the signs of one photo and what they come to. pixels: uint8 RGB (H, W, 3)."""
    measures = measure(pixels)
    sun = sun_range_deg(photo, time_zone)
    light = light_signs(measures, sun, probabilities, limits)
    place = place_signs(measures, sun, probabilities, limits)
    return Sorting(
        light=verdict(light, LIGHTS),
        place=verdict(place, PLACES),
        light_signs=light,
        place_signs=place,
        sharpness=measures.sharpness,
        look=measures.look,
    )


def sun_range_deg(photo: Photo, time_zone: str) -> tuple[float, float] | None:
    """Return the lowest and highest elevation that the sun may have had; None where no time is known."""
    moment = moment_of(photo, time_zone)
    if moment is None:
        return None
    first, last = (np.datetime64(one.replace(tzinfo=None), "ms") for one in moment)
    times = first + (last - first) * np.linspace(0, 1, _MOMENTS)
    heights = sun_elevation_deg(times, np.array(photo.latitude), np.array(photo.longitude))
    return float(heights.min()), float(heights.max())


def _settings(thresholds: Thresholds, classifier: str) -> dict[str, Any]:
    return {"thresholds": dataclasses.asdict(thresholds), "classifier": classifier, "method": METHOD}


def _decoded(
    project: Project, items: Sequence[Item], workers: int, counts: Counter[str]
) -> Iterator[tuple[Item, np.ndarray]]:
    """Yield items with their pixels, naming those that cannot be read."""
    paths = [project.photo_path(item) for item in items]
    for index, photo in decode_ahead(paths, workers=workers):
        if isinstance(photo, PhotoError):
            log.warning("%s cannot be sorted: %s", items[index].id, photo)
            counts["unreadable"] += 1
        else:
            yield items[index], photo
