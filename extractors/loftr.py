"""LoFTR, the half of a photo: tokens of its cells, before they meet those of another photo.

Source: Sun, Shen, Wang, Bao, Zhou, LoFTR, CVPR 2021 (arXiv 2104.00680), as Kornia has it. Backbone,
position code and first layer of self attention depend on the photo alone; the matcher `loftr` does the
rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from pydantic import PositiveInt

from extractors.base import ExtractorSpec
from extractors.record import Features
from networks.loftr import LoFTRNetwork, coarse_map, configured, loaded, photo_tokens
from networks.loftr_folded import fold_layers
from networks.precision import fold_norms, inference, placed
from networks.resizing import luma, resize_photo, within_edge
from networks.winograd import use_winograd


@dataclass(frozen=True)
class LoFTRSettings:
    """Settings of LoFTR's half of a photo; the defaults are those of the published re-ranking benchmark.

    keeps: maps that are kept. "coarse" is all that a score needs; "coarse and fine" lets correspondences
    be refined to fractions of a pixel, and takes nine times the memory.
    max_edge_px: larger photos are shrunk until their longer side has so many pixels; None for never.
    temp_bug_fix: which frequencies the position code has: False for those of the first published code,
    which the outdoor weights were trained with, True for those that were meant (weights "indoor_new").
    """

    keeps: Literal["coarse", "coarse and fine"] = "coarse"
    max_edge_px: PositiveInt | None = None
    temp_bug_fix: bool = False


class LoFTR:
    """LoFTR's half of a photo as an extractor."""

    spec: ClassVar[ExtractorSpec] = ExtractorSpec(
        name="loftr",
        summary="256-D tokens of cells of 8 pixels, from a small ResNet and self attention; no keypoints.",
        source="Sun et al., CVPR 2021, arXiv 2104.00680; zju3dv/LoFTR, as kornia.feature.LoFTR",
        licence="code Apache-2.0; weights Apache-2.0 (the repository's)",
        yields=frozenset({"dense"}),
        family="loftr",
    )
    Settings: ClassVar[type] = LoFTRSettings

    def __init__(
        self,
        settings: LoFTRSettings,
        state: dict[str, torch.Tensor],
        device: torch.device,
        precision: str = "float32",
    ) -> None:
        self.settings = settings
        self.device = device
        self.precision = precision
        network = loaded(self.layers(settings), state, self.spec.name)
        fold_norms(network)
        fold_layers(network)
        use_winograd(network)
        self.network = placed(network, device)

    @classmethod
    def layers(cls, settings: LoFTRSettings) -> LoFTRNetwork:
        """Return the whole network, its weights not loaded."""
        return configured(coarse={"temp_bug_fix": settings.temp_bug_fix})

    @classmethod
    def checkpoint(cls, settings: LoFTRSettings) -> str:
        """Return the name of the published file."""
        return "loftr_outdoor.ckpt"

    def prepare(self, image: np.ndarray) -> torch.Tensor:
        """Turn a uint8 RGB image (H, W, 3) into float32 luma (1, h, w) in [0, 1], shrunk if so wanted."""
        edge = self.settings.max_edge_px
        return luma(image if edge is None else resize_photo(image, within_edge(image.shape[:2], edge)))

    def extract(
        self, batch: torch.Tensor, image_sizes: Sequence[tuple[int, int]] | None = None
    ) -> list[Features]:
        """Extract the maps of prepared photos (B, 1, H, W).

        `dense` has tokens (H / 8, W / 8, 256) as "coarse" and, if kept, a map (H / 2, W / 2, 128) as
        "fine", sides rounded up. The frame is the shrunk photo, where settings let photos be shrunk.
        """
        frame = batch.shape[-2], batch.shape[-1]
        with inference(self.device, self.precision):
            maps = self._maps(batch.to(self.device))
        dense = {name: values.float().cpu().numpy() for name, values in maps.items()}
        return [
            Features(
                size,
                dense={name: values[row] for name, values in dense.items()},
                frame_size=None if self.settings.max_edge_px is None else frame,
            )
            for row, size in enumerate(image_sizes or [frame] * len(batch))
        ]

    def _maps(self, grey: torch.Tensor) -> dict[str, torch.Tensor]:
        if self.settings.keeps == "coarse":
            return {"coarse": photo_tokens(self.network, coarse_map(self.network, grey))}
        coarse, fine = self.network.backbone(grey)
        return {"coarse": photo_tokens(self.network, coarse), "fine": fine.permute(0, 2, 3, 1)}
