"""DELG's conversion held to published names, to a checkpoint that TensorFlow wrote, and to feature files."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from extractors.delg_files import read_published
from networks.delg_variables import from_tensorflow, key_of
from networks.leveldb_table import read_table
from networks.tensorflow_bundle import read_variables
from tests.parity.delg_fixture import FOLDERS
from tests.parity.golden import Golden

IMAGE_SIZE = (1, 1)  # which feature files do not tell


@pytest.fixture(scope="module")
def folder(golden: Callable[[str], Golden]) -> Path:
    folder = golden("delg").folder / "converter"
    if not folder.is_dir():
        pytest.skip(f"no converter's material in {folder.parent}")
    return folder


@pytest.fixture(scope="module")
def names(folder: Path) -> Mapping[str, Any]:
    return json.loads((folder / "names.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("layout", "variant"), [("released", "released"), ("keras_training", "training")])
def test_every_variable_has_its_key_and_its_order_of_axes(
    layout: str, variant: str, names: Mapping[str, Any], golden: Callable[[str], Golden]
) -> None:
    state = golden(FOLDERS[variant]).state()
    for entry in names[layout]["entries"]:
        ours = state[entry["key"]]
        theirs = ours if entry["axes"] is None else ours.transpose(np.argsort(entry["axes"]))
        assert list(theirs.shape) == entry["tf_shape"]
        np.testing.assert_array_equal(theirs.ravel()[:4], np.float32(entry["first"]))
        np.testing.assert_array_equal(theirs.ravel()[-1], np.float32(entry["last"]))
        converted = from_tensorflow({entry["tf"] + names[layout]["suffix"]: theirs})
        assert list(converted) == [entry["key"]]
        np.testing.assert_array_equal(converted[entry["key"]].numpy(), ours)
        del state[entry["key"]]
    assert not state, "keys that no variable has"


def test_numbered_variables_of_an_exported_model(names: Mapping[str, Any]) -> None:
    keys = {entry["tf"]: entry["key"] for entry in names["keras_training"]["entries"]}
    exported = names["keras_exported"]
    for name, training_name in exported["to_training_name"].items():
        assert key_of(name + exported["suffix"]) == keys[training_name], name


def test_names_of_a_trainers_checkpoint(names: Mapping[str, Any]) -> None:
    training = names["keras_training"]
    for described in training["other_prefixes"].values():
        prefix = described.split()[0]
        for entry in training["entries"]:
            assert key_of(prefix + entry["tf"] + training["suffix"]) == entry["key"]


def test_the_released_index_lists_those_names(folder: Path, names: Mapping[str, Any]) -> None:
    listed = {
        name.decode() for name in read_table((folder / "released_variables.index").read_bytes()) if name
    }
    assert listed == {entry["tf"] for entry in names["released"]["entries"]}


def test_a_checkpoint_that_tensorflow_wrote(folder: Path) -> None:
    variables = read_variables(folder / "slim.index")
    assert variables.keys() == json.loads((folder / "slim.json").read_text(encoding="utf-8")).keys()
    state = from_tensorflow(variables)
    with np.load(folder / "slim.npz") as stored:
        assert state.keys() == set(stored)
        for key in stored:
            assert state[key].shape == stored[key].shape
            np.testing.assert_array_equal(state[key].numpy(), stored[key], err_msg=key)


def test_feature_files_of_the_published_extraction(folder: Path) -> None:
    found = read_published(folder / "example.delg_local", folder / "example.delg_global", IMAGE_SIZE)
    with np.load(folder / "example.npz") as stored:
        np.testing.assert_array_equal(found.keypoints[:, ::-1], stored["locations"])
        np.testing.assert_array_equal(found.descriptors, stored["descriptors"])
        np.testing.assert_array_equal(found.scales, stored["scales"])
        np.testing.assert_array_equal(found.scores, stored["attention"])
        np.testing.assert_array_equal(found.global_descriptor, stored["global"])
