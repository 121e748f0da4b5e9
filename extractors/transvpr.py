"""TransVPR: patch descriptors and a global descriptor from a small CNN and a transformer.

Source: Wang, Shen, Zuo, Zhou, Zheng, CVPR 2022 (arXiv 2201.02001), with the local features of
RuotongWANG/TransVPR-model-implementation: the patches that the network's own attention marks.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field, PositiveInt

from data.errors import SettingsError
from extractors.base import ExtractorSpec
from extractors.record import Features, rescaled
from extractors.transvpr_network import PATCH_PX, WIDTH, Outputs, TransVPRNetwork
from networks.precision import fold_norms, inference, placed
from networks.resizing import imagenet_normalise, resize_tensor, to_unit_range
from networks.state_dicts import load_strictly
from networks.winograd import use_winograd


@dataclass(frozen=True)
class TransVPRSettings:
    """Settings of TransVPR; the defaults are those of the published re-ranking benchmark.

    resize: height and width that every photo is resized to, pixels, whatever its shape; multiples of
    16. antialias: whether pixels are averaged when a photo shrinks, as newer versions of the published
    code's libraries do. central_crop: keep the shape instead: enlarge a photo that is too small, then
    cut `resize` out of its middle; large photos are only cut.
    threshold: patches with more attention than this, in [0, 1], are kept. layer: block, 0 to 5, whose
    features describe them.
    """

    resize: tuple[PositiveInt, PositiveInt] = (480, 640)
    antialias: bool = False
    central_crop: bool = False
    threshold: float = 0.02
    layer: Annotated[int, Field(ge=0, le=5)] = 3

    def __post_init__(self) -> None:
        if any(side % PATCH_PX for side in self.resize):
            raise SettingsError(
                f"transvpr: resize is {self.resize[0]} x {self.resize[1]} pixels; both must be multiples of "
                f"{PATCH_PX}, the side of a patch"
            )


def enlarged(size: tuple[int, int], least: tuple[int, int]) -> tuple[int, int]:
    """Return `size` (H, W), both sides scaled alike, so that `least` (H, W) fits into it."""
    ratio = max(least[0] / size[0], least[1] / size[1], 1.0)
    return math.ceil(size[0] * ratio), math.ceil(size[1] * ratio)


def crop_offsets(size: tuple[int, int], crop: tuple[int, int]) -> tuple[int, int]:
    """Return the row and the column where the middle `crop` (H, W) of a photo of `size` begins."""
    return round((size[0] - crop[0]) / 2), round((size[1] - crop[1]) / 2)


def patch_centres(rows: int, columns: int) -> np.ndarray:
    """Return the centres (P, 2) of a grid of patches, x then y in pixels, row by row.

    The published code has them half a pixel further on: its pixels have their corners at integers.
    """
    x, y = np.meshgrid(np.arange(columns), np.arange(rows))
    return PATCH_PX * np.stack([x, y], axis=-1).reshape(-1, 2) + (PATCH_PX - 1) / 2


def merge(attention: torch.Tensor) -> torch.Tensor:
    """Merge attention (..., 3, P) of three levels to one mask (..., P) in [0, 1].

    Attention that is the same everywhere marks nothing, on whichever level: the mask is all NaN.
    """
    return _stretched(_stretched(attention).sum(dim=-2))


def _stretched(values: torch.Tensor) -> torch.Tensor:
    low, high = values.aminmax(dim=-1, keepdim=True)
    return (values - low) / (high - low)


class TransVPR:
    """TransVPR as an extractor."""

    spec: ClassVar[ExtractorSpec] = ExtractorSpec(
        name="transvpr",
        summary="Patches that a transformer's attention marks, 256-D, and a global descriptor.",
        source="Wang et al., CVPR 2022, arXiv 2201.02001; RuotongWANG/TransVPR-model-implementation",
        licence="code Apache-2.0; weights of no stated licence, nor the authors' code",
        yields=frozenset({"keypoints", "descriptors", "scores", "global_descriptor"}),
        descriptor_dim=WIDTH,
        family="transvpr",
    )
    Settings: ClassVar[type] = TransVPRSettings

    def __init__(
        self,
        settings: TransVPRSettings,
        state: dict[str, torch.Tensor],
        device: torch.device,
        precision: str = "float32",
    ) -> None:
        self.settings = settings
        self.device = device
        self.precision = precision
        network = load_strictly(self.layers(settings), state, self.spec.name)
        fold_norms(network)
        use_winograd(network)
        self.network = placed(network, device)

    @classmethod
    def layers(cls, settings: TransVPRSettings) -> TransVPRNetwork:
        """Return the network, its weights not loaded."""
        return TransVPRNetwork()

    @classmethod
    def checkpoint(cls, settings: TransVPRSettings) -> str:
        """Return the name of the published file."""
        return "TransVPR_Pitts30k.pth"

    def prepare(self, image: np.ndarray) -> torch.Tensor:
        """Turn a uint8 RGB image (H, W, 3) into a normalised float32 tensor of the size in `resize`."""
        height, width = self.settings.resize
        size = self._frame_size(image.shape[:2])
        resized = resize_tensor(to_unit_range(image), size, antialias=self.settings.antialias)
        top, left = crop_offsets(size, self.settings.resize)
        return imagenet_normalise(resized[:, top : top + height, left : left + width])

    def extract(
        self, batch: torch.Tensor, image_sizes: Sequence[tuple[int, int]] | None = None
    ) -> list[Features]:
        """Extract the marked patches of prepared photos (B, 3, h, w), row by row.

        Descriptors (N, 256) are not of unit length and are compared as they are; scores are their
        attention. The frame is the resized photo, before it is cut.
        """
        sizes = image_sizes or [self.settings.resize] * len(batch)
        with inference(self.device, self.precision):
            outputs = Outputs(*(values.cpu() for values in self.network(batch.to(self.device))))
            masks = merge(outputs.attention)
        return [
            self._select(size, mask, layers[self.settings.layer, 1:], global_descriptor)
            for size, mask, layers, global_descriptor in zip(
                sizes, masks, outputs.layers, outputs.global_descriptor, strict=True
            )
        ]

    def _select(
        self, size: tuple[int, int], mask: torch.Tensor, features: torch.Tensor, whole: torch.Tensor
    ) -> Features:
        kept = (mask > self.settings.threshold).numpy()
        frame = self._frame_size(size)
        height, width = self.settings.resize
        centres = patch_centres(height // PATCH_PX, width // PATCH_PX)[kept]
        centres += crop_offsets(frame, self.settings.resize)[::-1]
        return Features(
            size,
            keypoints=rescaled(centres, frame, size),
            descriptors=features.numpy()[kept],
            scores=mask.numpy()[kept],
            global_descriptor=whole.numpy(),
            frame_size=frame,
        )

    def _frame_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return what a photo of `size` (H, W) is resized to."""
        if self.settings.central_crop:
            return enlarged(size, self.settings.resize)
        return self.settings.resize
