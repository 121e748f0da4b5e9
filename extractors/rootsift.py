"""RootSIFT: OpenCV's SIFT with the square-root descriptor; needs no weights.

Source: Lowe, IJCV 2004; Arandjelovic and Zisserman, CVPR 2012.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
import torch
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from extractors.base import ExtractorSpec
from extractors.record import Features
from networks.rootsift import DESCRIPTOR_DIM, rootsift


@dataclass(frozen=True)
class RootSIFTSettings:
    """Settings of RootSIFT; but for the cap, the defaults are Lowe's and OpenCV's.

    max_keypoints: the strongest so many are kept. contrast_threshold: weaker extrema are left out.
    edge_threshold: extrema with a greater ratio of curvatures are left out. sigma: blur of the first
    octave, pixels.
    """

    max_keypoints: PositiveInt = 1024
    contrast_threshold: NonNegativeFloat = 0.04
    edge_threshold: PositiveFloat = 10.0
    sigma: PositiveFloat = 1.6


class RootSIFT:
    """RootSIFT as an extractor; it runs on the CPU, whatever the device."""

    spec: ClassVar[ExtractorSpec] = ExtractorSpec(
        name="rootsift",
        summary="OpenCV's SIFT keypoints with square-root descriptors; no weights.",
        source="Lowe, IJCV 2004; Arandjelovic and Zisserman, CVPR 2012",
        yields=frozenset({"keypoints", "descriptors", "scores", "scales"}),
        descriptor_dim=DESCRIPTOR_DIM,
        family="rootsift",
        beyond_benchmark=True,
    )
    Settings: ClassVar[type] = RootSIFTSettings

    def __init__(
        self,
        settings: RootSIFTSettings,
        state: dict[str, torch.Tensor] | None = None,
        device: torch.device | None = None,
        precision: str = "float32",
    ) -> None:
        self.settings = settings
        self.device = torch.device("cpu")
        self.precision = "float32"

    @classmethod
    def layers(cls, settings: RootSIFTSettings) -> None:
        """Return None: there is no network."""

    @classmethod
    def checkpoint(cls, settings: RootSIFTSettings) -> None:
        """Return None: there are no weights."""
        return

    def prepare(self, image: np.ndarray) -> torch.Tensor:
        """Turn a uint8 RGB image (H, W, 3) into grey (H, W) uint8."""
        return torch.from_numpy(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))

    def extract(
        self, batch: torch.Tensor, image_sizes: Sequence[tuple[int, int]] | None = None
    ) -> list[Features]:
        """Extract keypoints, descriptors (N, 128), scores and scales of grey photos (B, H, W).

        Keypoints come strongest first; scales are diameters in pixels. image_sizes is not needed: no
        resizing.
        """
        return [self._extract_one(grey) for grey in batch.cpu().numpy()]

    def _extract_one(self, grey: np.ndarray) -> Features:
        found = rootsift(
            grey,
            self.settings.max_keypoints,
            contrast_threshold=self.settings.contrast_threshold,
            edge_threshold=self.settings.edge_threshold,
            sigma=self.settings.sigma,
        )
        return Features((grey.shape[0], grey.shape[1]), **found._asdict())
