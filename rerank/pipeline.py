"""The pipeline: candidates, features, scores and results of every dataset and pair asked for.

Whatever is finished is kept and never computed again: descriptors and features in the caches, scored
queries in the run folders. The same command after a kill continues.
"""

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from data.datasets import Dataset, open_dataset
from extractors import Extractor
from extractors.store import FeatureStore
from matchers import Matcher
from networks.loading import Loading
from networks.memory import keep_memory
from networks.settings import settings_dict
from networks.timing import Stopwatch
from rerank.adaptive_run import learn_from_run, score_adaptively
from rerank.configuration import Configuration
from rerank.filling import Filling, fill_store
from rerank.limited import LimitedRun
from rerank.methods import Builder, check_pairs
from rerank.progress import stage
from rerank.provenance import Environment, Method, Part, current_environment
from rerank.results import QueryScores, RunFolder
from rerank.run import BadPhoto, Origin, Run, RunIdentity
from rerank.scoring import score_queries
from rerank.sources import features_folder, features_identity, origin_of
from rerank.task import Task, cache_folder, candidates_folder, make_task, searched
from retrieval.candidates import check_candidates, read_candidates
from retrieval.index_kinds import EXACT
from retrieval.retrieve import retrieve

log = logging.getLogger(__name__)

RETRIEVED = 100  # candidates that a cache holds, however few are re-ranked


@dataclass
class Report:
    """What a benchmark gave: finished runs, and photos that could not be used."""

    runs: list[Run] = field(default_factory=list)
    bad_photos: set[BadPhoto] = field(default_factory=set)


