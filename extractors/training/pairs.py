"""Homographic pairs of crops, from views of drawn cities or drawn shapes, and which corners are where."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from pydantic import PositiveInt

from data.city_views import CityView
from data.errors import TrainingError
from data.photos import read_photo
from extractors.superpoint_network import CELL_PX
from extractors.training.homographies import (
    HomographyRange,
    crop_shift,
    random_homography,
    warp_photo,
    warp_points,
)
from extractors.training.labels import cell_labels, lasting_corners, whole_cells
from extractors.training.photometric import LightRange, vary_light
from extractors.training.shapes import draw_shapes
from networks.resizing import luma

SHAPES_MARGIN = 32  # pixels by which a photo of shapes is larger than a crop of it


@dataclass(frozen=True)
class PairSettings:
    """How pairs are made. height, width: pixels of a crop."""

    height: PositiveInt
    width: PositiveInt
    reach: HomographyRange
    light: LightRange


class Pair(NamedTuple):
    """Two crops of one view. photo0, photo1: (H, W) float32. homography: (3, 3), pixels of 0 to those of 1.

    labels0, labels1: (h, w) int64, see `cell_labels`. valid1: (h, w) bool, cells that the warp filled.
    """

    photo0: np.ndarray
    photo1: np.ndarray
    homography: np.ndarray
    labels0: np.ndarray
    labels1: np.ndarray
    valid1: np.ndarray


class PairBatch(NamedTuple):
    """The fields of B pairs as tensors, each photo with one channel."""

    photo0: torch.Tensor
    photo1: torch.Tensor
    homography: torch.Tensor
    labels0: torch.Tensor
    labels1: torch.Tensor
    valid1: torch.Tensor


def view_pair(view: CityView, rng: np.random.Generator, settings: PairSettings) -> Pair:
    """Make a pair of two of a view's lights; raises TrainingError for photos smaller than a crop."""
    lights = [luma(read_photo(path))[0].numpy() for path in view.photos]
    first, second = (lights[index] for index in rng.integers(len(lights), size=2))
    if first.shape[0] < settings.height or first.shape[1] < settings.width:
        raise TrainingError(
            f"{view.photos[0]} has {first.shape[1]} x {first.shape[0]} pixels, and the crops are of "
            f"{settings.width} x {settings.height}; set smaller ones, or draw larger photos"
        )
    return make_pair(first, second, lasting_corners(lights, view.corners), rng, settings)


def shapes_pair(rng: np.random.Generator, settings: PairSettings) -> Pair:
    """Make a pair of drawn shapes, whose crops have half the sides: they are full of corners."""
    halved = replace(settings, height=_halved(settings.height), width=_halved(settings.width))
    photo, corners = draw_shapes(rng, (SHAPES_MARGIN + halved.height, SHAPES_MARGIN + halved.width))
    return make_pair(photo, photo, corners, rng, halved)


def make_pair(
    first: np.ndarray,
    second: np.ndarray,
    corners: np.ndarray,
    rng: np.random.Generator,
    settings: PairSettings,
) -> Pair:
    """Choose a crop of the first photo, a homography for the second, and photometric changes of both.

    first, second: (H, W) float32 in [0, 1], which show the same. corners: (N, 2), of both.
    """
    size = (settings.height, settings.width)
    top, left = rng.integers([first.shape[0] - size[0] + 1, first.shape[1] - size[1] + 1]).tolist()
    to_crop = crop_shift(left, top)
    homography = random_homography(rng, size, settings.reach)
    warped, filled = warp_photo(second, homography @ to_crop, size)
    crop = first[top : top + size[0], left : left + size[1]]
    seen = warp_points(corners, to_crop)
    return Pair(
        vary_light(crop, rng, settings.light),
        vary_light(warped, rng, settings.light),
        homography,
        cell_labels(seen, size),
        cell_labels(warp_points(seen, homography), size),
        whole_cells(filled),
    )


def stack_pairs(pairs: Sequence[Pair]) -> PairBatch:
    """Return pairs as one batch."""
    fields = [torch.from_numpy(np.stack(field)) for field in zip(*pairs, strict=True)]
    return PairBatch(fields[0][:, None], fields[1][:, None], *fields[2:])


def _halved(length: int) -> int:
    """Return half a length, in whole cells."""
    return max(1, length // (2 * CELL_PX)) * CELL_PX
