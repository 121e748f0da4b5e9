"""Key.Net and HardNet: keypoints of many sizes, handcrafted and learned filters, patches described.

Source: Barroso-Laguna, Riba, Ponsa, Mikolajczyk, Key.Net, ICCV 2019 (arXiv 1904.00889); Mishchuk,
Mishkin, Radenovic, Matas, HardNet, NIPS 2017 (arXiv 1705.10872); Mishkin, Radenovic, Matas, AffNet and
OriNet, ECCV 2018 (arXiv 1711.06704); put together as `kornia.feature.KeyNetHardNet` does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from pydantic import NonNegativeFloat, PositiveInt
from torch import nn

from extractors.base import ExtractorSpec
from extractors.kornia_adapter import Found, KorniaExtractor
from networks.kornia_features import kornia_feature
from networks.resizing import luma

PATCH_RADIUS_PX = 22.0  # of a keypoint on a level, in pixels of the level: Kornia's s_mult


@dataclass(frozen=True)
class KeyNetSettings:
    """Settings of Key.Net and HardNet; the defaults are those of Kornia's KeyNetHardNet.

    max_keypoints: the best so many over all levels of the pyramid are kept.
    score_threshold: responses must lie above it. upright: patches are described as they stand; else each
    is turned first as OriNet says. scale_laf: described patches over detected ones, in size.
    max_edge_px: larger photos are shrunk until their longer side has so many pixels; None for never.

    Scales are the radii of the detected patches in pixels. On every level of the pyramid keypoints are
    whole pixels; the published code, and Kornia, put them at the corners of those pixels in the photo,
    here they are at their centres. They are described where the published code does.
    """

    max_keypoints: PositiveInt = 8000
    score_threshold: NonNegativeFloat = 0.0
    upright: bool = False
    scale_laf: float = 1.0
    max_edge_px: PositiveInt | None = None


class KeyNetNetworks(nn.Module):
    """The three networks, for one checkpoint."""

    def __init__(self) -> None:
        super().__init__()
        for name, kind in (("keynet", "KeyNet"), ("orinet", "OriNet"), ("hardnet", "HardNet")):
            self.add_module(name, kornia_feature(kind, "keynet")(pretrained=False))


class KeyNet(KorniaExtractor):
    """Key.Net and HardNet as an extractor."""

    spec: ClassVar[ExtractorSpec] = ExtractorSpec(
        name="keynet",
        summary="Key.Net's keypoints over an image pyramid, HardNet's 128-D descriptors of their patches.",
        source="Barroso-Laguna et al., ICCV 2019; Mishchuk et al., NIPS 2017; kornia.feature.KeyNetHardNet",
        licence="code Apache-2.0; weights MIT (HardNet, OriNet), not known (Key.Net: see its repository)",
        beyond_benchmark=True,
        yields=frozenset({"keypoints", "descriptors", "scores", "scales"}),
        descriptor_dim=128,
        family="hardnet",
    )
    Settings: ClassVar[type] = KeyNetSettings
    smallest_px = 19  # 18 leave the filters nothing on the coarsest level

    def __init__(
        self,
        settings: KeyNetSettings,
        state: Mapping[str, torch.Tensor],
        device: torch.device,
        precision: str = "float32",
    ) -> None:
        super().__init__(settings, state, device, precision)
        self.detector = self._kornia("KeyNetDetector")(
            pretrained=False, num_features=settings.max_keypoints, score_threshold=settings.score_threshold
        )
        self.detector.model = self.network.keynet
        self.orient = self._kornia("LAFOrienter")(angle_detector=self.network.orinet)
        self.describe = self._kornia("LAFDescriptor")(self.network.hardnet)

    @classmethod
    def layers(cls, settings: KeyNetSettings) -> KeyNetNetworks:
        """Return the three networks, their weights not loaded."""
        return KeyNetNetworks()

    @classmethod
    def checkpoint(cls, settings: KeyNetSettings) -> str:
        """Return the name of the file that the three published ones are put together to."""
        return "keynet_orinet_hardnet.safetensors"

    def to_input(self, image: np.ndarray) -> torch.Tensor:
        """Turn a uint8 RGB image (h, w, 3) into luma (1, h, w), float32 in [0, 1]."""
        return luma(image)

    def detect(self, photos: torch.Tensor) -> list[Found]:
        """Run the networks on grey photos one by one, as Kornia's detector takes them."""
        return [self._detect_one(photo) for photo in photos.split(1)]

    def _detect_one(self, photo: torch.Tensor) -> Found:
        """Find, turn and describe the patches of a photo (1, 1, h, w)."""
        patches, scores = self.detector(photo)
        real = self._kornia("laf_is_filled")(patches)
        if not real.any():
            return self.nothing()
        patches, scores = patches[real][None], scores[real]
        if not self.settings.upright:
            patches = self.orient(patches, photo)
        radii = self._kornia("get_laf_scale")(patches).flatten()
        described = self.describe(photo, self._kornia("scale_laf")(patches, self.settings.scale_laf))[0]
        corners = self._kornia("get_laf_center")(patches)[0]
        step = radii / PATCH_RADIUS_PX  # between the pixels of a level
        return Found(corners + (step[:, None] - 1) / 2, described, scores, radii)

    def _kornia(self, name: str) -> Any:
        return kornia_feature(name, self.spec.name)
