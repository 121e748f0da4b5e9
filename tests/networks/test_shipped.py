"""The weights that come with the project: whole, as their cards say, and of use on a city of another seed."""

import json
from pathlib import Path

import numpy as np
import pytest

import extractors
import retrieval
from data.city import CitySettings, draw_city
from data.files import sha256_of_file
from networks.checkpoint_table import CHECKPOINTS, SHIPPED
from networks.checkpoints import find_checkpoint
from networks.state_dicts import read_state
from networks.weights_policy import current_policy
from rerank.configuration import make_configuration
from rerank.pipeline import Pipeline
from retrieval.cosplace import SMALL, CosPlace, CosPlaceSettings

NAMES = ("cosplace_small.safetensors", "superpoint_small.safetensors")
SEEDS_TRAINED_ON = range(11, 20)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_found_without_a_download_and_free_for_every_use(name: str) -> None:
    assert find_checkpoint(name) == SHIPPED / name
    assert current_policy().allows(CHECKPOINTS[name])
    assert CHECKPOINTS[name].permissive


@pytest.mark.parametrize("name", NAMES)
def test_its_card_is_of_this_file(name: str) -> None:
    file = SHIPPED / name
    card = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    assert card["file"] == name
    assert card["size_bytes"] == file.stat().st_size
    assert card["sha256"] == sha256_of_file(file)
    assert card["licence"] == "Apache-2.0"
    assert {int(source) for source in card["data"]["sources"]} < set(SEEDS_TRAINED_ON)
    assert card["command"].startswith("rerank train")
    assert {"day", "night"} <= set(card["scores"]["unseen cities"])
    assert file.with_suffix(".md").read_text(encoding="utf-8").startswith(f"# {card['title']}")


def test_both_are_small() -> None:
    assert sum((SHIPPED / name).stat().st_size for name in NAMES) < 9_000_000
    assert {path.suffix for path in SHIPPED.iterdir()} == {".safetensors", ".json", ".md"}


def test_cosplace_has_the_published_names() -> None:
    state = read_state(SHIPPED / "cosplace_small.safetensors")
    published = CosPlace.layers(CosPlaceSettings(backbone="ResNet18", fc_output_dim=512)).state_dict()
    assert set(state) == {key for key in published if not key.startswith("backbone.7.")}  # its last stage
    assert retrieval.build("cosplace", **SMALL).weights_digest


def test_superpoint_has_the_published_names() -> None:
    small = extractors.build("superpoint", variant="small")
    state = read_state(SHIPPED / "superpoint_small.safetensors")
    published = type(small).layers(type(small).Settings())
    assert published is not None
    assert {key: tuple(value.shape) for key, value in state.items()} == {
        key: tuple(value.shape) for key, value in published.state_dict().items()
    }


def test_they_find_places_of_a_city_never_trained_on(tmp_path: Path) -> None:
    city = draw_city(
        tmp_path / "city", CitySettings(seed=104, database_count=36, query_count=6, spacing_m=24.0)
    )
    given = {
        "dataset": str(city),
        "preset": "small",
        "pairs": ["superpoint+ransac"],
        "queries_folders": ["queries_day", "queries_night"],
        "results": tmp_path / "results",
        "caches": tmp_path / "caches",
    }
    runs = Pipeline(make_configuration(given)).run().runs
    chance = np.mean([run.labels().mean() for run in runs])
    right = {(run.identity.dataset, run.name): np.mean(run.first_hits() == 0) for run in runs}
    assert len(right) == 4
    assert min(right.values()) > chance
    assert right["city_day", "superpoint+ransac"] > 0.6 > 2 * chance
