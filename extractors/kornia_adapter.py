"""What the extractors around Kornia's networks share: sizes, frames of pixels, records."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from extractors.base import ExtractorSpec
from extractors.record import Features, rescaled
from networks.kornia_features import load_learned
from networks.precision import inference, placed
from networks.resizing import resize_photo, to_unit_range, within_edge


class Found(NamedTuple):
    """What a network finds on one photo, in pixels of the prepared photo.

    keypoints: (N, 2), x then y, the centre of the top-left pixel at (0, 0). descriptors: (N, D), of any
    length. scores: (N,). scales: (N,) where the network has them.
    """

    keypoints: torch.Tensor
    descriptors: torch.Tensor
    scores: torch.Tensor
    scales: torch.Tensor | None = None


class KorniaExtractor(ABC):
    """An extractor around one of Kornia's networks.

    A subclass declares itself, makes the network in `layers`, and runs it in `detect`. smallest_px: a
    photo with a shorter side has no keypoints, since the network cannot take it. derived: buffers of the
    network that are no weights.
    """

    spec: ClassVar[ExtractorSpec]
    Settings: ClassVar[type]
    smallest_px: ClassVar[int] = 1
    derived: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        settings: Any,
        state: Mapping[str, torch.Tensor],
        device: torch.device,
        precision: str = "float32",
    ) -> None:
        self.settings = settings
        self.device = device
        self.precision = precision
        loaded = load_learned(self.layers(settings), state, self.spec.name, self.derived)
        self.network = placed(loaded, device)

    @classmethod
    @abstractmethod
    def layers(cls, settings: Any) -> nn.Module:
        """Return the network, its weights not loaded."""

    @abstractmethod
    def detect(self, photos: torch.Tensor) -> list[Found]:
        """Run the network on prepared photos (B, channels, h, w) on its device."""

    def prepare(self, image: np.ndarray) -> torch.Tensor:
        """Turn a uint8 RGB image (H, W, 3) into the network's input, shrunk where settings say so."""
        edge = self.settings.max_edge_px
        shrunk = image if edge is None else resize_photo(image, within_edge(image.shape[:2], edge))
        return self.to_input(shrunk)

    def to_input(self, image: np.ndarray) -> torch.Tensor:
        """Turn a uint8 RGB image (h, w, 3) into float32 (3, h, w) in [0, 1]."""
        return to_unit_range(image)

    def extract(
        self, batch: torch.Tensor, image_sizes: Sequence[tuple[int, int]] | None = None
    ) -> list[Features]:
        """Extract keypoints, unit descriptors (N, D) and scores of prepared photos (B, channels, h, w)."""
        frame = batch.shape[-2], batch.shape[-1]
        sizes = image_sizes or [frame] * len(batch)
        if min(frame) < self.smallest_px:
            return [_features(self.nothing(), frame, size) for size in sizes]
        with inference(self.device, self.precision):
            found = self.detect(batch.to(self.device))
            return [_features(one, frame, size) for one, size in zip(found, sizes, strict=True)]

    def nothing(self) -> Found:
        """Return what is found on a photo without keypoints."""
        none = torch.zeros(0)
        scales = none if "scales" in self.spec.yields else None
        return Found(torch.zeros(0, 2), torch.zeros(0, self.spec.descriptor_dim or 0), none, scales)


def _features(found: Found, frame: tuple[int, int], size: tuple[int, int]) -> Features:
    """Return the record of a photo of `size` (H, W) whose prepared photo had the size `frame`."""
    keypoints, descriptors, scores = (array.float().cpu() for array in found[:3])
    ratio = math.sqrt(size[0] * size[1] / (frame[0] * frame[1]))
    return Features(
        size,
        keypoints=rescaled(keypoints.numpy(), frame, size),
        descriptors=F.normalize(descriptors, dim=1).numpy(),
        scores=scores.numpy(),
        scales=None if found.scales is None else ratio * found.scales.float().cpu().numpy(),
    )
