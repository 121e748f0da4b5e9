"""Results made up for the report: a street of photos, and finished runs on it by any methods."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from data.datasets import Dataset, open_dataset
from data.names import PhotoName, format_name
from rerank.configuration import Configuration
from rerank.latency import STAGES
from rerank.pipeline import Pipeline
from rerank.provenance import Method, Part
from rerank.run import BadPhoto, Origin, Run, RunIdentity
from rerank.run_files import write_run
from rerank.task import Task, make_task
from retrieval.candidates import Candidates
from tests.places import make_places
from tests.rerank.made_runs import ENVIRONMENT

SPACING_M = 20.0
WIDTH, HEIGHT = 64, 48
METHODS = ("rootsift+ransac", "rootsift+rapid")
SEED = 0


def make_street(
    folder: Path,
    queries: int = 12,
    photos: int = 40,
    *,
    query_folder: str = "queries",
    notes: Sequence[str] = (),
) -> Path:
    """Write a database along a street that bends, and queries somewhere on it; notes: of the queries."""
    draw = np.random.default_rng(SEED)
    for number in range(photos):
        _write_photo(folder / "database" / _name(number * SPACING_M, f"db{number}"), number)
    for number in range(queries):
        note = notes[number] if number < len(notes) else ""
        east = float(draw.uniform(0, photos * SPACING_M))
        name = _name(east, f"q{number}", note)
        _write_photo(folder / query_folder / name, number)
    return folder


def make_runs(
    results: Path,
    street: Path,
    methods: Sequence[str] = METHODS,
    *,
    query_folder: str = "queries",
    candidates: int = 6,
    timed: bool = True,
) -> list[Run]:
    """Write finished runs of retrieval and of each method into `results`/DATASET/, good ones first."""
    task = _task(open_dataset(street, queries_folder=query_folder), candidates)
    runs = [_run(task, street, "vlad", np.random.default_rng(SEED), np.inf, timed)]
    for number, method in enumerate(methods):
        draw = np.random.default_rng(SEED + number)
        runs.append(_run(task, street, method, draw, 30.0 + 15.0 * number, timed))
    for number, run in enumerate(runs):
        write_run(results / task.dataset.name / f"run{number}", run)
    return runs


def run_places(folder: Path) -> Path:
    """Run a method on a few places, and return the folder of the results: for what needs real features."""
    configuration = Configuration(
        dataset=str(make_places(folder / "places")),
        pairs=("rootsift+ransac",),
        results=folder / "results",
        caches=folder / "caches",
    )
    Pipeline(configuration).run()
    return folder / "results"


def _task(dataset: Dataset, count: int) -> Task:
    """Return a task in which each query's candidates are drawn, more often from near it."""
    draw = np.random.default_rng(SEED)
    places = dataset.database.positions
    indices = []
    for position in dataset.queries.positions:
        away = np.hypot(*(places - position).T)
        odds = 1.0 / (10.0 + away)
        indices.append(draw.choice(len(places), min(count, len(places)), replace=False, p=odds / odds.sum()))
    found = np.array(indices, np.int64).reshape(len(dataset.queries), -1)
    shortlist = Candidates(
        query_names=dataset.queries.names,
        names=np.array(dataset.database.names, object)[found],
        indices=found,
        distances=np.sort(draw.random(found.shape, np.float32), axis=1),
    )
    return make_task(
        dataset, shortlist, Part("vlad"), candidates_per_query=count, threshold_m=25.0, exif=True
    )


def _run(
    task: Task, street: Path, method: str, draw: np.random.Generator, noise_m: float, timed: bool
) -> Run:
    """Return a run that scores by distance and noise; infinite noise stands for the retriever's order."""
    shape = task.shortlist.indices.shape
    values = -np.broadcast_to(np.arange(shape[1], dtype=float), shape)
    if np.isfinite(noise_m):
        values = -task.shortlist.distances_m + draw.normal(0.0, noise_m, shape)
    reranks = np.isfinite(noise_m)
    parts = tuple(Part(name, {"size": [3, 4], "sigma": 1.5}) for name in method.split("+"))
    return Run(
        identity=RunIdentity(task.dataset.name, task.protocol, Method(parts)),
        environment=ENVIRONMENT,
        shortlist=task.shortlist,
        values=values,
        matches=np.full(shape, 40 if reranks else -1, np.int32),
        inliers=np.full(shape, 12 if reranks else -1, np.int32),
        seconds=np.full((shape[0], len(STAGES)), 0.01 * (1 + len(method)) if timed and reranks else np.nan),
        turns=np.arange(shape[0], dtype=np.int32),
        bad_photos=(BadPhoto("queries/<i>bad</i>.jpg", "empty file"),) if reranks else (),
        times={"scoring": 1.0},
        notes=("begun with another environment: <b>cores</b>",) if reranks else (),
        origin=Origin(str(street)),
    )


def _name(along_m: float, panorama: str, note: str = "") -> str:
    """Return the name of a photo so many metres along the street."""
    bend = 30.0 * np.sin(along_m / 90.0)
    return format_name(
        PhotoName(east=548000.0 + along_m, north=4180000.0 + bend, zone="10S", pano_id=panorama, note=note)
    )


def _write_photo(path: Path, number: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    photo = np.full((HEIGHT, WIDTH, 3), (40 + 3 * number % 160, 90, 200 - number % 120), np.uint8)
    cv2.putText(photo, str(number), (6, 34), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (255, 255, 255), 2)
    ok, encoded = cv2.imencode(".jpg", photo)
    assert ok
    path.write_bytes(encoded.tobytes())  # imwrite does not take every name
