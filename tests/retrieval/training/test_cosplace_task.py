"""A CosPlace training of a few steps on a drawn city: turns, resume, and its files through the registry."""

from pathlib import Path

import numpy as np
import pytest
import torch

import retrieval
from data.city import CitySettings, draw_city
from data.errors import SettingsError, TrainingError
from data.training_sets import TrainingPhotos, read_training_photos
from networks.training.loop import BEST, CHECKPOINT, train
from retrieval.training.cosplace import CosPlaceTask
from retrieval.training.recall import HeldOut, open_held_out
from retrieval.training.settings import CosPlaceTraining

CITY = CitySettings(database_count=18, query_count=18, width=64, height=48, shift_m=2.0, shift_deg=3.0)
TINY = CosPlaceTraining(
    epochs=2,
    steps_per_epoch=3,
    batch_size=4,
    learning_rate=1e-3,
    backbone="ResNet18",
    fc_output_dim=16,
    last_stage=1,
    frozen_stages=0,
    groups=2,
    heading_deg=20,
    cell_m=20,
    cells_apart=1,
    min_photos=2,
    height=32,
    width=40,
    checkpoint_every=2,
    log_every=1,
    precision="float32",
)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_city(tmp_path_factory.mktemp("trained") / "city", CITY)


@pytest.fixture(scope="module")
def photos(city: Path) -> TrainingPhotos:
    return read_training_photos([city])


@pytest.fixture(scope="module")
def held_out(city: Path) -> HeldOut:
    return open_held_out(city, 25.0, most_queries=5)


def changed(**settings: object) -> CosPlaceTraining:
    return CosPlaceTraining(**{**vars(TINY), **settings})  # type: ignore[arg-type]


def parts(folder: Path) -> dict[str, torch.Tensor]:
    state = torch.load(folder / CHECKPOINT, weights_only=True)["parts"]
    return {f"{name} {key}": value for name, part in state.items() for key, value in _flat(part)}


def _flat(value: object, name: str = "") -> list[tuple[str, torch.Tensor]]:
    if isinstance(value, torch.Tensor):
        return [(name, value)]
    if not isinstance(value, dict):
        return []
    return [found for key, below in value.items() for found in _flat(below, f"{name}.{key}")]


def test_stopped_and_continued_it_has_the_same_bits(
    photos: TrainingPhotos, held_out: HeldOut, tmp_path: Path
) -> None:
    train(CosPlaceTask(TINY, photos, held_out, CPU), tmp_path / "whole")

    class Stopped(CosPlaceTask):
        def losses(self, batch, step):  # type: ignore[no-untyped-def]
            if step == 3:
                raise InterruptedError
            return super().losses(batch, step)

    with pytest.raises(InterruptedError):
        train(Stopped(TINY, photos, held_out, CPU), tmp_path / "stopped")
    train(CosPlaceTask(TINY, photos, held_out, CPU), tmp_path / "stopped")
    whole, stopped = parts(tmp_path / "whole"), parts(tmp_path / "stopped")
    assert whole.keys() == stopped.keys()
    assert len(whole) > 50
    assert all(torch.equal(whole[name], stopped[name]) for name in whole)


def test_its_weights_load_strictly_through_the_registry(
    photos: TrainingPhotos, held_out: HeldOut, tmp_path: Path
) -> None:
    outcome = train(CosPlaceTask(TINY, photos, held_out, CPU), tmp_path)
    recalls = [outcome.best[name] for name in ("recall_at_1 queries_day", "recall_at_1 queries_night")]
    assert outcome.best["recall_at_1"] == pytest.approx(np.mean(recalls))
    built = retrieval.build(
        "cosplace", weights=tmp_path / BEST, backbone="ResNet18", fc_output_dim=16, last_stage=1
    )
    keys = set(torch.load(tmp_path / BEST, weights_only=True))
    assert {"backbone.0.weight", "backbone.4.1.conv2.weight", "aggregation.1.p", "aggregation.3.bias"} <= keys
    assert not any(key.startswith("backbone.5") for key in keys)
    described = built.describe(torch.zeros(2, 3, 32, 40))
    np.testing.assert_allclose(np.linalg.norm(described, axis=1), 1.0, atol=1e-5)


def test_groups_take_turns_and_classes_are_balanced(photos: TrainingPhotos, held_out: HeldOut) -> None:
    task = CosPlaceTask(TINY, photos, held_out, CPU)
    assert [task.group_at(step) for step in range(7)] == [0, 0, 0, 1, 1, 1, 0]
    for step in range(6):
        labels = task.batch(step).labels.tolist()
        assert len(set(labels)) == TINY.batch_size
        assert max(labels) < task.data["classes"][task.group_at(step)]
    assert torch.equal(task.batch(4).photos, task.batch(4).photos)


def test_only_the_group_whose_turn_it_is_learns(photos: TrainingPhotos, held_out: HeldOut) -> None:
    task = CosPlaceTask(TINY, photos, held_out, CPU)
    assert task.used(0) == [task.optimisers["network"], task.optimisers["classifier 0"]]
    assert task.used(3) == [task.optimisers["network"], task.optimisers["classifier 1"]]


def test_frozen_stages_keep_their_weights_but_not_their_statistics(
    photos: TrainingPhotos, held_out: HeldOut, tmp_path: Path
) -> None:
    initial = CosPlaceTask(TINY, photos, held_out, CPU).state()
    task = CosPlaceTask(changed(frozen_stages=1, epochs=1), photos, held_out, CPU, initial)
    train(task, tmp_path)
    after = task.state()
    assert torch.equal(after["backbone.4.0.conv1.weight"], initial["backbone.4.0.conv1.weight"])
    assert not torch.equal(after["backbone.1.running_mean"], initial["backbone.1.running_mean"])
    assert not torch.equal(after["aggregation.3.weight"], initial["aggregation.3.weight"])
    with pytest.raises(SettingsError, match="frozen_stages needs weights"):
        CosPlaceTask(changed(frozen_stages=1), photos, held_out, CPU)


def test_too_few_classes_are_told_before_any_work(photos: TrainingPhotos, held_out: HeldOut) -> None:
    with pytest.raises(TrainingError, match="expected 2 groups with a batch of 500"):
        CosPlaceTask(changed(batch_size=500), photos, held_out, CPU)


def test_random_weights_tell_photos_apart(photos: TrainingPhotos, held_out: HeldOut) -> None:
    task = CosPlaceTask(TINY, photos, held_out, CPU)
    with torch.no_grad():
        vectors = task.network.train()(task.batch(0).photos)
    cosines = vectors @ vectors.T
    assert (cosines - torch.eye(len(vectors))).abs().max() < 0.9


def test_recall_at_1_by_hand(held_out: HeldOut) -> None:
    """A retriever that knows where every photo is finds the nearest; one that knows nothing the first."""
    assert set(held_out.queries) == {"queries_day", "queries_night"}

    class Constant:
        def prepare(self, image: np.ndarray) -> torch.Tensor:
            return torch.zeros(1)

        def describe(self, batch: torch.Tensor) -> np.ndarray:
            return np.ones((len(batch), 2), np.float32)

    recalls = held_out.recalls(Constant())  # type: ignore[arg-type]
    for name, queries in held_out.queries.items():
        apart = np.linalg.norm(queries.positions - held_out.database.positions[0], axis=1)
        assert recalls[f"recall_at_1 {name}"] == pytest.approx((apart <= 25).mean())
