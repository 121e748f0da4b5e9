"""DeDoDe: a detector trained to find what is tracked in 3-D, and a descriptor trained apart from it.

Source: Edstedt, Bokman, Wadenback, Felsberg, DeDoDe, 3DV 2024 (arXiv 2308.08479); DeDoDe v2, CVPR
Workshops 2024 (arXiv 2404.08928); Bokman et al., Steerers, CVPR 2024 (arXiv 2312.02152); as
`kornia.feature.DeDoDe` has them.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from pydantic import PositiveInt
from torch import nn

from extractors.base import ExtractorSpec
from extractors.kornia_adapter import Found, KorniaExtractor
from networks.kornia_features import Undrawn, kornia_feature

UNCAPPED = 2**31 - 1


@dataclass(frozen=True)
class DeDoDeSettings:
    """Settings of DeDoDe; the defaults are those of its published code.

    detector: the detector's weights: "L-upright" of the paper, "L-C4" and "L-SO2" of Steerers, for turned
    photos, or "L-C4-v2" of DeDoDe v2, whose keypoints cluster less.
    descriptor: the descriptor's weights: "B-upright" of the paper, "B-C4" and "B-SO2" of Steerers. The
    larger descriptor G is left out: it needs DINOv2's ViT-L, which Kornia downloads.
    max_keypoints: the best so many are kept; None for every pixel. There is no threshold.
    max_edge_px: larger photos are shrunk until their longer side has so many pixels; None for never.
    """

    detector: Literal["L-upright", "L-C4", "L-SO2", "L-C4-v2"] = "L-C4-v2"
    descriptor: Literal["B-upright", "B-C4", "B-SO2"] = "B-upright"
    max_keypoints: PositiveInt | None = 10_000
    max_edge_px: PositiveInt | None = None


class DeDoDe(KorniaExtractor):
    """DeDoDe as an extractor."""

    spec: ClassVar[ExtractorSpec] = ExtractorSpec(
        name="dedode",
        summary="Keypoints on pixels by a detector of its own, 256-D descriptors by another network.",
        source="Edstedt et al., 3DV 2024, arXiv 2308.08479; Parskatt/DeDoDe, as kornia.feature.DeDoDe",
        licence="code Apache-2.0; weights MIT (the repositories')",
        beyond_benchmark=True,
        descriptor_dim=256,
        family="dedode",
    )
    Settings: ClassVar[type] = DeDoDeSettings
    smallest_px = 15  # 14 leave nothing for the last of four poolings

    @classmethod
    def layers(cls, settings: DeDoDeSettings) -> nn.Module:
        """Return both networks, their weights not loaded; float32 on a GPU too, whatever the precision."""
        make = kornia_feature("DeDoDe", cls.spec.name)
        with Undrawn():
            network: nn.Module = make("L", "B", amp_dtype=torch.float32)
        return network

    @classmethod
    def checkpoint(cls, settings: DeDoDeSettings) -> str:
        """Return the name of the file that both published ones are put together to."""
        return f"dedode_{settings.detector}_{settings.descriptor}.safetensors"

    def detect(self, photos: torch.Tensor) -> list[Found]:
        """Run both networks on photos padded at the right and at the bottom, where no keypoint is.

        The centre of the top-left pixel is (0.5, 0.5) for them.
        """
        keypoints, scores, descriptors = self.network(photos, n=self.settings.max_keypoints or UNCAPPED)
        return [Found(*arrays) for arrays in zip(keypoints - 0.5, descriptors, scores, strict=True)]
