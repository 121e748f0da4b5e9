"""A SuperPoint training of a few steps on a drawn city: its pairs, resume, and its files in the registry."""

from pathlib import Path

import numpy as np
import pytest
import torch

import extractors
from data.city import CitySettings, draw_city
from data.city_views import CityView, read_views
from data.errors import SettingsError, TrainingError
from data.photos import read_photo
from extractors.training.homographies import HomographyRange, warp_points
from extractors.training.labels import NONE, lasting_corners
from extractors.training.pairs import PairSettings, view_pair
from extractors.training.photometric import LightRange
from extractors.training.settings import SuperPointTraining
from extractors.training.superpoint import SuperPointTask
from networks.resizing import luma
from networks.training.loop import BEST, CHECKPOINT, train

CITY = CitySettings(database_count=3, query_count=3, width=96, height=64, occlusion=0.0)
TINY = SuperPointTraining(
    epochs=2,
    steps_per_epoch=2,
    batch_size=2,
    height=40,
    width=48,
    contrast_weight=0.5,
    validation_pairs=2,
    checkpoint_every=3,
    log_every=1,
    precision="float32",
)
UNCHANGED = LightRange(0.0, 0.0, 0.0)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> list[CityView]:
    return read_views(draw_city(tmp_path_factory.mktemp("views") / "city", CITY))


def places(labels: np.ndarray) -> np.ndarray:
    """Return (N, 2) the pixels, x then y, that labels name."""
    rows, columns = np.nonzero(labels != NONE)
    pixel = labels[rows, columns]
    return np.stack([8 * columns + pixel % 8, 8 * rows + pixel // 8], axis=1)


def test_labels_are_the_views_corners_in_both_photos(views: list[CityView]) -> None:
    settings = PairSettings(64, 96, HomographyRange(), UNCHANGED)
    for seed, view in enumerate(views):
        corners = lasting_corners([luma(read_photo(path))[0].numpy() for path in view.photos], view.corners)
        pair = view_pair(view, np.random.default_rng(seed), settings)
        for labels, expected in (
            (pair.labels0, corners),
            (pair.labels1, warp_points(corners, pair.homography)),
        ):
            named = places(labels)
            apart = np.linalg.norm(named[:, None] - expected[None], axis=-1)
            assert len(named) > 10
            assert np.nanmin(apart, axis=1).max() <= np.sqrt(0.5) + 1e-6  # rounded to their pixel


def test_crops_take_their_corners_along(views: list[CityView]) -> None:
    settings = PairSettings(40, 48, HomographyRange(0, 1, 0, 0), UNCHANGED)
    pair = view_pair(views[0], np.random.default_rng(3), settings)
    np.testing.assert_array_equal(pair.homography, np.eye(3))
    np.testing.assert_array_equal(pair.labels0, pair.labels1)
    assert pair.photo0.shape == pair.photo1.shape == (40, 48)
    assert pair.valid1.all()


def test_a_crop_larger_than_the_photo_is_refused(views: list[CityView]) -> None:
    with pytest.raises(TrainingError, match="96 x 64 pixels, and the crops are of 104 x 64"):
        view_pair(views[0], np.random.default_rng(0), PairSettings(64, 104, HomographyRange(), UNCHANGED))


def test_stopped_and_continued_it_has_the_same_bits(views: list[CityView], tmp_path: Path) -> None:
    train(SuperPointTask(TINY, views, views, CPU), tmp_path / "whole")

    class Stopped(SuperPointTask):
        def losses(self, batch, step):  # type: ignore[no-untyped-def]
            if step == 3:
                raise InterruptedError
            return super().losses(batch, step)

    with pytest.raises(InterruptedError):
        train(Stopped(TINY, views, views, CPU), tmp_path / "stopped")
    train(SuperPointTask(TINY, views, views, CPU), tmp_path / "stopped")
    whole, stopped = (
        torch.load(tmp_path / name / CHECKPOINT, weights_only=True)["parts"]["network"]
        for name in ("whole", "stopped")
    )
    assert len(whole) == 24
    assert all(torch.equal(whole[key], stopped[key]) for key in whole)


def test_its_weights_load_strictly_through_the_registry(views: list[CityView], tmp_path: Path) -> None:
    outcome = train(SuperPointTask(TINY, views, views, CPU), tmp_path)
    assert set(outcome.best) == {"matching", "repeatability"}
    built = extractors.build("superpoint", tmp_path / BEST)
    photo = np.random.default_rng(0).integers(0, 256, (40, 48, 3), np.uint8)
    found = built.extract(built.prepare(photo)[None])[0]
    assert found.descriptors.shape[1] == 256


def test_its_loss_falls_on_one_batch(views: list[CityView]) -> None:
    task = SuperPointTask(TINY, views, views, CPU)
    batch = task.batch(0)
    told = []
    for step in range(12):
        task.optimiser.zero_grad()
        figures = task.losses(batch, step)
        figures["loss"].backward()
        task.optimiser.step()
        told.append({name: value.item() for name, value in figures.items()})
    assert told[-1]["loss"] < 0.8 * told[0]["loss"]
    assert told[-1]["detector"] < told[0]["detector"]


def test_crops_that_are_no_whole_cells_are_refused() -> None:
    with pytest.raises(SettingsError, match="100 x 40 pixels; both must be multiples of 8"):
        SuperPointTraining(height=40, width=100)


def test_it_goes_on_from_given_weights(views: list[CityView]) -> None:
    first = SuperPointTask(TINY, views, views, CPU).state()
    again = SuperPointTask(TINY, views, views, CPU, first)
    assert all(torch.equal(first[key], value) for key, value in again.state().items())
    assert all(weight.requires_grad for weight in again.network.parameters())
