"""A task: one dataset's candidates, ready for methods to re-rank, and where its caches lie."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from data.datasets import Dataset
from data.files import digest_of, digest_of_names
from data.photoset import Fingerprint, PhotoSet
from data.positives import find_positives
from rerank.metrics import distances_m, gather_positions
from rerank.protocol import Protocol, digest_of_candidates
from rerank.provenance import Part
from rerank.run import BadPhoto, Shortlist
from retrieval.candidates import QUERIES, Candidates
from retrieval.index_kinds import EXACT, parse_kind

INDEX = "index"  # among a retriever's settings
ALL = slice(None)  # candidates of a query


@dataclass(frozen=True, eq=False)
class Task:
    """What every method of a dataset is given.

    query_rows: (Q,) int64, the row in `dataset.queries` of each query of the shortlist. retriever: who
    proposed the candidates. bad_photos: what retrieval could not read.
    """

    dataset: Dataset
    shortlist: Shortlist
    query_rows: np.ndarray
    protocol: Protocol
    retriever: Part
    bad_photos: tuple[BadPhoto, ...] = field(default=())

    def query_key(self, query: int) -> str:
        """Return the feature store's key of the shortlist's query number `query`."""
        return photo_key(self.dataset.queries, int(self.query_rows[query]))

    def candidate_keys(self, query: int, chosen: slice = ALL) -> tuple[list[str], np.ndarray]:
        """Return the keys of a query's `chosen` candidates and their columns, padding left out."""
        indices = self.shortlist.indices[query]
        columns = np.arange(len(indices))[chosen]
        columns = columns[indices[columns] >= 0]
        return [photo_key(self.dataset.database, int(indices[column])) for column in columns], columns

    def photos_of(self, query: int, chosen: slice) -> dict[str, Path]:
        """Return the photos of a query and its `chosen` candidates, key -> file."""
        database, (keys, columns) = self.dataset.database, self.candidate_keys(query, chosen)
        rows = self.shortlist.indices[query][columns].tolist()
        asked = {self.query_key(query): self.dataset.queries.path(int(self.query_rows[query]))}
        return asked | {key: database.path(row) for key, row in zip(keys, rows, strict=True)}

    def photos(self) -> dict[str, Path]:
        """Return every photo that a method needs, key -> file: the queries, then each candidate once."""
        queries, database = self.dataset.queries, self.dataset.database
        wanted = np.unique(self.shortlist.indices)
        photos = {photo_key(queries, row): queries.path(row) for row in self.query_rows.tolist()}
        photos |= {photo_key(database, row): database.path(row) for row in wanted[wanted >= 0].tolist()}
        return photos


def make_task(
    dataset: Dataset,
    candidates: Candidates,
    retriever: Part,
    *,
    candidates_per_query: int,
    threshold_m: float,
    exif: bool,
) -> Task:
    """Join a dataset and its candidates, the first `candidates_per_query` of each query."""
    query_rows = _query_rows(candidates, dataset.queries)
    shortlist = _shortlist(dataset, candidates, query_rows, candidates_per_query, threshold_m)
    protocol = Protocol(
        queries=Fingerprint(len(query_rows), digest_of_names(shortlist.query_names)),
        database=dataset.database.fingerprint,
        candidates_digest=digest_of_candidates(shortlist.query_names, shortlist.indices),
        top_k=shortlist.candidates,
        retriever=_in_words(retriever),
        threshold_m=threshold_m,
        exif=exif,
    )
    bad = tuple(BadPhoto(key, "unreadable in retrieval") for key in candidates.unreadable)
    return Task(dataset, shortlist, query_rows, protocol, retriever, bad)


def photo_key(photos: PhotoSet, row: int) -> str:
    """Return the key of a photo: its set's folder and its path there."""
    return f"{photos.folder.name}/{photos.paths[row]}"


def cache_folder(dataset: Dataset, caches: Path) -> Path:
    """Return where a dataset's descriptors and features are kept, shared by all its query sets."""
    return caches / f"{dataset.root.name}-{dataset.database.fingerprint.digest}"


def candidates_folder(retriever: str, index: str) -> str:
    """Return the name of the folder that keeps the candidates of a retriever and a kind of index."""
    choice = parse_kind(index)
    return retriever if choice.name == EXACT else f"{retriever}-{choice.name}-{digest_of(choice.text)}"


def searched(retriever: Part, index: str) -> Part:
    """Return a retriever with the kind of index that searched its descriptors, where it was not exact."""
    return retriever if index == EXACT else replace(retriever, settings={**retriever.settings, INDEX: index})


def _in_words(retriever: Part) -> str:
    index = retriever.settings.get(INDEX)
    return retriever.name if index is None else f"{retriever.name} by {index}"


def _query_rows(candidates: Candidates, queries: PhotoSet) -> np.ndarray:
    """Return the rows of the queries that the candidates are for: all but those left out as unreadable."""
    left_out = set(candidates.unreadable)
    rows = [row for row, path in enumerate(queries.paths) if f"{QUERIES}/{path}" not in left_out]
    return np.array(rows, np.int64)


def _shortlist(
    dataset: Dataset, candidates: Candidates, query_rows: np.ndarray, count: int, threshold_m: float
) -> Shortlist:
    indices = candidates.indices[:, :count]
    query_positions = dataset.queries.positions[query_rows]
    return Shortlist(
        query_names=_names(dataset.queries, query_rows),
        indices=indices,
        distances_m=distances_m(gather_positions(dataset.database.positions, indices), query_positions),
        descriptor_distances=candidates.distances[:, :count],
        positives=_counts(find_positives(dataset.database.positions, query_positions, threshold_m)),
    )


def _names(photos: PhotoSet, rows: np.ndarray) -> list[str]:
    return [photos.names[row] for row in rows]


def _counts(positives: Sequence[np.ndarray]) -> np.ndarray:
    return np.array([len(found) for found in positives], np.int64)
