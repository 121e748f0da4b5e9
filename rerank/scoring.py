"""Scoring the candidates of every query from stored features, query by query, resumably."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from data.decode import map_ahead
from extractors import Features
from extractors.store import FeatureStore
from matchers import Matcher, Scores
from networks.stages import Counter
from networks.timing import Stopwatch
from rerank.results import QueryScores, RunFolder
from rerank.task import ALL, Task

QUERIES_AHEAD = 2  # whose features are read while one is scored


@dataclass(frozen=True)
class Loaded:
    """A query's features and those of its usable candidates, read from the store.

    columns: where the candidates stand in the shortlist's row. seconds: what reading took, and what
    decoding and extracting took when the features were computed, by stage of `latency.STAGES`.
    """

    row: int
    query: Features | None
    candidates: list[Features]
    columns: np.ndarray
    seconds: dict[str, float]


def score_queries(
    task: Task, store: FeatureStore, matcher: Matcher, folder: RunFolder, progress: Counter
) -> None:
    """Score every query that `folder` has not yet, keeping each as it is done.

    A photo without features, one that could not be read, scores minus infinity and comes last.
    """
    done = folder.done_queries()
    pending = [row for row in range(len(task.query_rows)) if row not in done]
    for loaded in load_ahead(task, store, pending):
        folder.append(loaded.row, score_query(loaded, matcher, task.shortlist.candidates))
        progress.advance()


def score_query(loaded: Loaded, matcher: Matcher, candidates: int) -> QueryScores:
    """Score one query's candidates; `candidates` is K, the length of the shortlist's row."""
    if loaded.query is None:
        return QueryScores.unscored(candidates)
    scores = matcher.score(loaded.query, loaded.candidates)
    return QueryScores(
        values=_spread(np.asarray(scores.values, np.float64), loaded.columns, candidates, -np.inf),
        matches=_counts(scores.matches, loaded.columns, candidates),
        inliers=_counts(scores.inliers, loaded.columns, candidates),
        seconds=loaded.seconds | _seconds_of(scores),
    )


def load_ahead(task: Task, store: FeatureStore, rows: list[int]) -> Iterator[Loaded]:
    """Read the features of queries on a thread, a bounded number ahead of their use."""
    return map_ahead(lambda row: load_query(task, store, row), rows, workers=1, ahead=QUERIES_AHEAD)


def load_query(task: Task, store: FeatureStore, row: int, chosen: slice = ALL) -> Loaded:
    """Read one query's features and those of its `chosen` candidates."""
    query_key = task.query_key(row)
    keys, columns = task.candidate_keys(row, chosen)
    lacking = set(store.missing([query_key, *keys]))
    usable = np.array([key not in lacking for key in keys], bool)
    keys = [key for key in keys if key not in lacking]
    if query_key in lacking:
        return Loaded(row, None, [], columns[:0], {})
    stopwatch = Stopwatch()
    query = store.read([query_key])[0]
    with stopwatch.measure("candidate_reading"):
        candidates = store.read(keys)
    query_s = store.seconds([query_key])[0]
    candidates_s = np.array(store.seconds(keys)).reshape(-1, 2).sum(axis=0)
    stages = ("query_decode", "query_extraction", "candidate_decode", "candidate_extraction")
    spent = dict(zip(stages, (*query_s, *candidates_s.tolist()), strict=True))
    return Loaded(row, query, candidates, columns[usable], spent | dict(stopwatch.seconds))


def _spread(array: np.ndarray, columns: np.ndarray, length: int, empty: float) -> np.ndarray:
    """Lay values of some columns into a whole row of the same type, `empty` elsewhere."""
    row = np.full(length, empty, array.dtype)
    row[columns] = array
    return row


def _counts(counts: np.ndarray | None, columns: np.ndarray, length: int) -> np.ndarray | None:
    return None if counts is None else _spread(counts, columns, length, -1)


def _seconds_of(scores: Scores) -> dict[str, float]:
    return {"matching": scores.matching_s, "scoring": scores.scoring_s}
