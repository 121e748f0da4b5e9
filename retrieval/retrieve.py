"""From a dataset and a retriever to the candidates of every query."""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data.datasets import Dataset
from data.errors import DatasetError, SettingsError
from data.files import digest_of
from data.photoset import PhotoSet
from networks.loading import Loading
from networks.settings import settings_dict
from networks.stages import Stage, logged_stage
from retrieval.base import Retriever
from retrieval.blocks import Block, Neighbours
from retrieval.candidates import DATABASE, QUERIES, Candidates, read_candidates, write_candidates
from retrieval.describing import describe_photos
from retrieval.descriptors import STORED_AS, DescriptorStore
from retrieval.index import search
from retrieval.index_kinds import EXACT, parse_kind
from retrieval.learned import fit_or_restore

CANDIDATES_FILE = "candidates.h5"


def retrieve(
    dataset: Dataset,
    retriever: Retriever,
    folder: str | Path,
    *,
    descriptors_folder: str | Path | None = None,
    top_k: int = 100,
    batch_size: int = 1,
    workers: int = 2,
    exif: bool = True,
    index: str = EXACT,
    stored_as: str = STORED_AS[0],
    progress: Stage = logged_stage,
) -> Candidates:
    """Find the nearest database photos of every query, and write them to `folder`/candidates.h5.

    descriptors_folder: where descriptors, and what the retriever learns, are kept, by default `folder`;
    one serves any number of retrievers and query sets. They are used again by runs with the same
    settings, weights and photo lists, and an interrupted run continues. top_k: candidates per query,
    fewer if the database is smaller. batch_size: photos of equal size per network call. workers:
    decoding threads. exif: apply EXIF orientation. index: kind of search, see `retrieval.index_kinds`.
    stored_as: number format of descriptors on disk, one of `STORED_AS`. progress: opens a stage of that
    name and number of photos.
    Photos that cannot be read are logged and left out: `Candidates.unreadable` names them.
    Raises DatasetError when no photo of the database, or no query, can be read,
    SettingsError for an unknown `index` or `stored_as`, or an index that does not fit the database.
    """
    index = parse_kind(index).text
    kept_in = Path(folder if descriptors_folder is None else descriptors_folder)
    loading = Loading(exif, workers, batch_size)
    run = _start(dataset.database, retriever, kept_in, loading, progress, stored_as)
    attributes = {**run.method, **_photos_of(dataset), "index": index, "top_k": top_k}
    path = Path(folder) / CANDIDATES_FILE
    finished = read_candidates(path) if path.exists() else None
    if finished and finished.attributes == attributes and not finished.unreadable:
        return finished
    database, bad_database = run.describe(dataset.database, DATABASE)
    queries, bad_queries = run.describe(dataset.queries, QUERIES)
    rows, found = run.search(database, queries, top_k, index)
    candidates = Candidates(
        query_names=[dataset.queries.names[row] for row in rows],
        names=_names_at(found.indices, dataset.database),
        indices=found.indices,
        distances=found.distances,
        attributes=attributes,
        unreadable=bad_database + bad_queries,
        source=path,
    )
    write_candidates(path, candidates)
    return candidates


@dataclass(frozen=True)
class _Run:
    """One retrieval. folder: of descriptors. method: what they depend on but the photo, JSON-able."""

    retriever: Retriever
    folder: Path
    loading: Loading
    progress: Stage
    stored_as: str
    method: dict[str, Any]

    def describe(self, photos: PhotoSet, part: str) -> tuple[DescriptorStore, tuple[str, ...]]:
        """Describe what is missing of a photo set; returns its store and the keys of unreadable photos."""
        identity = {**self.method, "photos": asdict(photos.fingerprint), "order": _digest_of_order(photos)}
        place = self.folder / f"{self.retriever.spec.name}-{part}-{digest_of(identity)}"
        store = DescriptorStore(place, identity, len(photos), stored_as=self.stored_as)
        bad = describe_photos(photos, self.retriever, store, self.loading, self.progress)
        if len(bad) == len(photos):
            raise DatasetError(
                f"none of the {len(bad)} photos in {photos.folder} can be read; `rerank data check` says why"
            )
        return store, tuple(f"{part}/{photos.paths[row]}" for row in bad)

    def search(
        self, database: DescriptorStore, queries: DescriptorStore, top_k: int, index: str
    ) -> tuple[np.ndarray, Neighbours]:
        """Search the database for every query that has a descriptor; returns their rows too."""
        described = queries.read()
        passing = _Passing(database, self.progress)
        return described.indices, search(passing, described.descriptors, top_k, index)


@dataclass(frozen=True)
class _Passing:
    """A database's blocks, which may pass by more than once, each time a stage of `progress`."""

    database: DescriptorStore
    progress: Stage

    def __iter__(self) -> Iterator[Block]:
        with self.progress("searching database photos", self.database.count) as counter:
            for block in self.database.blocks():
                yield block
                counter.advance(len(block.indices))


def _start(
    database: PhotoSet,
    retriever: Retriever,
    folder: Path,
    loading: Loading,
    progress: Stage,
    stored_as: str,
) -> _Run:
    """Let the retriever learn, if it does, or take back what it learned."""
    if stored_as not in STORED_AS:
        raise SettingsError(f"descriptors are stored as {' or '.join(STORED_AS)}, not as {stored_as!r}")
    method = {
        "retriever": retriever.spec.name,
        "settings": settings_dict(retriever.settings),
        "weights": retriever.weights_digest,
        "precision": retriever.precision,
        "exif": loading.exif,
    }
    identity = digest_of({**method, "order": _digest_of_order(database)})
    path = folder / f"{retriever.spec.name}-learned-{identity}.h5"
    method["learned"] = fit_or_restore(retriever, database, path, loading)
    if stored_as != STORED_AS[0]:  # caches of earlier versions do not name the usual format
        method["stored_as"] = stored_as
    return _Run(retriever, folder, loading, progress, stored_as, method)


def _photos_of(dataset: Dataset) -> dict[str, Any]:
    """Return what identifies the photos that candidates are of, JSON-able."""
    return {
        DATABASE: asdict(dataset.database.fingerprint),
        QUERIES: asdict(dataset.queries.fingerprint),
        "order": {DATABASE: _digest_of_order(dataset.database), QUERIES: _digest_of_order(dataset.queries)},
    }


def _names_at(indices: np.ndarray, photos: PhotoSet) -> np.ndarray:
    """Return the names of photos, "" at index -1, which an approximate search may leave."""
    return np.array([*photos.names, ""], object)[indices]


def _digest_of_order(photos: PhotoSet) -> str:
    """Return 16 hexadecimal digits of a set's paths in their order, which rows of descriptors follow."""
    digest = hashlib.sha256()
    for path in photos.paths:
        digest.update(path.encode("utf-8", "surrogateescape") + b"\0")
    return digest.hexdigest()[:16]
