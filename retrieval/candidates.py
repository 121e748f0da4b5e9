"""The candidate cache: which database photos a retriever proposes for every query.

Layout of `candidates.h5`, that of the field's existing caches: `queries_filenames` (Q,) and
`top_candidates_filenames` (Q, K), base names; `top_candidates_index` (Q, K) int64, positions in the
database; `top_candidates_distances` (Q, K) float32, squared L2 of unit descriptors, ascending. Ours
have attributes too: `format_version`, and what the candidates depend on, each as JSON; and, where
some photos could not be read, `unreadable_photos`.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from data.datasets import Dataset
from data.errors import CacheError
from data.files import replacing
from data.names import parse_name
from data.photoset import PhotoSet
from data.positives import find_positives

FORMAT_VERSION = 1
DATABASE, QUERIES = "database", "queries"  # first part of a photo's key

_QUERY_NAMES = "queries_filenames"
_NAMES = "top_candidates_filenames"
_INDICES = "top_candidates_index"
_DISTANCES = "top_candidates_distances"
_UNREADABLE = "unreadable_photos"
_SHOWN = 5  # names in a message


@dataclass(frozen=True, eq=False)
class Candidates:
    """The K candidates of Q queries, nearest first.

    query_names: base names. names: (Q, K) str objects, base names. indices: (Q, K) int64, positions in
    the database's order. distances: (Q, K) float32, ascending. attributes: what they depend on,
    JSON-able; empty for caches of other programs. unreadable: keys ("queries/PATH", "database/PATH")
    of photos that were left out. source: the file that they were read from.
    """

    query_names: list[str]
    names: np.ndarray
    indices: np.ndarray
    distances: np.ndarray
    attributes: dict[str, Any] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()
    source: Path | None = None

    def __post_init__(self) -> None:
        shapes = {self.names.shape, self.indices.shape, self.distances.shape}
        if len(shapes) > 1 or self.indices.ndim != 2 or len(self.indices) != len(self.query_names):
            raise CacheError(
                f"{self.source or 'candidates'}: {len(self.query_names)} queries, but names, indices and "
                f"distances of shapes {self.names.shape}, {self.indices.shape}, {self.distances.shape}; "
                "expected (queries, candidates) for all three"
            )


def write_candidates(path: str | Path, candidates: Candidates) -> None:
    """Write a candidate cache, whole or not at all."""
    with replacing(path) as part, h5py.File(part, "w") as file:
        _write_text(file, _QUERY_NAMES, np.array(candidates.query_names, object))
        _write_text(file, _NAMES, candidates.names)
        file[_INDICES] = candidates.indices.astype(np.int64)
        file[_DISTANCES] = candidates.distances.astype(np.float32)
        if candidates.unreadable:
            _write_text(file, _UNREADABLE, np.array(candidates.unreadable, object))
        file.attrs["format_version"] = FORMAT_VERSION
        for name, value in candidates.attributes.items():
            file.attrs[name] = json.dumps(value, sort_keys=True)


def read_candidates(path: str | Path) -> Candidates:
    """Read a candidate cache, ours or one of the field's, which has no attributes.

    Raises CacheError when it is missing, damaged, of another layout or of a newer format.
    """
    source = Path(path)
    if not source.is_file():
        raise CacheError(f"{source}: no such candidate cache; retrieve first, or check the path")
    try:
        with h5py.File(source, "r") as file:
            return _read(file, source)
    except (OSError, TypeError, ValueError, RuntimeError) as error:
        raise CacheError(
            f"{source} is damaged or not a candidate cache ({error}). Fetch it anew, or delete it and "
            "retrieve again."
        ) from error


def check_candidates(candidates: Candidates, dataset: Dataset) -> None:
    """Hold a cache to the dataset that it is to be used with, by names.

    Raises CacheError, saying how many and which names do not fit: indices mean nothing for another
    list of photos, even if only one was added.
    """
    problems = [
        *_database_problems(candidates, dataset.database),
        *_query_problems(candidates, dataset.queries),
    ]
    if problems:
        raise CacheError(
            f"{candidates.source or 'the candidate cache'} does not fit {dataset.name} in {dataset.root}: "
            f"{'; '.join(problems)}. Use the dataset that it was made on, or retrieve again."
        )


def labels_from_names(candidates: Candidates, threshold_m: float = 25.0) -> np.ndarray:
    """Tell which candidates lie within `threshold_m` metres of their query, by the names alone.

    Returns (Q, K) bool. Raises DatasetError for a name without a position.
    """
    flat = candidates.names.ravel().tolist()
    numbers = {name: number for number, name in enumerate(dict.fromkeys(flat))}
    places = np.array([numbers[name] for name in flat], np.int64).reshape(candidates.names.shape)
    positives = find_positives(_positions(numbers), _positions(candidates.query_names), threshold_m)
    labels = np.zeros(places.shape, bool)
    for query, found in enumerate(positives):
        labels[query] = np.isin(places[query], found)
    return labels


def _positions(names: Iterable[str]) -> np.ndarray:
    parsed = [parse_name(name) for name in names]
    return np.array([(photo.east, photo.north) for photo in parsed], np.float64).reshape(-1, 2)


def _read(file: h5py.File, source: Path) -> Candidates:
    version = int(file.attrs.get("format_version", 0))
    if version > FORMAT_VERSION:
        raise CacheError(
            f"{source} has format {version}; this version reads up to {FORMAT_VERSION}. Update the "
            "program, or retrieve again into another folder."
        )
    missing = {_QUERY_NAMES, _NAMES, _INDICES, _DISTANCES} - set(file)
    if missing:
        raise CacheError(f"{source} is not a candidate cache; it lacks {', '.join(sorted(missing))}")
    return Candidates(
        query_names=_read_text(file[_QUERY_NAMES]).tolist(),
        names=_read_text(file[_NAMES]),
        indices=file[_INDICES][:].astype(np.int64),
        distances=file[_DISTANCES][:].astype(np.float32),
        attributes=_attributes(file.attrs) if version else {},
        unreadable=tuple(_read_text(file[_UNREADABLE])) if _UNREADABLE in file else (),
        source=source,
    )


def _attributes(stored: Mapping[str, Any]) -> dict[str, Any]:
    return {name: json.loads(value) for name, value in stored.items() if name != "format_version"}


def _write_text(file: h5py.File, name: str, texts: np.ndarray) -> None:
    encoded = [text.encode("utf-8", "surrogateescape") for text in texts.ravel()]
    shaped = np.array(encoded, object).reshape(texts.shape)
    file.create_dataset(name, data=shaped, dtype=h5py.string_dtype())


def _read_text(stored: h5py.Dataset) -> np.ndarray:
    """Return an array of str objects, one object for all occurrences of a text."""
    texts = stored.asstr("utf-8", errors="surrogateescape")[:]
    known: dict[str, str] = {}
    flat = [known.setdefault(text, text) for text in texts.ravel()]
    return np.array(flat, object).reshape(texts.shape)


def _database_problems(candidates: Candidates, database: PhotoSet) -> list[str]:
    problems = []
    made_on = candidates.attributes.get(DATABASE)
    present = asdict(database.fingerprint)
    if made_on is not None and made_on != present:
        problems.append(
            f"it was made on {made_on['count']} database photos (list {made_on['digest']}), the dataset has "
            f"{present['count']} (list {present['digest']})"
        )
    inside = (candidates.indices >= 0) & (candidates.indices < len(database))
    expected = np.full(candidates.names.shape, "", object)
    expected[inside] = np.array(database.names, object)[candidates.indices[inside]]
    wrong = expected != candidates.names
    if wrong.any():
        absent = set(candidates.names[wrong]) - set(database.names)
        problems.append(f"{int(wrong.sum())} of {wrong.size} candidates are not the photos at their indices")
        if absent:
            problems.append(f"{len(absent)} candidate photos are not in the database: {_few(absent)}")
    return problems


def _query_problems(candidates: Candidates, queries: PhotoSet) -> list[str]:
    readable = [
        name
        for path, name in zip(queries.paths, queries.names, strict=True)
        if f"{QUERIES}/{path}" not in candidates.unreadable
    ]
    if candidates.query_names == readable:
        return []
    absent = set(candidates.query_names) - set(readable)
    new = set(readable) - set(candidates.query_names)
    problems = []
    if absent:
        problems.append(f"{len(absent)} of its queries are not in the dataset: {_few(absent)}")
    if new:
        problems.append(f"{len(new)} queries of the dataset are not in it: {_few(new)}")
    return problems or ["its queries are in another order than the dataset's"]


def _few(names: set[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(sorted(names)[:_SHOWN]) + more
