"""Photos for GeoWarp's half of a pair, and weights under which it warps them."""

import functools
from typing import Any

import numpy as np

import extractors
from extractors import Extractor, Features
from extractors.conformance import extract
from matchers.geowarp_network import CORNERS, GeoWarpNetwork
from networks.seeded import made_up_state

SETTINGS: dict[str, Any] = {"arch": "alexnet", "pooling": "gem"}


def made_up_weights(moving: float = 0.1) -> dict[str, np.ndarray]:
    """Return weights under which every pair is warped a little; moving: how far, 0 for not at all."""
    state = made_up_state(GeoWarpNetwork("alexnet", "gem"))
    state["encoder.8.bias"][...] = -3.0
    state["regression.conv.0.weight"] *= 30
    state["regression.linear.weight"] *= moving
    state["regression.linear.bias"][...] = np.float32(CORNERS * 2).ravel()
    return state


def features_of(image: np.ndarray) -> Features:
    return extract(_extractor(), image)[0]


@functools.cache
def _extractor() -> Extractor:
    return extractors.build("geowarp", made_up_weights(), **SETTINGS)
