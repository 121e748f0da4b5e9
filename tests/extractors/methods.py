"""Extractors on made-up weights, for tests of all of them."""

import functools
from pathlib import Path
from typing import Any

import numpy as np

import extractors
from extractors import Extractor
from networks.seeded import made_up_state
from networks.settings import make_settings
from tests.parity.golden import Golden

FIXTURES = Path(__file__).parent.parent / "fixtures"
SMALL = {  # for small photos, quick tests and made-up weights
    "r2d2": {"min_size": 64},
    "d2net": {"scales": (0.5, 1)},
    "delg": {"score_threshold": 0.0},
    "transvpr": {"resize": (128, 160), "threshold": 0.005},
    "patchnetvlad": {"num_pcs": 128, "resize_h": 128, "resize_w": 160},
}


@functools.cache
def state(name: str) -> dict[str, np.ndarray] | None:
    """Return the made-up weights of an extractor, its fixture's where it has one; None without a network."""
    if (FIXTURES / name).exists():
        return Golden(FIXTURES / name).state()
    chosen = extractors.registry.load(name)
    network = chosen.layers(make_settings(chosen.Settings, SMALL.get(name, {}), owner=name))
    return None if network is None else made_up_state(network)


def build(name: str, precision: str = "float32", **settings: Any) -> Extractor:
    given = {**SMALL.get(name, {}), **settings}
    return extractors.build(name, state(name), precision=precision, **given)


def photo(name: str = "image0") -> np.ndarray:
    return Golden(FIXTURES / "superpoint").image(name)
