"""Tasks of photos that exist by name alone, or under several names."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from data.datasets import Dataset
from data.photoset import BY_BASE_NAME, PhotoSet
from rerank.protocol import Protocol, digest_of_candidates
from rerank.provenance import Part
from rerank.run import Shortlist
from rerank.task import Task


def made_up_set(folder: Path, names: Sequence[str]) -> PhotoSet:
    """Return photos of which nothing is known but their names."""
    count = len(names)
    nothing = np.full(count, "", object)
    return PhotoSet(
        folder=folder,
        paths=tuple(names),
        ordering=BY_BASE_NAME,
        positions=np.zeros((count, 2)),
        headings=np.full(count, np.nan),
        times=np.full(count, np.datetime64("NaT", "s")),
        zones=nothing,
        conditions=nothing,
    )


def made_up_task(database: PhotoSet, queries: PhotoSet, candidates: np.ndarray) -> Task:
    """Return the task of re-ranking `candidates` (Q, K), rows of the database, of every query."""
    shortlist = Shortlist(
        query_names=list(queries.names),
        indices=candidates,
        distances_m=np.full(candidates.shape, 100.0),
        descriptor_distances=np.zeros(candidates.shape, np.float32),
        positives=np.ones(len(queries), np.int64),
    )
    protocol = Protocol(
        queries=queries.fingerprint,
        database=database.fingerprint,
        candidates_digest=digest_of_candidates(shortlist.query_names, candidates),
        top_k=candidates.shape[1],
        retriever="made_up",
    )
    dataset = Dataset("made_up", Path(), database, queries)
    return Task(dataset, shortlist, np.arange(len(queries)), protocol, Part("made_up"))
