"""Descriptors of a project's photos by a retriever: for grouping by look, and for ordering candidates."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from data.curation.project import Project
from data.files import digest_of
from data.photoset import BY_LIST_FILE, PhotoSet
from networks.loading import Loading
from networks.settings import settings_dict
from networks.stages import Stage, logged_stage
from retrieval.base import Retriever
from retrieval.describing import describe_photos
from retrieval.descriptors import DescriptorStore
from retrieval.learned import fit_or_restore

FOLDER = "descriptors"

log = logging.getLogger(__name__)


def describer(
    project: Project, retriever: Retriever, loading: Loading, progress: Stage = logged_stage
) -> Callable[[Sequence[Path]], np.ndarray]:
    """Return what takes paths of the project's photos to their (N, D) descriptors, NaN where unreadable.

    Descriptors, and what the retriever learns on the project's database, are kept in the project's folder.
    """
    method = _method(retriever)

    def describe(paths: Sequence[Path]) -> np.ndarray:
        learned = learn(project, retriever, loading)
        photos = _photo_set(project, paths)
        # In their order, which rows of descriptors follow.
        identity = {**method, "learned": learned, "photos": digest_of(photos.paths)}
        folder = project.folder / FOLDER / f"{retriever.spec.name}-{digest_of(identity)}"
        store = DescriptorStore(folder, identity, len(photos))
        describe_photos(photos, retriever, store, loading, progress)
        found = store.read()
        vectors = np.full((len(photos), found.descriptors.shape[1]), np.nan, np.float32)
        vectors[found.indices] = found.descriptors
        return vectors

    return describe


def retriever_of(
    project: Project, name: str, weights: Sequence[str], device: str, workers: int
) -> tuple[Retriever, Loading]:
    """Build a retriever by its name, and say how photos are decoded for it.

    Raises SettingsError for an unknown one, WeightsError where its weights are missing.
    """
    from rerank.configuration import Configuration
    from rerank.methods import Builder

    dataset = project.settings.database
    builder = Builder(Configuration(dataset, retriever=name, weights=tuple(weights), device=device))
    return builder.build("retriever", name), Loading(workers=workers, batch_size=builder.batch_size())


def learn(project: Project, retriever: Retriever, loading: Loading) -> str:
    """Let a retriever learn on the project's database if it does; return a digest of what it learned.

    It is kept in the project's folder, and taken back from there.
    """
    if not retriever.spec.learns:
        return ""
    about = digest_of({**_method(retriever), "database": asdict(project.database.fingerprint)})
    path = project.folder / FOLDER / f"{retriever.spec.name}-learned-{about}.h5"
    return fit_or_restore(retriever, project.database, path, loading)


def _method(retriever: Retriever) -> dict[str, Any]:
    """Return what decides which descriptors a retriever gives."""
    return {
        "retriever": retriever.spec.name,
        "settings": settings_dict(retriever.settings),
        "weights": retriever.weights_digest,
        "precision": retriever.precision,
    }


def _photo_set(project: Project, paths: Sequence[Path]) -> PhotoSet:
    """Return photos of the project as a set; only their order and names play a part here."""
    count = len(paths)
    return PhotoSet(
        project.photos,
        tuple(path.relative_to(project.photos.resolve()).as_posix() for path in paths),
        BY_LIST_FILE,
        positions=np.zeros((count, 2)),
        headings=np.full(count, np.nan),
        times=np.full(count, "NaT", "datetime64[s]"),
        zones=np.full(count, ""),
        conditions=np.full(count, ""),
    )
