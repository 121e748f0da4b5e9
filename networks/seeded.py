"""Weights made up from names: every tensor is filled from its own checkpoint key.

They let a network run, and be held against another implementation of it, where nobody may ship a
checkpoint. The same name and shape give the same values on every machine and version of numpy.
"""

import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import nn


def seeded_tensor(name: str, shape: Sequence[int]) -> np.ndarray:
    """Return the values of one checkpoint tensor, made from its name and shape.

    Norm variances and scales are uniform in [0.5, 1.5), norm means and biases are small normals,
    kernels are normal with He's deviation sqrt(2 / fan-in). float32, but for the int64 zero of
    `num_batches_tracked`.
    """
    draw = np.random.RandomState(zlib.crc32(name.encode("utf-8")))  # the frozen legacy generator
    if name.endswith("num_batches_tracked"):
        return np.zeros(shape, np.int64)
    if name.endswith("running_var") or (len(shape) == 1 and name.endswith(".weight")):
        values = 0.5 + draw.random_sample(shape)
    elif name.endswith("running_mean"):
        values = 0.1 * draw.standard_normal(shape)
    elif len(shape) <= 1:
        values = 0.05 * draw.standard_normal(shape)
    else:
        values = draw.standard_normal(shape) * np.sqrt(2.0 / np.prod(shape[1:]))
    return np.asarray(values, np.float32)


def seeded_state(
    shapes: Mapping[str, Sequence[int]],
    overrides: Mapping[str, float] | None = None,
    scale: Mapping[str, float] | None = None,
) -> dict[str, np.ndarray]:
    """Return all tensors of a checkpoint.

    shapes: key -> shape. overrides: key -> the one value that fills the tensor. scale: key -> factor
    on the seeded tensor.
    """
    state = {key: seeded_tensor(key, shape) for key, shape in shapes.items()}
    for key, factor in (scale or {}).items():
        state[key] = state[key] * np.float32(factor)
    for key, value in (overrides or {}).items():
        state[key] = np.full(tuple(shapes[key]), value, np.float32)
    return state


def made_up_state(network: "nn.Module") -> dict[str, np.ndarray]:
    """Return a whole state dict for `network`, from its own names and shapes.

    A class of networks that seeded tensors alone would drive out of all bounds, or leave without an answer,
    has `MADE_UP`: end of a key -> the one value that fills such tensors; and `MADE_UP_SCALE`: end of a key ->
    factor on them.
    """
    shapes = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}

    def meant(name: str) -> dict[str, float]:
        ends: Mapping[str, float] = getattr(network, name, {})
        return {key: value for end, value in ends.items() for key in shapes if key.endswith(end)}

    return seeded_state(shapes, meant("MADE_UP"), meant("MADE_UP_SCALE"))
