"""Checkpoints that nobody publishes whole."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from data.errors import WeightsError
from data.files import sha256_of_file
from networks import checkpoints, weights_admin
from networks.checkpoint_record import Checkpoint
from networks.checkpoints import find_checkpoint, load_checkpoint
from networks.weights_policy import WeightsPolicy, current_policy, using_policy

WHOLE, FIRST, SECOND = "whole.safetensors", "first.pth", "second.pt"
STATES = {FIRST: {"weight": torch.arange(3.0)}, SECOND: {"weight": torch.ones(2, 2), "bias": torch.zeros(2)}}


@pytest.fixture(autouse=True)
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put a checkpoint of two parts into the table, and use an empty weights folder without downloads."""
    parts = (("a.", FIRST), ("b.", SECOND))
    entries = [
        Checkpoint(WHOLE, "a test", "MIT", True, parts=parts),
        Checkpoint(FIRST, "a test", "MIT", True, address="https://example.org/first.pth"),
        Checkpoint(SECOND, "a test", "MIT", True, address="https://example.org/second.pt"),
    ]
    for module in (checkpoints, weights_admin):
        monkeypatch.setattr(module, "CHECKPOINTS", {entry.file: entry for entry in entries})
    with using_policy(WeightsPolicy(folder=tmp_path / "weights", allow_download=False)):
        yield


def put(folder: Path, *files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        torch.save({"state_dict": STATES[file]}, folder / file)
    return folder


def assert_whole(state: dict[str, torch.Tensor]) -> None:
    assert {key: tensor.tolist() for key, tensor in state.items()} == {
        "a.weight": [0, 1, 2],
        "b.weight": [[1, 1], [1, 1]],
        "b.bias": [0, 0],
    }


def test_parts_of_the_weights_folder_are_put_together_once() -> None:
    folder = put(current_policy().folder, FIRST, SECOND)
    assert_whole(load_checkpoint(WHOLE))
    assert find_checkpoint(WHOLE) == folder / WHOLE
    for file in (FIRST, SECOND):
        (folder / file).unlink()
    assert_whole(load_checkpoint(WHOLE))


def test_parts_of_a_given_folder_are_put_together_in_the_weights_folder(tmp_path: Path) -> None:
    given = put(tmp_path / "given", FIRST, SECOND)
    assert_whole(load_checkpoint(WHOLE, given))
    assert find_checkpoint(WHOLE) == current_policy().folder / WHOLE
    assert not (given / WHOLE).exists()


def test_the_file_says_what_it_is_made_of() -> None:
    folder = put(current_policy().folder, FIRST, SECOND)
    with safe_open(find_checkpoint(WHOLE), "pt") as opened:
        told = opened.metadata()
    assert told == {"format": "pt"} | {
        f"sha256 of {file}": sha256_of_file(folder / file) for file in (FIRST, SECOND)
    }


def test_a_missing_part_is_named_with_its_place_and_nothing_is_written() -> None:
    folder = put(current_policy().folder, FIRST)
    with pytest.raises(WeightsError, match=rf"{SECOND} is missing.*\n.*put the file at {folder / SECOND}"):
        find_checkpoint(WHOLE)
    assert sorted(path.name for path in folder.iterdir()) == [FIRST]


def test_a_part_that_may_not_be_used_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    put(current_policy().folder, FIRST, SECOND)
    bound = replace(checkpoints.CHECKPOINTS[SECOND], commercial=False, licence="research only")
    monkeypatch.setattr(checkpoints, "CHECKPOINTS", {**checkpoints.CHECKPOINTS, SECOND: bound})
    with (
        using_policy(replace(current_policy(), license_policy="permissive")),
        pytest.raises(WeightsError, match=f"{SECOND} is refused.*research only"),
    ):
        find_checkpoint(WHOLE)


def test_a_file_of_ones_own_is_taken_as_it_is(tmp_path: Path) -> None:
    own = put(tmp_path, FIRST) / FIRST
    assert load_checkpoint(WHOLE, own).keys() == {"weight"}
