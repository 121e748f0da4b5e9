"""The real pipeline on the same photos: from empty caches (cold) and with candidates' features stored (warm).

What is timed is what `rerank benchmark` does: `fill_store` with its decoding threads, then `score_queries`
with its reading ahead, a journal of scores and all.
"""

import tempfile
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.made_up import made_up_set, made_up_task
from benchmarks.pipeline.job import Job
from benchmarks.pipeline.peak import forget_peak, peak_mib
from benchmarks.pipeline.photos import extract_photo, nearest_photos
from benchmarks.pipeline.work import gflop_of
from data.photoset import PhotoSet
from extractors.store import FeatureStore
from matchers import Matcher
from networks.loading import Loading
from networks.memory import keep_memory
from networks.stages import logged_stage
from networks.timing import Stopwatch
from rerank.filling import fill_store
from rerank.latency import STAGES
from rerank.pipeline import part_of
from rerank.provenance import Method, Part, current_environment
from rerank.results import RunFolder
from rerank.run import Run, RunIdentity
from rerank.scoring import score_queries
from rerank.task import Task, photo_key


class Ours:
    """The pipeline with one pair of methods."""

    def __init__(self, job: Job) -> None:
        keep_memory()  # as `rerank.pipeline` does
        self.job = job
        self.dataset = job.dataset()
        self.extractor, self.matcher = job.build()
        self.other = job.default_estimator()
        self.loading = Loading(batch_size=job.builder().batch_size())
        self._folder = tempfile.TemporaryDirectory()
        self._measured = self._open(Path(self._folder.name))  # what the rounds extracted, for `scores`
        self.idle_mib = forget_peak()

    def warm_up(self) -> None:
        """Run everything once."""
        with tempfile.TemporaryDirectory() as folder:
            store = self._open(Path(folder))
            task = self._task(self.dataset.database, 0, [0])
            self._fill(task, store)
            self._score(task, store, self.matcher, Path(folder))

    def round(self, number: int) -> dict[str, float]:
        """Extract and score query `number` and its candidates; return seconds of a photo and a pair.

        photo_s: decoding, extracting and storing a photo. read_s: reading a candidate. score_s: all that
        scoring a candidate takes, reading among it. own_score_s: the same with the project's own
        estimator. The stages of `rerank.latency` have their names, per photo and per pair.
        """
        clock = Stopwatch(self.extractor.device)
        rows = nearest_photos(self.dataset, number)[: self.job.different].tolist()
        with tempfile.TemporaryDirectory() as folder:
            store = self._open(Path(folder))
            task = self._task(self.dataset.database, number, rows)
            with clock.measure("fill"):
                self._fill(task, store)
            self._keep(task, store)
            copies, task = self._copied(store, number, rows)
            with clock.measure("score"):
                run = self._score(task, store, self.matcher, Path(folder) / "run")
            stages = dict(zip(STAGES, run.seconds[0], strict=True))
            if self.other is not None:
                with clock.measure("own score"):
                    self._score(task, store, self.other, Path(folder) / "own")
            return {
                "photo_s": clock.seconds["fill"] / (1 + len(rows)),
                "score_s": clock.seconds["score"] / copies,
                **({"own_score_s": clock.seconds["own score"] / copies} if self.other else {}),
                "decode_s": stages["candidate_decode"] / copies,
                "extract_s": stages["candidate_extraction"] / copies,
                "read_s": stages["candidate_reading"] / copies,
                "match_s": stages["matching"] / copies,
                "estimate_s": stages["scoring"] / copies,
                "photo_bytes": store.bytes_per_photo() or 0.0,
                "peak_mib": peak_mib() - self.idle_mib,
            }

    def work(self) -> dict[str, float]:
        """Count the billions of operations of a photo and of a pair in products and convolutions."""
        path = self.dataset.database.path(0)
        photo = extract_photo(self.extractor, path)
        of_one, of_two = (gflop_of(partial(self.matcher.score, photo, [photo] * count)) for count in (1, 2))
        of_photo = gflop_of(partial(extract_photo, self.extractor, path))
        return {"photo_gflop": of_photo, "pair_gflop": of_two - of_one}

    def scores(self, rounds: int, rows: list[int]) -> np.ndarray:
        """Score each of the queries with the database photos of `rows`: (rounds, photos) float64."""
        values = []
        for number in range(rounds):
            task = self._task(self.dataset.database, number, rows)
            folder = Path(self._folder.name) / f"run{number}"
            values.append(self._score(task, self._measured, self.matcher, folder).values[0])
        return np.stack(values)

    def _keep(self, task: Task, store: FeatureStore) -> None:
        with self._measured.writer() as writer:
            for key in self._measured.missing(task.photos()):
                writer.add(key, store.read([key])[0], decode_s=0.0, extract_s=0.0)

    def _open(self, folder: Path) -> FeatureStore:
        return FeatureStore(folder / "features", {"extractor": self.extractor.spec.name})

    def _fill(self, task: Task, store: FeatureStore) -> None:
        fill_store("benchmark", task.photos(), self.extractor, store, self.loading)

    def _copied(self, store: FeatureStore, number: int, rows: list[int]) -> tuple[int, Task]:
        """Store the candidates under as many names as a query has candidates; return these and the task."""
        count, different = self.job.candidates, len(rows)
        originals = [self.dataset.database.paths[row] for row in rows]
        copies = [f"{place:04d}-{originals[place % different]}" for place in range(different, count)]
        photos = made_up_set(self.dataset.database.folder, originals + copies)
        with store.writer() as writer:
            for place in range(different, count):
                original, copy = photo_key(photos, place % different), photo_key(photos, place)
                decode_s, extract_s = store.seconds([original])[0].tolist()
                writer.add(copy, store.read([original])[0], decode_s=decode_s, extract_s=extract_s)
        return len(photos), self._task(photos, number, list(range(len(photos))))

    def _task(self, database: PhotoSet, number: int, rows: list[int]) -> Task:
        return made_up_task(database, self.dataset.queries.subset([number]), np.array([rows], np.int64))

    def _score(self, task: Task, store: FeatureStore, matcher: Matcher, folder: Path) -> Run:
        method = Method((part_of(self.extractor), Part("benchmark")))
        with RunFolder(folder) as run, logged_stage("scoring", 1) as progress:
            run.begin(RunIdentity("benchmark", task.protocol, method), ENVIRONMENT)
            score_queries(task, store, matcher, run, progress)
            return run.finish(task.shortlist)


ENVIRONMENT = current_environment()
