from pathlib import Path

import numpy as np
import pytest

from data.errors import WeightsError
from networks.delg_variables import from_tensorflow, key_of, read_delg
from networks.state_dicts import read_state
from tests.networks.tensorflow_writer import write_variables

SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("resnet_v1_50/conv1/weights", "backbone.conv1.weight"),
        ("resnet_v1_50/block2/unit_4/bottleneck_v1/conv3/BatchNorm/beta", "backbone.layer2.3.bn3.bias"),
        ("resnet_v1_101/block3/unit_23/bottleneck_v1/conv1/weights", "backbone.layer3.22.conv1.weight"),
        (
            "resnet_v1_50/block1/unit_1/bottleneck_v1/shortcut/weights",
            "backbone.layer1.0.downsample.0.weight",
        ),
        ("gem/gem_power", "pool.p"),
        ("attonly/attention/compute/conv2/biases", "attention.conv2.bias"),
        (f"backbone/l5c/bn2c/moving_variance{SUFFIX}", "backbone.layer4.2.bn3.running_var"),
        (f"model/backbone/l4f/conv2b/bias{SUFFIX}", "backbone.layer3.5.conv2.bias"),
        (f"_model/backbone/l2a/variables/19{SUFFIX}", "backbone.layer1.0.downsample.0.bias"),
        (f"_model/backbone/l2a/variables/8{SUFFIX}", "backbone.layer1.0.bn2.weight"),
        (f"_model/attention/variables/7{SUFFIX}", "attention.conv2.bias"),
        (f"_model/autoencoder/variables/2{SUFFIX}", "expansion.conv.weight"),
    ],
)
def test_names_of_every_layout(name: str, key: str) -> None:
    assert key_of(name) == key


@pytest.mark.parametrize(
    "name",
    [
        "global_step",
        f"model/attn_classification/kernel{SUFFIX}",
        f"model/backbone/conv1/kernel/.OPTIMIZER_SLOT/optimizer/momentum{SUFFIX}",
        f"_model/autoencoder/variables/4{SUFFIX}",
        "vgg/conv1/weights",
    ],
)
def test_what_is_no_part_of_the_network(name: str) -> None:
    assert key_of(name) is None


def test_kernels_are_turned_and_vectors_are_not() -> None:
    kernel = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)
    dense = np.arange(6, dtype=np.float32).reshape(2, 3)
    state = from_tensorflow(
        {
            "resnet_v1_50/conv1/weights": kernel,
            "embed/weights": dense,
            "gem/gem_power": np.array(3, np.float32),
        }
    )
    assert state["backbone.conv1.weight"].shape == (5, 4, 2, 3)
    assert state["backbone.conv1.weight"][4, 3, 1, 2] == kernel[1, 2, 3, 4]
    np.testing.assert_array_equal(state["embed.weight"], dense.T)
    assert state["pool.p"].shape == ()


def test_a_state_dict_is_read_from_an_index(tmp_path: Path) -> None:
    index = write_variables(tmp_path / "delf_weights.index", {"gem/gem_power": np.array(2.5, np.float32)})
    assert read_state(index) == {"pool.p": 2.5}


def test_other_networks_are_refused_by_what_they_hold(tmp_path: Path) -> None:
    index = write_variables(tmp_path / "vgg.index", {"vgg/conv1/weights": np.zeros(1, np.float32)})
    with pytest.raises(WeightsError, match=r"no weights of DELG; its 1 variables begin: vgg/conv1/weights"):
        read_delg(index)