@dataclass
class Pipeline:
    """One benchmark at work."""

    configuration: Configuration

    def __post_init__(self) -> None:
        keep_memory()

    @cached_property
    def builder(self) -> Builder:
        """Builds the methods."""
        return Builder(self.configuration)

    @cached_property
    def environment(self) -> Environment:
        """The software and hardware in use."""
        return current_environment()

    @cached_property
    def origin(self) -> Origin:
        """Where photos and features lie, for those who read the results."""
        return origin_of(self.configuration)

    def run(self) -> Report:
        """Run the retriever and every pair on every query set; refuse impossible pairs beforehand."""
        pairs = self.configuration.split_pairs()
        check_pairs(pairs)
        self.builder.check_precision()
        self._fetch_weights(pairs)
        tasks = [self.task(dataset) for dataset in self.datasets()]
        report = Report()
        for task in tasks:
            report.bad_photos.update(task.bad_photos)
            report.runs.append(self.retrieval_run(task))
        for group in self._by_extractor(pairs):
            self._run_extractor(group, tasks, report)
        return report

    def _by_extractor(self, pairs: list[tuple[str, str]]) -> list[list[tuple[str, str]]]:
        """Group pairs whose features are the same ones: of one extractor with one set of settings."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for extractor, matcher in pairs:
            settings = self.builder.settings_of("extractor", extractor, f"{extractor}+{matcher}")
            groups.setdefault(f"{extractor} {settings}", []).append((extractor, matcher))
        return list(groups.values())

    def _fetch_weights(self, pairs: list[tuple[str, str]]) -> None:
        if self.configuration.candidates is None:
            self.builder.fetch_weights("retriever", self.configuration.retriever)
        for extractor, matcher in pairs:
            self.builder.fetch_weights("extractor", extractor, f"{extractor}+{matcher}")
            self.builder.fetch_weights("matcher", matcher, f"{extractor}+{matcher}")

    def datasets(self) -> list[Dataset]:
        """Open every query set that was asked for."""
        chosen = self.configuration
        return [
            open_dataset(chosen.dataset, database_folder=chosen.database_folder, queries_folder=folder)
            for folder in chosen.queries_folders or (None,)
        ]

    def task(self, dataset: Dataset) -> Task:
        """Get a dataset's candidates, from the cache that was given or by retrieving."""
        chosen = self.configuration
        if chosen.candidates is not None:
            candidates = read_candidates(chosen.candidates)
            check_candidates(candidates, dataset)
            retriever = Part(candidates.attributes.get("retriever", chosen.candidates.stem))
            retriever = searched(retriever, candidates.attributes.get("index", EXACT))
        else:
            method = self.builder.build("retriever", chosen.retriever)
            kept_in = cache_folder(dataset, chosen.caches)
            candidates = retrieve(
                dataset,
                method,
                kept_in / dataset.queries.folder.name / candidates_folder(method.spec.name, chosen.index),
                descriptors_folder=kept_in,
                top_k=max(RETRIEVED, chosen.candidates_per_query),
                batch_size=self.builder.batch_size(),
                workers=chosen.workers,
                exif=chosen.exif,
                index=chosen.index,
                stored_as=chosen.descriptors,
                progress=stage,
            )
            retriever = searched(part_of(method), candidates.attributes["index"])
        return make_task(
            dataset,
            candidates,
            retriever,
            candidates_per_query=chosen.candidates_per_query,
            threshold_m=chosen.threshold_m,
            exif=chosen.exif,
        )

    def retrieval_run(self, task: Task) -> Run:
        """Write the run of the retriever alone, the row that re-ranking is held against."""
        with self._begin(task, (task.retriever,)) as folder:
            done = folder.done_queries()
            for row, distances in enumerate(task.shortlist.descriptor_distances):
                if row not in done:
                    values = np.where(task.shortlist.indices[row] < 0, -np.inf, -distances.astype(np.float64))
                    folder.append(row, QueryScores(values))
            return folder.read() if folder.finished else folder.finish(task.shortlist, origin=self.origin)

    def _run_extractor(self, group: list[tuple[str, str]], tasks: list[Task], report: Report) -> None:
        """Extract what is missing, then score every task with every matcher of one extractor's pairs."""
        pairs = {f"{extractor}+{matcher}": (extractor, matcher) for extractor, matcher in group}
        pair, (name, _) = next(iter(pairs.items()))
        extractor = self.builder.build("extractor", name, pair)
        for task in tasks:
            built = [self.builder.build("matcher", matcher, pair) for pair, (_, matcher) in pairs.items()]
            report.runs += self._run_matchers(task, extractor, built)
        report.bad_photos.update(photo for run in report.runs for photo in run.bad_photos)

    def _run_matchers(self, task: Task, extractor: Extractor, matchers: list[Matcher]) -> list[Run]:
        if self.configuration.adaptive is not None:
            source = self.configuration.adaptive
            return [self._run_adaptively(task, extractor, matcher, source) for matcher in matchers]
        with ExitStack() as stack:
            folders = [
                stack.enter_context(self._begin(task, (part_of(extractor), part_of(matcher))))
                for matcher in matchers
            ]
            if all(folder.finished for folder in folders):
                return [folder.read() for folder in folders]
            store, filling = self._store(task, extractor), Filling()
            scorings = list(zip(matchers, folders, strict=True))
            limit_bytes = self.configuration.cache_limit_bytes
            if limit_bytes is not None:
                with store.writer() as writer:
                    limited = LimitedRun(
                        task, extractor, self._loading(), scorings, store, writer, limit_bytes
                    )
                    if not limited.fits():
                        return self._score_limited(limited, scorings)
                filling = limited.filling
            name = f"{task.dataset.name} {extractor.spec.name}"
            filling.add(fill_store(name, task.photos(), extractor, store, self._loading()))
            return [self._score(task, store, matcher, folder, filling) for matcher, folder in scorings]

    def _score_limited(self, limited: LimitedRun, scorings: Sequence[tuple[Matcher, RunFolder]]) -> list[Run]:
        """Extract and score query by query, with no more features at a time than the limit allows."""
        use = limited.score(stage)
        log.info("%s", use)
        extracting = {"extracting": limited.filling.seconds}
        bad = sorted(limited.filling.bad_photos, key=lambda photo: photo.path)
        return [
            folder.read()
            if folder.finished
            else folder.finish(
                limited.task.shortlist,
                bad_photos=bad,
                times=extracting | {"scoring": limited.stopwatch.seconds[folder.path.name]},
                origin=self.origin,
                cache=use,
            )
            for _, folder in scorings
        ]

    def _score(
        self, task: Task, store: FeatureStore, matcher: Matcher, folder: RunFolder, filling: Filling
    ) -> Run:
        """Score every query with one matcher, going on where an earlier process stopped."""
        if folder.finished:
            return folder.read()
        stopwatch = Stopwatch(self.builder.device())
        waiting = len(task.query_rows) - len(folder.done_queries())
        name = f"scoring {task.dataset.name} {folder.path.name}"
        with stopwatch.measure("scoring"), stage(name, waiting) as progress:
            score_queries(task, store, matcher, folder, progress)
        times = {"extracting": filling.seconds, **stopwatch.seconds}
        return folder.finish(task.shortlist, bad_photos=filling.bad_photos, times=times, origin=self.origin)

    def _run_adaptively(self, task: Task, extractor: Extractor, matcher: Matcher, source: Path) -> Run:
        """Extract and score what a rule asks for that a run below `source` taught."""
        parts = (part_of(extractor), part_of(matcher))
        learned = learn_from_run(source, parts, task.protocol, self.configuration.tolerated_points)
        with self._begin(task, (*parts, learned.part)) as folder:
            if folder.finished:
                return folder.read()
            store, filling = self._store(task, extractor), Filling()

            def extract(photos: dict[str, Path]) -> None:
                name = f"{task.dataset.name} {extractor.spec.name}"
                filling.add(fill_store(name, photos, extractor, store, self._loading()))

            stopwatch = Stopwatch(self.builder.device())
            with stopwatch.measure("all"):
                score_adaptively(task, store, matcher, folder, learned.rule, extract, stage)
            times = {"extracting": filling.seconds, "scoring": stopwatch.seconds["all"] - filling.seconds}
            bad = filling.bad_photos
            return folder.finish(task.shortlist, bad_photos=bad, times=times, origin=self.origin)

    def _begin(self, task: Task, parts: tuple[Part, ...]) -> RunFolder:
        method = Method(parts, self.builder.device(), self.configuration.precision)
        folder = RunFolder(self.configuration.results / task.dataset.name / method.name)
        folder.begin(RunIdentity(task.dataset.name, task.protocol, method), self.environment)
        return folder

    def _store(self, task: Task, extractor: Extractor) -> FeatureStore:
        """Open the store of an extractor's features, shared by all query sets of a database."""
        chosen = self.configuration
        identity = features_identity(part_of(extractor), chosen.precision, chosen.exif)
        kept_in = cache_folder(task.dataset, chosen.caches)
        return FeatureStore(features_folder(kept_in, identity), identity)

    def _loading(self) -> Loading:
        chosen = self.configuration
        return Loading(chosen.exif, chosen.workers, self.builder.batch_size())


def part_of(method: Any) -> Part:
    """Return what identifies a built method in results and caches."""
    return Part(method.spec.name, settings_dict(method.settings), method.weights_digest)
