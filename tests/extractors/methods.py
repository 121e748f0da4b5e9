"""Extractors on made-up weights, for tests of all of them."""

import functools
from pathlib import Path
from typing import Any

import numpy as np
import torch

import extractors
from extractors import Extractor, Features
from tests.parity.golden import Golden

FIXTURES = Path(__file__).parent.parent / "fixtures"
NAMES = sorted(extractors.registry.builtins)
SMALL = {  # for small photos, quick tests and made-up weights
    "r2d2": {"min_size": 64},
    "d2net": {"scales": (0.5, 1)},
    "delg": {"score_threshold": 0.0},
    "transvpr": {"resize": (128, 160), "threshold": 0.005},
    "patchnetvlad": {"num_pcs": 128, "resize_h": 128, "resize_w": 160},
}
ONE_LEVEL = {  # of photos 304 pixels wide
    "r2d2": {"min_size": 304},
    "d2net": {"scales": (1,)},
    "delg": {"image_scales": (2,), "global_scales_ind": (0,)},  # a finer grid than the shift
    "transvpr": {"resize": (240, 304), "threshold": 0.0},  # attention is not local: all patches
    "patchnetvlad": {"resize_h": 240, "resize_w": 304},
}
ALL = {  # max_keypoints without a cap, of those that have the setting
    "rootsift": 100_000,
    "superpoint": -1,
    "r2d2": 0,
    "d2net": None,
    "delg": 100_000,
}
WIDTHS = {"patchnetvlad": 128}  # of descriptors, where the made-up weights are not of the default settings
NOT_NORMALISED = ("transvpr",)


@functools.cache
def state(name: str) -> dict[str, np.ndarray] | None:
    """Return the seeded weights of an extractor, None for one without a network."""
    chosen = extractors.registry.load(name)
    return None if chosen.checkpoint(chosen.Settings()) is None else Golden(FIXTURES / name).state()


def build(name: str, precision: str = "float32", **settings: Any) -> Extractor:
    given = {**SMALL.get(name, {}), **settings}
    return extractors.build(name, state(name), precision=precision, **given)


def extract(extractor: Extractor, *images: np.ndarray) -> list[Features]:
    """Extract photos of one size as one batch."""
    prepared = [extractor.prepare(image) for image in images]
    return extractor.extract(torch.stack(prepared), [image.shape[:2] for image in images])


def photo(name: str = "image0") -> np.ndarray:
    return Golden(FIXTURES / "superpoint").image(name)
