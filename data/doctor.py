"""The dataset doctor: what is wrong, or may surprise, before a long run finds out."""

import os
from collections import Counter
from collections.abc import Callable, Iterable

import numpy as np

from data.datasets import Dataset
from data.decode import map_ahead
from data.errors import PhotoError
from data.named import NAMED_SETS
from data.photos import PhotoHeader, read_header, read_photo
from data.photoset import BY_LIST_FILE, PhotoSet
from data.positives import find_positives
from data.report import Report, SetReport
from data.scan import scan_folder


def examine(
    dataset: Dataset,
    *,
    threshold_m: float = 25.0,
    sample: int | None = None,
    exif: bool = True,
    advance: Callable[[], None] = lambda: None,
) -> Report:
    """Examine a dataset: photos, names, order, zones and positives.

    threshold_m: distance of positives. sample: photos of each set to decode, evenly spread; None for
    all of them, which alone finds every truncated file. exif: whether the runs will turn photos.
    advance: called after every photo.
    """
    positives = find_positives(dataset.database.positions, dataset.queries.positions, threshold_m)
    counts = np.array([len(found) for found in positives])
    known = NAMED_SETS.get(dataset.name)
    shared = set(dataset.database.names) & set(dataset.queries.names)
    return Report(
        name=dataset.name,
        root=str(dataset.root),
        threshold_m=threshold_m,
        exif=exif,
        database=_examine_set(dataset.database, sample, exif, advance),
        queries=_examine_set(dataset.queries, sample, exif, advance),
        without_positives=tuple(dataset.queries.names[index] for index in np.flatnonzero(counts == 0)),
        positives=(int(counts.min()), float(np.median(counts)), int(counts.max())),
        across_zones=_across_zones(dataset, positives),
        shared_names=tuple(sorted(shared)),
        expectations=_expectations(dataset),
        trap=known.trap if known else "",
    )


def _examine_set(photos: PhotoSet, sample: int | None, exif: bool, advance: Callable[[], None]) -> SetReport:
    chosen = range(len(photos)) if sample is None else _spread(len(photos), sample)
    unreadable: dict[str, str] = {}
    rotated: list[str] = []
    sizes: Counter[str] = Counter()
    for index, found in zip(chosen, _decoded(photos, chosen), strict=True):
        advance()
        if isinstance(found, PhotoError):
            unreadable[photos.paths[index]] = str(found)
            continue
        height, width = found.size(exif=exif)
        sizes[f"{width}x{height}"] += 1
        if found.orientation != 1:
            rotated.append(photos.paths[index])
    times = photos.times[~np.isnat(photos.times)]
    return SetReport(
        folder=str(photos.folder),
        count=len(photos),
        digest=photos.fingerprint.digest,
        ordering=photos.ordering,
        unlisted=scan_folder(photos.folder).unlisted if photos.ordering == BY_LIST_FILE else 0,
        checked=len(chosen),
        unreadable=unreadable,
        rotated=tuple(rotated),
        sizes=dict(sizes),
        duplicates=tuple(sorted(name for name, count in Counter(photos.names).items() if count > 1)),
        zones=_counted(photos.zones),
        conditions=_counted(photos.conditions),
        first_time=str(times.min()) if len(times) else None,
        last_time=str(times.max()) if len(times) else None,
    )


def _decoded(photos: PhotoSet, chosen: Iterable[int]) -> Iterable[PhotoHeader | PhotoError]:
    """Decode photos on all cores; keep their headers, or why they cannot be read."""

    def check(index: int) -> PhotoHeader | PhotoError:
        try:
            header = read_header(photos.path(index))
            read_photo(photos.path(index))
        except PhotoError as error:
            return error
        return header

    workers = os.cpu_count() or 1
    return map_ahead(check, chosen, workers=workers, ahead=4 * workers)


def _spread(count: int, sample: int) -> list[int]:
    """Return at most `sample` indices below `count`, first and last included."""
    return np.unique(np.linspace(0, count - 1, min(count, sample)).round().astype(int)).tolist()


def _counted(words: np.ndarray) -> dict[str, int]:
    found, counts = np.unique(words, return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


def _across_zones(dataset: Dataset, positives: list[np.ndarray]) -> int:
    """Count positive pairs whose zones are both known and differ: their nearness is an accident."""
    database = dataset.database.zones
    differing = 0
    for zone, found in zip(dataset.queries.zones, positives, strict=True):
        if zone:
            differing += int(np.isin(database[found], ["", zone], invert=True).sum())
    return differing


def _expectations(dataset: Dataset) -> tuple[str, ...]:
    """Say where counts differ from those published for a named set."""
    known = NAMED_SETS.get(dataset.name)
    if known is None:
        return ()
    pairs = (
        ("database", len(dataset.database), known.database_count),
        ("queries", len(dataset.queries), known.query_count),
    )
    return tuple(
        f"{role}: {found} photos, {dataset.name} is published with {expected}"
        for role, found, expected in pairs
        if expected is not None and found != expected
    )
