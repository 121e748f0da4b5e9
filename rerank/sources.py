"""Finding again what a finished run was made of: its photos, and the features that were stored."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data.datasets import Dataset, open_dataset, query_folders
from data.errors import DatasetError, StoreError
from data.files import digest_of
from data.folders import QUERIES
from data.named import NAMED_SETS
from extractors.store import FeatureStore
from rerank.configuration import Configuration
from rerank.provenance import Part
from rerank.run import Origin, Run
from rerank.task import Task


def origin_of(configuration: Configuration) -> Origin:
    """Return where the photos and features of a configuration lie, whatever the current folder."""
    source = configuration.dataset
    return Origin(
        dataset=source if source in NAMED_SETS else str(Path(source).expanduser().absolute()),
        database_folder=configuration.database_folder,
        caches=str(configuration.caches.expanduser().absolute()),
        weights=configuration.weights,
    )


def open_task(run: Run, source: str | None = None) -> Task:
    """Open the dataset that a run was measured on, and return what its methods were given.

    source: a named dataset, a folder or a table; by default where the run says that it lay. Raises
    DatasetError where it is not there, or holds other photos.
    """
    given = source or (run.origin.dataset if run.origin else None)
    name = run.identity.dataset
    if given is None:
        raise DatasetError(f"the results of {name} do not say where its photos lie; name the folder")
    database = run.origin.database_folder if run.origin else None
    for dataset in _open_query_sets(given, database, name):
        if dataset.database.fingerprint != run.identity.protocol.database:
            raise DatasetError(
                f"{given} is not what {name} was measured on: its database has "
                f"{len(dataset.database)} photos with other names"
            )
        rows = _rows_of(run.shortlist.query_names, dataset.queries.names)
        if rows is not None:
            protocol = run.identity.protocol
            return Task(dataset, run.shortlist, rows, protocol, Part(protocol.retriever), run.bad_photos)
    raise DatasetError(f"{given} has no query set with the queries of {name}")


def features_identity(part: Part, precision: str, exif: bool) -> dict[str, Any]:
    """Return what decides what the features of an extractor are, JSON-able: a store's identity."""
    return {
        "extractor": part.name,
        "settings": part.settings,
        "weights": part.weights,
        "precision": precision,
        "exif": exif,
    }


def features_folder(kept_in: Path, identity: dict[str, Any]) -> Path:
    """Return the store's folder of features of this identity; kept_in: the dataset's cache folder."""
    return kept_in / "features" / f"{identity['extractor']}-{digest_of(identity)}"


def open_features(run: Run) -> FeatureStore:
    """Open the features that a run's extractor left; raises StoreError where they are not there."""
    method, protocol = run.identity.method, run.identity.protocol
    if run.origin is None or run.origin.caches is None:
        raise StoreError(f"the results of {run.name} do not say where its features lie; run it again")
    identity = features_identity(method.parts[0], method.precision, protocol.exif)
    # Whatever the dataset's folder is called by now: the digest of its names identifies it.
    for kept_in in sorted(Path(run.origin.caches).glob(f"*-{protocol.database.digest}")):
        folder = features_folder(kept_in, identity)
        if folder.is_dir():
            return FeatureStore(folder, identity)
    raise StoreError(
        f"{run.origin.caches} has no features of {method.parts[0].name} for {run.identity.dataset}; "
        "run it again, with another --results folder, to store them"
    )


def _open_query_sets(source: str, database_folder: str | None, name: str) -> Iterator[Dataset]:
    """Open the query sets of a dataset, first those whose results would be called `name`."""
    if source in NAMED_SETS or database_folder is not None:
        yield open_dataset(source, database_folder=database_folder)
    if database_folder is not None:
        return
    for folder in sorted(query_folders(source), key=lambda folder: -_fit(name, folder)):
        yield open_dataset(source, queries_folder=folder)


def _fit(name: str, query_folder: str) -> int:
    """Return how many of the last characters of a dataset's name tell of a query folder; -1 for another."""
    ending = query_folder.removeprefix(QUERIES)
    return len(ending) if name.endswith(ending) else -1


def _rows_of(wanted: Sequence[str], names: Sequence[str]) -> np.ndarray | None:
    """Return where the `wanted` names are among `names`, in their order; None unless all are there."""
    rows: dict[str, deque[int]] = defaultdict(deque)
    for row, name in enumerate(names):
        rows[name].append(row)
    if any(count > len(rows[name]) for name, count in Counter(wanted).items()):
        return None
    return np.array([rows[name].popleft() for name in wanted], np.int64)
