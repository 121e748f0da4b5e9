"""Training the project's own networks: their photos, their run, and the files that they are published as."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from data.city import CitySettings, draw_city, settings_of
from data.city_views import CORNERS, CityView, read_views
from data.errors import SettingsError, TrainingError
from data.files import write_json
from data.training_sets import read_training_photos
from extractors.training.settings import SMALL as SUPERPOINT_SMALL
from extractors.training.settings import SuperPointTraining
from extractors.training.superpoint import SuperPointTask
from networks.settings import make_settings, nearest, settings_dict
from networks.state_dicts import read_state
from networks.training.card import Card, publish
from networks.training.loop import BEST, LOG, Outcome, Task, outcome_of, train
from rerank.progress import stage
from rerank.provenance import current_environment
from retrieval.training.cosplace import CosPlaceTask
from retrieval.training.recall import open_held_out
from retrieval.training.settings import SMALL as COSPLACE_SMALL
from retrieval.training.settings import CosPlaceTraining

RECORD = "training.json"
VALIDATION_QUERIES = 100  # of each query set
DEMO_SEED = 0
FIRST_SEED = 11  # of the training cities of the weights that come with the project

# What a training city has beyond the demo's: three queries for each photo, at dusk, too.
CITY: Mapping[str, Any] = {
    "database_count": 180,
    "query_count": 540,
    "sweep": "darkness",
    "sweep_values": (0.5,),
}
LIMITS = (
    "Trained on drawings alone: for offline demonstrations, for tests, and as a starting point free of "
    "restrictions. Not for photos of real places, on which nothing was measured."
)


@dataclass(frozen=True)
class Plan:
    """What is to be trained.

    method: a key of METHODS. sources, validation: datasets; SuperPoint takes drawn cities alone.
    query_folders: of the validation; empty for all. preset: "small" for the settings of the weights that come
    with the project. settings: of the training, by name; they win over the preset's. weights: a file to begin
    with. device: "auto" takes a GPU where there is one. workers: threads that make batches.
    """

    method: str
    sources: tuple[str, ...]
    validation: str
    query_folders: tuple[str, ...] = ()
    preset: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    weights: Path | None = None
    device: str = "auto"
    workers: int = 1


@dataclass(frozen=True)
class TrainedMethod:
    """A network that can be trained.

    kind: its settings' class. presets: settings by name. make: its task. score: the figure by which its
    best epoch is chosen. title, purpose: for its card.
    """

    kind: type
    presets: Mapping[str, Mapping[str, Any]]
    make: Callable[[Any, Plan], Task]
    score: str
    title: str
    purpose: str


def draw_training_cities(folder: Path, count: int, first_seed: int) -> tuple[tuple[str, ...], str]:
    """Draw `count` cities to train on and one to validate on, with consecutive seeds; returns their folders.

    Raises SettingsError where the demo's city would be among them.
    """
    seeds = range(first_seed, first_seed + count + 1)
    if DEMO_SEED in seeds:
        raise SettingsError(f"seed {DEMO_SEED} draws the demo's city; train on others, such as {FIRST_SEED}")
    cities = [CitySettings(seed=seed, **CITY) for seed in seeds]
    photos = sum(city.database_count + city.query_count * len(city.query_sets) for city in cities)
    with stage("drawing photos", photos) as progress:
        *drawn, last = (
            str(draw_city(folder / str(city.seed), city, advance=progress.advance)) for city in cities
        )
    return tuple(drawn), last


def run_training(plan: Plan, folder: Path, command: str = "") -> Outcome:
    """Train what a plan says in `folder`, or go on with it.

    command: of the command line, for the card. Raises SettingsError for an unknown method, preset or
    setting, TrainingError where the folder holds another training.
    """
    method = _method(plan.method)
    if plan.preset is not None and plan.preset not in method.presets:
        raise SettingsError(f"no preset is called {plan.preset!r}{nearest(plan.preset, method.presets)}")
    given: dict[str, Any] = {**method.presets.get(plan.preset or "", {}), **plan.settings}
    settings: Any = make_settings(method.kind, given, owner=f"{plan.method} training")
    task = method.make(settings, plan)
    if not (folder / RECORD).exists():
        write_json(
            folder / RECORD,
            {
                "plan": settings_dict(plan),
                "settings": settings_dict(settings),
                "data": dict(task.data),
                "command": command,
            },
        )
    return train(task, folder, workers=plan.workers, progress=stage)


def export(folder: Path, path: Path, scores: Mapping[str, Any]) -> None:
    """Publish the best weights of the training in `folder` as the safetensors file `path`, with a card.

    scores: figures by what they were measured on, for the card. Raises TrainingError where no epoch of a
    training has ended in `folder`.
    """
    if not ((folder / RECORD).is_file() and (folder / BEST).is_file()):
        raise TrainingError(
            f"{folder} holds no training with weights; `rerank train` writes {RECORD}, {BEST}"
        )
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    plan, settings = record["plan"], record["settings"]
    method = _method(plan["method"])
    environment = current_environment()
    outcome = outcome_of(folder / LOG, method.score)
    card = Card(
        title=f"{path.stem}: {method.title}",
        purpose=method.purpose,
        limits=LIMITS,
        command=record["command"],
        data={
            "sources": [Path(source).name for source in plan["sources"]],
            "validation": Path(plan["validation"]).name,
            **record["data"],
        },
        settings=settings,
        training=settings_dict(outcome),
        environment={
            "commit": environment.commit or "unknown",
            "python": environment.python,
            "torch": environment.versions["torch"],
            "cpu": environment.cpu,
            "gpu": environment.gpu or "none",
        },
        scores=scores,
    )
    publish(read_state(folder / BEST), path, card)


def _method(name: str) -> TrainedMethod:
    if name not in METHODS:
        raise SettingsError(f"no training is known for {name!r}{nearest(name, METHODS)}")
    return METHODS[name]


def _device(plan: Plan) -> torch.device:
    if plan.device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(plan.device)


def _cosplace(settings: CosPlaceTraining, plan: Plan) -> Task:
    held_out = open_held_out(
        plan.validation, settings.validation_threshold_m, VALIDATION_QUERIES, plan.query_folders
    )
    initial = None if plan.weights is None else read_state(plan.weights)
    photos = read_training_photos(plan.sources)
    return CosPlaceTask(settings, photos, held_out, _device(plan), initial)


def _superpoint(settings: SuperPointTraining, plan: Plan) -> Task:
    initial = None if plan.weights is None else read_state(plan.weights)
    views = [view for source in plan.sources for view in _views(source)]
    return SuperPointTask(settings, views, _views(plan.validation), _device(plan), initial)


def _views(city: str) -> list[CityView]:
    lacking = 0 if (Path(city) / CORNERS).exists() else settings_of(city).query_count
    with stage(f"finding the corners of {city}", lacking) as progress:
        return read_views(city, progress.advance)


METHODS: Mapping[str, TrainedMethod] = {
    "cosplace": TrainedMethod(
        CosPlaceTraining,
        {"small": COSPLACE_SMALL},
        _cosplace,
        CosPlaceTask.score,
        "weights of the CosPlace retriever",
        "One global descriptor for each photo of a drawn city, by day or by night.",
    ),
    "superpoint": TrainedMethod(
        SuperPointTraining,
        {"small": SUPERPOINT_SMALL},
        _superpoint,
        SuperPointTask.score,
        "weights of the SuperPoint extractor",
        "Keypoints and descriptors of photos of drawn cities, by day or by night.",
    ),
}
