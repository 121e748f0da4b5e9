"""Correspondences of each query with the candidate that a method puts first, small enough to be drawn."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data.errors import PhotoError, RerankError
from data.photos import photo_size
from matchers import Matches
from rerank.configuration import Configuration
from rerank.pictures.finding import candidate_photo, query_photo
from rerank.pictures.methods import Pair, pair_of_run
from rerank.plots.panels import Member
from rerank.progress import stage
from rerank.report.subjects import Subject
from rerank.task import Task

log = logging.getLogger(__name__)

MOST_INLIERS, MOST_REJECTED = 160, 60
STEPS = 10_000  # coordinates are written as whole numbers of this part of a photo's side

Drawn = dict[str, Any]


def correspondences_of(
    subject: Subject, configuration: Configuration
) -> tuple[list[list[Drawn | None]], list[str]]:
    """Match every query with each method's first candidate: a list for each method, JSON-able.

    configuration: gives the device and the weights. None where a photo cannot be used, or the method
    cannot be built as it was; also returns a warning for each of these methods.
    """
    if subject.task is None:
        return [], []
    found: list[list[Drawn | None]] = []
    warnings = []
    for member in subject.reranking:
        try:
            found.append(_of_method(subject.task, member, configuration))
        except RerankError as error:
            found.append([None] * len(subject.query_ids))
            name = f"{member.label} on {subject.run.identity.dataset}"
            warnings.append(f"no correspondences of {name}: {error}")
    return found, warnings


def thinned(points0: np.ndarray, points1: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return at most `most` of the pairs of points, (M, 2) each, evenly out of their order."""
    step = max(1, -(-len(points0) // most))
    return points0[::step], points1[::step]


def _of_method(task: Task, member: Member, configuration: Configuration) -> list[Drawn | None]:
    pair = pair_of_run(member.run, member.label, configuration)
    name = f"matching {task.dataset.name} {member.label}"
    found = []
    with stage(name, len(task.query_rows)) as progress:
        for query in range(len(task.query_rows)):
            found.append(_of_query(task, member, pair, query))
            progress.advance()
    return found


def _of_query(task: Task, member: Member, pair: Pair, query: int) -> Drawn | None:
    """Match a query with the candidate that its method puts first."""
    order = member.run.order[query]
    first = int(task.shortlist.indices[query, order[0]]) if len(order) else -1
    if first < 0:
        return None
    photos = query_photo(task, query), candidate_photo(task, first)
    try:
        sizes = [_width_height(photo.path, task.protocol.exif) for photo in photos]
        return drawn(pair.matches(photos[0], photos[1]), sizes)
    except PhotoError as error:
        log.debug("not matched: %s", error)  # named already, where the report says which photos are absent
        return None


def drawn(matches: Matches, sizes: Sequence[np.ndarray]) -> Drawn:
    """Return correspondences as the report draws them, JSON-able.

    sizes: (W, H) of both photos in pixels. Of each kind there are x0, y0, x1, y1 after one another, in
    parts of the photos' sides; counts are of all, also of those left out.
    """
    kinds = {"inliers": (matches.inliers, MOST_INLIERS), "rejected": (~matches.inliers, MOST_REJECTED)}
    parts: Drawn = {"counts": [int(chosen.sum()) for chosen, _ in kinds.values()]}
    for kind, (chosen, most) in kinds.items():
        points = thinned(matches.points0[chosen], matches.points1[chosen], most)
        scaled = [(side + 0.5) / size * STEPS for side, size in zip(points, sizes, strict=True)]
        parts[kind] = np.concatenate(scaled, axis=1).round().astype(int).ravel().tolist()
    return parts


def _width_height(path: Path, exif: bool) -> np.ndarray:
    return np.array(photo_size(path, exif=exif)[::-1], np.float64)
