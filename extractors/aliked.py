"""ALIKED: keypoints between the pixels, described by samples at places that the network chooses.

Source: Zhao, Wu, Chen, Chen, Xu, Lee, IEEE Transactions on Instrumentation and Measurement 2023
(arXiv 2304.03608); Shiaoming/ALIKED, as `kornia.feature.ALIKED` has it.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from pydantic import PositiveFloat, PositiveInt
from torch import nn

from extractors.base import ExtractorSpec
from extractors.kornia_adapter import Found, KorniaExtractor
from networks.kornia_features import kornia_feature


@dataclass(frozen=True)
class ALIKEDSettings:
    """Settings of ALIKED; the defaults are those of its published code.

    variant: the network and its published weights: N(16), the same trained with rotated photos, N(32) with
    32 samples for a descriptor, or the tiny T(16), whose descriptors have 64 components.
    max_keypoints: the best so many are kept (published as n_limit); None for all, at most 20000.
    detection_threshold: scores in [0, 1] must lie above it (published as scores_th); a photo without any
    has those above its mean score. nms_radius: pixels within it of a keypoint, in x and in y, are none,
    nor are those so near to the border.
    max_edge_px: larger photos are shrunk until their longer side has so many pixels; None for never.

    Keypoints are strict maxima of their window, as Kornia has them; the published code also takes tied
    ones and some on the flank of a stronger one.
    """

    variant: Literal["aliked-t16", "aliked-n16", "aliked-n16rot", "aliked-n32"] = "aliked-n16"
    max_keypoints: PositiveInt | None = 5000
    detection_threshold: PositiveFloat = 0.2
    nms_radius: PositiveInt = 2
    max_edge_px: PositiveInt | None = None


class ALIKED(KorniaExtractor):
    """ALIKED as an extractor."""

    spec: ClassVar[ExtractorSpec] = ExtractorSpec(
        name="aliked",
        summary="Keypoints between pixels and 128-D descriptors from deformable samples; free for any use.",
        source="Zhao et al., TIM 2023, arXiv 2304.03608; Shiaoming/ALIKED, as kornia.feature.ALIKED",
        licence="code Apache-2.0; weights BSD 3-Clause",
        beyond_benchmark=True,
        descriptor_dim=128,
        family="aliked",
    )
    Settings: ClassVar[type] = ALIKEDSettings
    derived = ("dkd.hw_grid",)

    @classmethod
    def layers(cls, settings: ALIKEDSettings) -> nn.Module:
        """Return the network, its weights not loaded."""
        network: nn.Module = kornia_feature("ALIKED", cls.spec.name)(
            settings.variant, settings.max_keypoints or -1, settings.detection_threshold, settings.nms_radius
        )
        return network

    @classmethod
    def checkpoint(cls, settings: ALIKEDSettings) -> str:
        """Return the name of the published file."""
        return f"{settings.variant}.pth"

    def detect(self, photos: torch.Tensor) -> list[Found]:
        """Run the network, which pads photos around their middle to multiples of 32 pixels by itself."""
        return [
            Found(photo.keypoints, photo.descriptors, photo.keypoint_scores) for photo in self.network(photos)
        ]
