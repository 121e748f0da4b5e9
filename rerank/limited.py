"""Scoring where features do not fit the disk: queries by place, their photos in a cache of limited size.

A query's photos are extracted where the cache lacks them, and all matchers score it before the next comes.
Scores are those that all features at once would have given.
"""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from extractors import Extractor
from extractors.shard_writer import ShardWriter
from extractors.store import FeatureStore
from matchers import Matcher
from networks.loading import Loading
from networks.stages import Stage
from networks.timing import Stopwatch
from rerank.feature_cache import FeatureCache
from rerank.filling import PROBE_PHOTOS, Filling, extract_into
from rerank.query_order import next_uses, order_by_place
from rerank.results import RunFolder
from rerank.run import CacheUse
from rerank.scoring import load_query, score_query
from rerank.space import Work, check_space
from rerank.task import ALL, Task, photo_key

ADVICE = "Free some space, or give a smaller --cache-limit"


class LimitedRun:
    """One extractor's runs of one task, with at most `limit_bytes` of features in `store`.

    scorings: every matcher and its begun run folder. writer: of `store`. filling: what extracting came to.
    stopwatch: seconds of scoring by name of the run folder.
    """

    def __init__(
        self,
        task: Task,
        extractor: Extractor,
        loading: Loading,
        scorings: Sequence[tuple[Matcher, RunFolder]],
        store: FeatureStore,
        writer: ShardWriter,
        limit_bytes: int,
    ) -> None:
        self.task, self.store = task, store
        self.filling = Filling()
        self.stopwatch = Stopwatch(extractor.device)
        self._extractor, self._loading = extractor, loading
        self._scorings = [(matcher, folder, folder.done_queries()) for matcher, folder in scorings]
        order = order_by_place(task.shortlist.indices, task.dataset.database.positions).tolist()
        self._rows = [row for row in order if any(row not in done for _, _, done in self._scorings)]
        self._cache = FeatureCache(store, writer, limit_bytes, 1 + task.shortlist.candidates)
        self._wanted = self._missed = 0  # candidates

    def fits(self) -> bool:
        """Tell whether all photos of the task stay below the limit; extracts a few where none is stored.

        Raises SettingsError where the limit is too small for one query.
        """
        if not self._cache.largest_bytes and self._rows:
            self._bring(self._rows[0], PROBE_PHOTOS)
        lacking = len(self.store.missing(self.task.photos()))
        needed = self.store.size_bytes() + lacking * self._cache.largest_bytes
        return not lacking or 0 < needed <= self._cache.limit_bytes

    def score(self, stage: Stage) -> CacheUse:
        """Score every query with every matcher that has not yet, and say what the cache was worth.

        Raises DiskSpaceError where the disk cannot hold as much as the limit, and SettingsError where a query
        with larger photos than before does not fit the limit.
        """
        room = self._cache.limit_bytes - self.store.size_bytes()
        check_space(self.store.folder, [Work("cache of features", 1, room)], ADVICE)
        self._try_unusable()
        indices = self.task.shortlist.indices[self._rows]
        again, first = next_uses(indices)
        database = self.task.dataset.database
        first = {index: query for index, query in first.items() if index >= 0}
        self._cache.expect({photo_key(database, index): query for index, query in first.items()})
        name = f"extracting and scoring {self.task.dataset.name} {self._extractor.spec.name}"
        with stage(name, len(self._rows)) as progress:
            for row, uses in zip(self._rows, again, strict=True):
                self._score_query(row, uses)
                progress.advance()
        photos = len(self._rows) + len(first)
        found = self._wanted - self._missed
        computed = self.filling.computed
        return CacheUse(self._cache.limit_bytes, len(self._rows), self._wanted, found, photos, computed)

    def _score_query(self, row: int, uses: np.ndarray) -> None:
        """Score one query; uses: (K,), when its candidates are wanted again."""
        self._wanted += self._bring(row)
        loaded = load_query(self.task, self.store, row)
        for matcher, folder, done in self._scorings:
            if row not in done:
                with self.stopwatch.measure(folder.path.name):
                    folder.append(row, score_query(loaded, matcher, self.task.shortlist.candidates))
        keys, columns = self.task.candidate_keys(row)
        self._cache.expect(dict(zip(keys, uses[columns].tolist(), strict=True)))

    def _bring(self, row: int, count: int | None = None) -> int:
        """Have what the cache lacks of a query and its candidates extracted, at most `count` of them.

        Returns how many candidates that are.
        """
        photos = dict(islice(self.task.photos_of(row, ALL).items(), count))
        self._cache.hold(photos)
        bad = {photo.path for photo in self.filling.bad_photos}
        lacking = [key for key in self.store.missing(photos) if key not in bad]
        self._missed += len(set(lacking) - {self.task.query_key(row)})
        self._extract({key: photos[key] for key in lacking})
        self._cache.check()
        return len(photos) - 1

    def _extract(self, photos: dict[str, Path]) -> None:
        extract_into(self._cache, photos, self._extractor, self._loading, _Uncounted(), self.filling)

    def _try_unusable(self) -> None:
        """Try the photos again that an earlier process could not use, to tell of them at the end."""
        waiting = set(self._rows)
        unusable: dict[str, Path] = {}
        for _, folder, done in self._scorings:
            if not folder.finished and done:
                for row, values in folder.scored():
                    if row not in waiting:
                        unusable |= self._unscored(row, values)
        self._extract(unusable)

    def _unscored(self, row: int, values: np.ndarray) -> dict[str, Path]:
        """Return the candidates of a query that have no score, and the query itself where none has one."""
        photos = self.task.photos_of(row, ALL)
        keys, columns = self.task.candidate_keys(row)
        unscored = np.isneginf(values[columns])
        chosen = photos if unscored.all() else [key for key, left in zip(keys, unscored, strict=True) if left]
        return {key: photos[key] for key in chosen}


class _Uncounted:
    """Queries are counted for people, not the photos of each."""

    def advance(self, count: int = 1) -> None:
        """Tell nothing."""
