"""XFeat: a very small network, made for CPUs, with 64-D descriptors.

Source: Potje, Cadar, Araujo, Martins, Nascimento, CVPR 2024 (arXiv 2404.19174);
verlab/accelerated_features, as `kornia.feature.XFeat` has it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from pydantic import NonNegativeFloat, PositiveInt
from torch import nn

from extractors.base import ExtractorSpec
from extractors.kornia_adapter import Found, KorniaExtractor
from networks.kornia_features import kornia_feature

UNCAPPED = 2**31 - 1  # Kornia's top_k has no word for all


@dataclass(frozen=True)
class XFeatSettings:
    """Settings of XFeat; the defaults are those of its published code.

    max_keypoints: the best so many are kept (published as top_k); None for all.
    detection_threshold: a pixel's share of its cell, in [0, 1], must lie above it.
    max_edge_px: larger photos are shrunk until their longer side has so many pixels; None for never.

    The network resizes photos to multiples of 32 pixels, down if they have 32, and finds keypoints on the
    pixels of the resized photo. The published code gives them half a pixel of the change in size off,
    and so does Kornia; here they are where they belong.
    """

    max_keypoints: PositiveInt | None = 4096
    detection_threshold: NonNegativeFloat = 0.05
    max_edge_px: PositiveInt | None = None


class XFeat(KorniaExtractor):
    """XFeat as an extractor."""

    spec: ClassVar[ExtractorSpec] = ExtractorSpec(
        name="xfeat",
        summary="Keypoints and 64-D descriptors from a very small network made for CPUs.",
        source="Potje et al., CVPR 2024, arXiv 2404.19174; verlab/accelerated_features, kornia.feature.XFeat",
        licence="code Apache-2.0; weights Apache-2.0 (the repository's)",
        beyond_benchmark=True,
        descriptor_dim=64,
        family="xfeat",
    )
    Settings: ClassVar[type] = XFeatSettings

    def __init__(
        self,
        settings: XFeatSettings,
        state: Mapping[str, torch.Tensor],
        device: torch.device,
        precision: str = "float32",
    ) -> None:
        super().__init__(settings, state, device, precision)
        self.finder = kornia_feature("XFeat", self.spec.name)(
            settings.max_keypoints or UNCAPPED, settings.detection_threshold
        )
        self.finder.net = self.network

    @classmethod
    def layers(cls, settings: XFeatSettings) -> nn.Module:
        """Return the network, its weights not loaded."""
        network: nn.Module = kornia_feature("XFeatModel", cls.spec.name)()
        return network

    @classmethod
    def checkpoint(cls, settings: XFeatSettings) -> str:
        """Return the name of the published file."""
        return "xfeat.pt"

    def detect(self, photos: torch.Tensor) -> list[Found]:
        """Run the network, and put the keypoints at the centres of the pixels that they are on."""
        step = pixel_step(photos.shape[-2], photos.shape[-1]).to(photos.device)
        return [
            Found(photo["keypoints"] + (step - 1) / 2, photo["descriptors"], photo["scores"])
            for photo in self.finder.detectAndCompute(photos)
        ]


def pixel_step(height: int, width: int) -> torch.Tensor:
    """Return how far apart, in x and in y, the pixels of the resized photo lie in pixels of the photo."""
    return torch.tensor([side / max(32, side // 32 * 32) for side in (width, height)])
