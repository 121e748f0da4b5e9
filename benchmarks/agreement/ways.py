"""The scores of a pair of methods in the published way and by the pipeline, on the same candidates."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

import retrieval
from benchmarks.agreement.cases import Case
from benchmarks.pipeline.naive import rounded
from benchmarks.pipeline.photos import extract_photo
from benchmarks.pipeline.published import make_plain
from data.datasets import open_dataset
from data.errors import ResultError
from extractors import Features
from matchers import Matcher
from rerank.configuration import Configuration, split_pair
from rerank.methods import Builder
from rerank.pipeline import Pipeline
from rerank.presets import SMALL
from rerank.run import Run
from rerank.task import Task
from retrieval.retrieve import CANDIDATES_FILE, retrieve

STORED_AS = "float16"  # the pipeline's descriptors and maps
PhotoFeatures = Mapping[str, Features]  # the feature store's key of a photo -> what it shows


@dataclass(frozen=True)
class Place:
    """A drawn city, and where what is computed of it goes.

    city: its folder. folder: of candidates, features and results. conditions: folders of queries.
    candidates: of a query. device: a torch device.
    """

    city: Path
    folder: Path
    conditions: tuple[str, ...]
    candidates: int
    device: str

    @cached_property
    def tasks(self) -> list[Task]:
        """What is to be re-ranked: the candidates of the retriever that comes with the project."""
        name = SMALL.retriever
        retriever = retrieval.build(name, device=self.device, **SMALL.retriever_settings)
        for condition in self.conditions:
            dataset = open_dataset(self.city, queries_folder=condition, cache=False)
            retrieve(dataset, retriever, self.folder / condition, descriptors_folder=self.folder)
        told = Configuration(dataset=str(self.city), device=self.device)
        return [pipeline.task(pipeline.datasets()[0]) for pipeline in self.pipelines(told, "tasks")]

    def pipelines(self, told: Configuration, name: str) -> list[Pipeline]:
        """Return the pipelines of a configuration, one for each query set. name: of the folder of results."""
        return [
            Pipeline(
                replace(
                    told,
                    queries_folders=(condition,),
                    candidates=self.folder / condition / CANDIDATES_FILE,
                    candidates_per_query=self.candidates,
                    results=self.folder / "results" / name,
                    caches=self.folder / "caches",
                )
            )
            for condition in self.conditions
        ]


def published_features(case: Case, place: Place) -> PhotoFeatures:
    """Extract every photo as the published way does; what it gives for a photo is the same every time."""
    extractor = Builder(case.published(place.city, place.device)).build(
        "extractor", split_pair(case.pair)[0], case.pair
    )
    make_plain(extractor)
    photos = {key: path for task in place.tasks for key, path in task.photos().items()}
    return {key: extract_photo(extractor, path) for key, path in photos.items()}


def published_scores(case: Case, place: Place, features: PhotoFeatures) -> np.ndarray:
    """Score the pairs one by one as the published way does: (Q, K), of all query sets."""
    matcher = _matcher(case.published(place.city, place.device))
    make_plain(matcher)
    return np.stack(
        [
            [matcher.score(features[query], [features[key]]).values[0] for key in candidates]
            for query, candidates in _queries(place)
        ]
    )


def scores_together(case: Case, place: Place, features: PhotoFeatures) -> np.ndarray:
    """Score features with the pipeline's matcher, a query's candidates at once: (Q, K)."""
    matcher = _matcher(case.pipeline(place.city, place.device))
    return np.stack(
        [
            matcher.score(features[query], [features[key] for key in candidates]).values
            for query, candidates in _queries(place)
        ]
    )


def pipeline_runs(case: Case, place: Place, precision: str) -> list[Run]:
    """Run the pipeline, and return its results for each query set.

    Raises ResultError where a photo could not be used.
    """
    told = replace(case.pipeline(place.city, place.device), precision=precision)
    reports = [pipeline.run() for pipeline in place.pipelines(told, f"{case.name} {precision}")]
    if bad := {photo.path: photo.reason for report in reports for photo in report.bad_photos}:
        raise ResultError(
            f"{place.city}: photos could not be used: {bad}; delete the folder, to draw it anew"
        )
    return [report.runs[-1] for report in reports]  # the first is of the retriever


def as_stored(features: PhotoFeatures) -> PhotoFeatures:
    """Round features as the pipeline's store does."""
    return {key: rounded(of_photo, STORED_AS) for key, of_photo in features.items()}


def _matcher(told: Configuration) -> Matcher:
    (pair,) = told.pairs
    return Builder(told).build("matcher", split_pair(pair)[1], pair)


def _queries(place: Place) -> list[tuple[str, list[str]]]:
    """Return the key of every query and the keys of its candidates."""
    return [
        (task.query_key(row), task.candidate_keys(row)[0])
        for task in place.tasks
        for row in range(len(task.query_rows))
    ]
