"""DELG's variables in TensorFlow, by any of the names that they were published under, to PyTorch.

Three layouts are known: that of the released files (TF-Slim), that of the published training code's
checkpoints (Keras), and that of the SavedModels which its export script writes, where many variables
have numbers for names, in the order in which layers make them.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from pathlib import Path

import numpy as np
import torch

from data.errors import WeightsError
from networks.tensorflow_bundle import read_variables

VALUE_SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"
MODEL_PREFIXES = ("model/", "_model/")  # of the trainer's and the export script's objects

_UNIT = r"resnet_v1_\d+/block(?P<stage>\d)/unit_(?P<unit>\d+)/bottleneck_v1"
_KERAS_UNIT = r"backbone/l(?P<block>\d)(?P<letter>[a-z])"

# layer in TensorFlow -> module
LAYERS = {
    r"resnet_v1_\d+/conv1": "backbone.conv1",
    r"resnet_v1_\d+/conv1/BatchNorm": "backbone.bn1",
    _UNIT + r"/conv(?P<n>\d)": "backbone.layer{stage}.{unit}.conv{n}",
    _UNIT + r"/conv(?P<n>\d)/BatchNorm": "backbone.layer{stage}.{unit}.bn{n}",
    _UNIT + r"/shortcut": "backbone.layer{stage}.{unit}.downsample.0",
    _UNIT + r"/shortcut/BatchNorm": "backbone.layer{stage}.{unit}.downsample.1",
    r"gem": "pool",
    r"embed": "embed",
    r"attonly/attention/compute/conv(?P<n>\d)": "attention.conv{n}",
    r"attonly/attention/compute/conv(?P<n>\d)/BatchNorm": "attention.bn{n}",
    r"dim_reduction/conv1": "reduction.conv",
    r"dim_reduction/conv1/BatchNorm": "reduction.bn",
    r"dim_expand/conv1": "expansion.conv",
    r"dim_expand/conv1/BatchNorm": "expansion.bn",
    r"backbone/conv1": "backbone.conv1",
    r"backbone/bn_conv1": "backbone.bn1",
    _KERAS_UNIT + r"/conv2(?P<part>[abc])": "backbone.layer{block}.{letter}.conv{part}",
    _KERAS_UNIT + r"/bn2(?P<part>[abc])": "backbone.layer{block}.{letter}.bn{part}",
    _KERAS_UNIT + r"/conv_shortcut": "backbone.layer{block}.{letter}.downsample.0",
    _KERAS_UNIT + r"/bn_shortcut": "backbone.layer{block}.{letter}.downsample.1",
    r"backbone/embedding_layer": "embed",
    r"attention/conv(?P<n>\d)": "attention.conv{n}",
    r"attention/bn_conv(?P<n>\d)": "attention.bn{n}",
    r"autoencoder/conv1": "reduction.conv",
    r"autoencoder/conv2": "expansion.conv",
}
# what stands for a number in a layer's name -> the number in ours
NUMBERS: dict[str, Callable[[str], int]] = {
    "stage": int,
    "unit": lambda text: int(text) - 1,
    "n": int,
    "block": lambda text: int(text) - 1,  # Keras counts the stem as the first
    "letter": lambda text: ord(text) - ord("a"),
    "part": lambda text: ord(text) - ord("a") + 1,
}
AXES = {4: (3, 2, 0, 1), 2: (1, 0)}  # ours of TensorFlow's, by their number
LEAVES = {
    "weights": "weight",
    "kernel": "weight",
    "biases": "bias",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
    "gem_power": "p",
}


def read_delg(path: Path) -> dict[str, torch.Tensor]:
    """Read DELG's state dict from TensorFlow's files, as `networks.tensorflow_bundle` finds them.

    Raises WeightsError when they are damaged, or the variables are not DELG's.
    """
    variables = read_variables(path)
    state = from_tensorflow(variables)
    if not state:
        known = ", ".join(sorted(variables)[:3]) or "none"
        raise WeightsError(f"{path} holds no weights of DELG; its {len(variables)} variables begin: {known}")
    return state


def key_of(name: str) -> str | None:
    """Return the checkpoint key of a TensorFlow variable, None for one that is no part of DELG's network.

    Classifiers of the training, counters and an optimiser's variables are none.
    """
    name = name.removesuffix(VALUE_SUFFIX)
    for prefix in MODEL_PREFIXES:
        name = name.removeprefix(prefix)
    layer, _, leaf = _with_names_for_numbers(name).rpartition("/")
    for pattern, module in LAYERS.items():
        if leaf in LEAVES and (found := re.fullmatch(pattern, layer)):
            numbers = {part: NUMBERS[part](text) for part, text in found.groupdict().items()}
            return f"{module.format(**numbers)}.{LEAVES[leaf]}"
    return None


def from_tensorflow(variables: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
    """Return the state dict that TensorFlow's variables make; empty when they are not DELG's.

    Kernels of convolutions come with their outputs first, as do those of linear layers.
    """
    state: dict[str, torch.Tensor] = {}
    for name, values in variables.items():
        key = key_of(name)
        if key is not None:
            axes = AXES.get(values.ndim, tuple(range(values.ndim)))
            state[key] = torch.from_numpy(np.array(values.transpose(axes), order="C"))
    return state


def _with_names_for_numbers(name: str) -> str:
    """Return `backbone/l2a/conv2a/bias` for `backbone/l2a/variables/1`, other names as they are."""
    layer, numbered, number = name.partition("/variables/")
    names = _ORDERS.get(re.sub(r"backbone/l\d[a-z]$", "unit", layer), ())
    if not numbered or not number.isdigit() or int(number) >= len(names):
        return name
    return f"{layer}/{names[int(number)]}"


def _made(convolution: str, norm: str | None = None) -> Iterable[str]:
    """Return the variables of a convolution and its norm in the order in which Keras makes them."""
    yield from (f"{convolution}/{leaf}" for leaf in ("kernel", "bias"))
    if norm is not None:
        yield from (f"{norm}/{leaf}" for leaf in ("gamma", "beta", "moving_mean", "moving_variance"))


_PARTS = (("conv2a", "bn2a"), ("conv2b", "bn2b"), ("conv2c", "bn2c"), ("conv_shortcut", "bn_shortcut"))
_ORDERS = {
    "unit": tuple(chain.from_iterable(_made(*part) for part in _PARTS)),
    "attention": (*_made("conv1", "bn_conv1"), *_made("conv2")),
    "autoencoder": (*_made("conv1"), *_made("conv2")),
}
