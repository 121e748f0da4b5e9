"""R2D2: 128-D descriptors, with a reliability and a repeatability for every pixel of a pyramid.

Source: Revaud, Weinzaepfel, de Souza, Humenberger, NeurIPS 2019; the multi-scale detection is that
of naver/r2d2. Keypoints are local maxima of the repeatability; one corner comes once per level.
"""

import functools
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
from torch import nn

from data.errors import SettingsError
from extractors.base import ExtractorSpec
from extractors.record import Features
from networks.keypoints import local_maxima, strongest_first
from networks.precision import fold_norms, inference, placed
from networks.resizing import imagenet_normalise, to_unit_range
from networks.state_dicts import load_strictly, unwrap

DESCRIPTOR_DIM = 128
SLACK = 0.001  # of the scale, absolute, as published: large photos get a level past the limits
PATCH_PX = 32  # what a keypoint describes at scale 1

# (output channels over the network's width, kernel, dilation); the even kernels have no ReLU after them
BLOCKS = ((8, 3, 1), (8, 3, 1), (16, 3, 1), (16, 3, 2), (32, 3, 2), (32, 3, 4), (32, 2, 4), (32, 2, 8))

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class R2D2Settings:
    """Settings of R2D2; the defaults are those of the published re-ranking benchmark.

    max_keypoints: the best so many over all levels are kept; 0 for all. scale_factor: from one level
    to the next. min_size, max_size: longer side of a level, pixels. min_scale, max_scale: size of a
    level over the photo's, at most 1. reliability_threshold, repeatability_threshold: least values.
    """

    max_keypoints: NonNegativeInt = 5000
    scale_factor: Annotated[float, Field(gt=1)] = 2**0.25
    min_size: NonNegativeInt = 256
    max_size: PositiveInt = 1024
    min_scale: NonNegativeFloat = 0.0
    max_scale: PositiveFloat = 1.0
    reliability_threshold: float = 0.7
    repeatability_threshold: float = field(default=0.7, metadata={"published": "repetability_threshold"})

    def __post_init__(self) -> None:
        if self.max_scale > 1:
            raise SettingsError(
                f"r2d2: max_scale is {self.max_scale}, a share of the photo's size, and must not exceed 1; "
                "the limit in pixels is max_size"
            )


class Level(NamedTuple):
    """One level of the pyramid: its scale, size in pixels, and whether keypoints are sought on it."""

    scale: float
    height: int
    width: int
    searched: bool

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.height, self.width


class Maps(NamedTuple):
    """What the network gives of B photos: float32 maps of the photos' size.

    features: (B, 128, H, W), not normalised. reliability, repeatability: (B, H, W) in [0, 1].
    """

    features: torch.Tensor
    reliability: torch.Tensor
    repeatability: torch.Tensor


class R2D2Network(nn.Module):
    """The layers, named as in the published files; every map has the size of the photo.

    width: 4 for the ordinary files, 6 for the big one.
    """

    def __init__(self, width: int = 4) -> None:
        super().__init__()
        self.ops = nn.Sequential()
        inputs = 3
        for multiple, kernel, dilation in BLOCKS:
            outputs = multiple * width
            padding = dilation * (kernel - 1) // 2
            self.ops.append(nn.Conv2d(inputs, outputs, kernel, padding=padding, dilation=dilation))
            self.ops.append(nn.BatchNorm2d(outputs, affine=False))
            if kernel == 3:
                self.ops.append(nn.ReLU(inplace=True))
            inputs = outputs
        self.ops.append(nn.Conv2d(inputs, DESCRIPTOR_DIM, 2, padding=8, dilation=16))
        self.clf = nn.Conv2d(DESCRIPTOR_DIM, 2, 1)
        self.sal = nn.Conv2d(DESCRIPTOR_DIM, 1, 1)

    def forward(self, photos: torch.Tensor) -> Maps:
        """Return features, reliability and repeatability of normalised photos (B, 3, H, W)."""
        features = self.ops(photos).float()
        with torch.autocast(features.device.type, enabled=False):
            squares = features.square()
            reliability = self.clf(squares).softmax(dim=1)[:, 1]
            # Not a sigmoid, and not the paper's softmax: the authors kept this.
            salience = F.softplus(self.sal(squares))[:, 0]
        return Maps(features, reliability, salience / (1 + salience))


def pyramid(height: int, width: int, settings: R2D2Settings) -> Iterator[Level]:
    """Yield the levels of a photo, fine to coarse; each is made from the one before it."""
    longest = max(height, width)
    lowest = max(settings.min_scale, settings.min_size / longest)
    highest = min(settings.max_scale, settings.max_size / longest)
    scale, rows, columns = 1.0, height, width
    while scale + SLACK >= lowest and min(rows, columns) > 0:
        yield Level(scale, rows, columns, searched=scale - SLACK <= highest)
        scale /= settings.scale_factor
        rows, columns = round(height * scale), round(width * scale)


class Detections(NamedTuple):
    """Keypoints of one photo, on one level or on several: one row for each array."""

    keypoints: torch.Tensor
    descriptors: torch.Tensor
    scores: torch.Tensor
    scales: torch.Tensor


