"""Ordering candidates by a retriever's descriptors: the likeliest to show a photo's scene first."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from data.curation.positives import Near
from data.curation.project import Project
from data.errors import PhotoError
from data.photos import read_photo
from networks.loading import Loading
from rerank.curate.describing import learn
from retrieval.base import Retriever

KEPT = 4000  # descriptors


def ranker(
    project: Project, retriever: Retriever, loading: Loading
) -> Callable[[Path, Sequence[Near]], list[Near]]:
    """Return what takes a photo's path and its candidates to the candidates, the most alike first.

    Descriptors are made when a photo is first asked for, and the latest are kept; candidates that cannot be
    read come last. What it returns may be shared by threads, and raises PhotoError for a photo that
    cannot be read. A retriever that learns does so here, on the project's database, unless it has.
    """
    learn(project, retriever, loading)
    kept: OrderedDict[Path, np.ndarray] = OrderedDict()
    one_at_a_time = threading.Lock()  # networks share settings of their threads

    def described(path: Path) -> np.ndarray:
        if path not in kept:
            tensor = retriever.prepare(read_photo(path, exif=loading.exif))
            kept[path] = retriever.describe(tensor[None])[0]
        kept.move_to_end(path)
        while len(kept) > KEPT:
            kept.popitem(last=False)
        return kept[path]

    def likeness(query: np.ndarray, candidate: Near) -> float:
        try:
            return float(query @ described(project.database.path(candidate.index)))
        except PhotoError:
            return -np.inf  # the strip shows that it is not there

    def rank(path: Path, near: Sequence[Near]) -> list[Near]:
        with one_at_a_time:
            query = described(path)
            alike = [likeness(query, one) for one in near]
        return [near[place] for place in np.argsort(-np.array(alike), kind="stable")]

    return rank
