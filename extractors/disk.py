"""DISK: a U-Net, trained by policy gradients, that scores and describes every pixel.

Source: Tyszkiewicz, Fua, Trulls, NeurIPS 2020 (arXiv 2006.13566); cvlab-epfl/disk, as
`kornia.feature.DISK` has it.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field, PositiveInt
from torch import nn

from data.errors import SettingsError
from extractors.base import ExtractorSpec
from extractors.kornia_adapter import Found, KorniaExtractor
from networks.kornia_features import kornia_feature


@dataclass(frozen=True)
class DISKSettings:
    """Settings of DISK; but for the cap, the defaults are those of its published code.

    variant: the published weights, trained with "depth" maps, more precise, or with "epipolar" lines, which
    find keypoints also where depth is unknown.
    max_keypoints: the best so many are kept; None for all, as the published code has it. 2048 is the
    paper's smaller budget.
    window_size: side of the window, pixels and odd, whose strict maximum a keypoint is (published as
    nms); none lie so near to the border that their window is cut. score_threshold: scores, which are
    logits, must lie above it.
    max_edge_px: larger photos are shrunk until their longer side has so many pixels; None for never.
    """

    variant: Literal["depth", "epipolar"] = "depth"
    max_keypoints: PositiveInt | None = 2048
    window_size: PositiveInt = 5
    score_threshold: Annotated[float, Field(ge=0)] = 0.0
    max_edge_px: PositiveInt | None = None

    def __post_init__(self) -> None:
        if self.window_size % 2 == 0:
            raise SettingsError(
                f"disk: window_size is {self.window_size}; a window with a middle is odd, such as 5"
            )


class DISK(KorniaExtractor):
    """DISK as an extractor."""

    spec: ClassVar[ExtractorSpec] = ExtractorSpec(
        name="disk",
        summary="Keypoints on pixels and 128-D descriptors from a U-Net trained by policy gradients.",
        source="Tyszkiewicz et al., NeurIPS 2020, arXiv 2006.13566; cvlab-epfl/disk, as kornia.feature.DISK",
        licence="code Apache-2.0; weights Apache-2.0 (the repository's)",
        beyond_benchmark=True,
        descriptor_dim=128,
        family="disk",
    )
    Settings: ClassVar[type] = DISKSettings
    smallest_px = 17  # 16 give the U-Net a single cell, which its instance norms refuse

    @classmethod
    def layers(cls, settings: DISKSettings) -> nn.Module:
        """Return the network, its weights not loaded."""
        network: nn.Module = kornia_feature("DISK", cls.spec.name)(desc_dim=cls.spec.descriptor_dim)
        return network

    @classmethod
    def checkpoint(cls, settings: DISKSettings) -> str:
        """Return the name of the published file."""
        return f"{settings.variant}-save.pth"

    def detect(self, photos: torch.Tensor) -> list[Found]:
        """Run the network on photos padded at the right and at the bottom, where no keypoint is."""
        found = self.network(
            photos,
            n=self.settings.max_keypoints,
            window_size=self.settings.window_size,
            score_threshold=self.settings.score_threshold,
            pad_if_not_divisible=True,
        )
        return [Found(photo.keypoints, photo.descriptors, photo.detection_scores) for photo in found]