class R2D2:
    """R2D2 as an extractor."""

    spec: ClassVar[ExtractorSpec] = ExtractorSpec(
        name="r2d2",
        summary="Repeatable and reliable keypoints over an image pyramid, 128-D descriptors.",
        source="Revaud et al., NeurIPS 2019; naver/r2d2",
        licence="code Apache-2.0; weights NAVER, CC BY-NC-SA 3.0, noncommercial",
        yields=frozenset({"keypoints", "descriptors", "scores", "scales"}),
        descriptor_dim=DESCRIPTOR_DIM,
        family="r2d2",
    )
    Settings: ClassVar[type] = R2D2Settings

    def __init__(
        self,
        settings: R2D2Settings,
        state: dict[str, torch.Tensor],
        device: torch.device,
        precision: str = "float32",
    ) -> None:
        self.settings = settings
        self.device = device
        self.precision = precision
        self.network = placed(_load(unwrap(state, self.spec.name)), device)

    @classmethod
    def layers(cls, settings: R2D2Settings) -> R2D2Network:
        """Return the network of the ordinary files, its weights not loaded."""
        return R2D2Network()

    @classmethod
    def checkpoint(cls, settings: R2D2Settings) -> str:
        """Return the name of the published file."""
        return "r2d2_WASF_N16.pt"

    def prepare(self, image: np.ndarray) -> torch.Tensor:
        """Turn a uint8 RGB image (H, W, 3) into a normalised (3, H, W) float32 tensor at its own size."""
        return imagenet_normalise(to_unit_range(image))

    def extract(
        self, batch: torch.Tensor, image_sizes: Sequence[tuple[int, int]] | None = None
    ) -> list[Features]:
        """Extract keypoints, descriptors (N, 128), scores and scales of prepared photos (B, 3, H, W).

        Keypoints come by rising score, the best last; scales are diameters in pixels. Photos smaller
        than min_size have none. image_sizes is not needed: no resizing before the pyramid.
        """
        size = (batch.shape[-2], batch.shape[-1])
        found: list[list[Detections]] = [[] for _ in batch]
        with inference(self.device, self.precision):
            photos = batch.to(self.device)
            for level in pyramid(*size, self.settings):
                if photos.shape[-2:] != level.size:
                    photos = F.interpolate(photos, level.size, mode="bilinear", align_corners=False)
                if level.searched:
                    for levels, detections in zip(found, self._search(photos, level, size), strict=True):
                        levels.append(detections)
            return [self._strongest(levels, size) for levels in found]

    def _search(self, photos: torch.Tensor, level: Level, size: tuple[int, int]) -> list[Detections]:
        """Return the keypoints of each photo on one level; the maps are gone when this returns."""
        maps = self.network(photos)
        chosen = local_maxima(maps.repeatability, 1)
        chosen &= maps.repeatability >= self.settings.repeatability_threshold
        chosen &= maps.reliability >= self.settings.reliability_threshold
        return [_detections(Maps(*photo), at, level, size) for *photo, at in zip(*maps, chosen, strict=True)]

    def _strongest(self, levels: list[Detections], size: tuple[int, int]) -> Features:
        if not levels:
            _warn_of_size(*size, self.settings)
            return _nothing(size)
        merged = Detections(*(torch.cat(arrays) for arrays in zip(*levels, strict=True)))
        best = strongest_first(merged.scores, self.settings.max_keypoints or None).flip(0)
        arrays = {name: array[best].cpu().numpy() for name, array in merged._asdict().items()}
        return Features(size, **arrays)


def _detections(maps: Maps, at: torch.Tensor, level: Level, size: tuple[int, int]) -> Detections:
    """Gather the rows of one photo's maps, features (128, h, w) and two (h, w), where `at` is true."""
    y, x = torch.nonzero(at, as_tuple=True)
    # No half-pixel correction, as published.
    ratio = torch.tensor([size[1] / level.width, size[0] / level.height], device=at.device)
    return Detections(
        keypoints=torch.stack([x, y], dim=1) * ratio,
        descriptors=F.normalize(maps.features[:, y, x], dim=0).T,
        scores=maps.reliability[y, x] * maps.repeatability[y, x],
        scales=torch.full((len(x),), PATCH_PX / level.scale, device=at.device),
    )


def _nothing(size: tuple[int, int]) -> Features:
    none = np.zeros(0, np.float32)
    descriptors = np.zeros((0, DESCRIPTOR_DIM), np.float32)
    return Features(size, np.zeros((0, 2), np.float32), descriptors, scores=none, scales=none)


@functools.cache
def _warn_of_size(height: int, width: int, settings: R2D2Settings) -> None:
    """Warn once for each size."""
    log.warning(
        "r2d2 finds nothing on photos of %d x %d pixels: no level is left between min_size %d and max_size "
        "%d; a lower min_size would help",
        width,
        height,
        settings.min_size,
        settings.max_size,
    )


def _load(state: dict[str, torch.Tensor]) -> R2D2Network:
    """Return the network of a state dict, its width taken from the first kernel's shape."""
    first = state.get("ops.0.weight")
    width = 4 if first is None else len(first) // 8
    network = load_strictly(R2D2Network(width), state, "r2d2")
    fold_norms(network.ops)
    return network
