"""`rerank train`: from a drawn city to a published file that the registry takes."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import extractors
import retrieval
from data.city import CitySettings, draw_city
from data.errors import RerankError, SettingsError, TrainingError
from rerank.cli import train as commands
from rerank.training import Plan, draw_training_cities, export, run_training

CITY = CitySettings(database_count=6, query_count=6, width=64, height=48, shift_m=2.0, shift_deg=3.0)
SUPERPOINT = {
    "epochs": 1,
    "steps_per_epoch": 2,
    "batch_size": 2,
    "height": 40,
    "width": 48,
    "validation_pairs": 2,
}
COSPLACE = {
    "epochs": 1,
    "steps_per_epoch": 2,
    "batch_size": 2,
    "groups": 1,
    "cell_m": 20,
    "cells_apart": 1,
    "min_photos": 2,
    "backbone": "ResNet18",
    "fc_output_dim": 16,
    "last_stage": 1,
    "frozen_stages": 0,
    "height": 32,
    "width": 40,
}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_city(tmp_path_factory.mktemp("drawn") / "city", CITY)


def run(*arguments: object) -> str:
    found = CliRunner().invoke(commands.app, [str(argument) for argument in arguments])
    if isinstance(found.exception, RerankError):
        raise found.exception
    assert found.exit_code == 0, found.output
    return found.output


def settings_of(values: dict[str, object]) -> list[str]:
    return [text for name, value in values.items() for text in ("--set", f"{name}={value}")]


def test_superpoint_from_a_city_to_its_file(city: Path, tmp_path: Path) -> None:
    command = ["superpoint", tmp_path / "training", "--dataset", city, "--validation", city]
    told = json.loads(run(*command, *settings_of(SUPERPOINT)).splitlines()[-1])
    assert told["steps"] == 2
    assert 0 <= told["matching"] <= 1
    scores = tmp_path / "scores.json"
    scores.write_text('{"held out": {"matching": 0.25}}')
    path = tmp_path / "small.safetensors"
    run("export", tmp_path / "training", path, "--scores", scores)
    card = json.loads(path.with_suffix(".json").read_text())
    assert card["scores"] == {"held out": {"matching": 0.25}}
    assert card["settings"]["height"] == 40
    assert card["data"]["sources"] == [city.name]
    assert card["training"]["steps"] == 2
    assert extractors.build("superpoint", path).weights_digest


def test_cosplace_from_a_city_to_its_file(city: Path, tmp_path: Path) -> None:
    command = ["cosplace", tmp_path / "training", "--dataset", city, "--validation", city]
    command += ["--queries-folder", "queries_night"]
    told = json.loads(run(*command, *settings_of(COSPLACE)).splitlines()[-1])
    assert set(told) == {"steps", "seconds", "recall_at_1"}
    path = tmp_path / "small.safetensors"
    export(tmp_path / "training", path, {})
    built = retrieval.build("cosplace", path, backbone="ResNet18", fc_output_dim=16, last_stage=1)
    assert built.weights_digest


def test_the_settings_given_win_over_the_presets(city: Path, tmp_path: Path) -> None:
    plan = Plan("superpoint", (str(city),), str(city), preset="small", settings=SUPERPOINT, device="cpu")
    run_training(plan, tmp_path)
    settings = json.loads((tmp_path / "training.json").read_text())["settings"]
    assert settings["epochs"] == 1
    assert settings["contrast_weight"] > 0


def test_what_cannot_be_trained_is_refused(city: Path, tmp_path: Path) -> None:
    for plan, told in (
        (Plan("rootsift", (str(city),), str(city)), "no training is known for 'rootsift'"),
        (Plan("superpoint", (str(city),), str(city), preset="tiny"), "no preset is called 'tiny'"),
        (Plan("superpoint", (str(city),), str(city), settings={"epoch": 1}), "did you mean 'epochs'"),
    ):
        with pytest.raises(SettingsError, match=told):
            run_training(plan, tmp_path)
    with pytest.raises(SettingsError, match="either --dataset and --validation, or --draw-cities"):
        run("superpoint", tmp_path)
    with pytest.raises(SettingsError, match="--validation is missing"):
        run("superpoint", tmp_path, "--dataset", city)
    with pytest.raises(TrainingError, match="holds no training with weights"):
        export(tmp_path, tmp_path / "x.safetensors", {})


def test_the_demos_city_is_not_trained_on(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="seed 0 draws the demo's city"):
        draw_training_cities(tmp_path, 2, 0)
    assert not any(tmp_path.iterdir())
