"""GeoWarp, the half of a photo: coarse local features, and the photo itself, which is to be warped.

Source: Berton, Masone, Paolicelli, Caputo, "Viewpoint Invariant Dense Matching for Visual Geolocalization",
ICCV 2021 (arXiv 2109.09827). The matcher `geowarp` does the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from pydantic import PositiveInt

from extractors.base import ExtractorSpec
from extractors.record import Features
from networks.geowarp import REGRESSION_KEYS, Arch, GeoWarpEncoder, Pooling, encoder_file, network_input
from networks.precision import inference, placed
from networks.resizing import resize_photo, within_edge
from networks.state_dicts import load_strictly


@dataclass(frozen=True)
class GeoWarpSettings:
    """Settings of GeoWarp's half of a photo; both halves must have the same weights.

    arch, pooling: the encoder, and the pooling that it was trained with: which published weights.
    max_edge_px: larger photos are shrunk until their longer side has so many pixels, and kept so; None, as
    published, for never.
    """

    arch: Arch = "resnet50"
    pooling: Pooling = "netvlad"
    max_edge_px: PositiveInt | None = None


class GeoWarp:
    """GeoWarp's half of a photo as an extractor."""

    spec: ClassVar[ExtractorSpec] = ExtractorSpec(
        name="geowarp",
        summary="Local features of 15 x 15 cells, and the photo itself; no keypoints.",
        source="Berton et al., ICCV 2021, arXiv 2109.09827; gmberton/geo_warp",
        licence="code Apache-2.0; weights MIT (the repository's)",
        beyond_benchmark=True,
        yields=frozenset({"dense"}),
        family="geowarp",
    )
    Settings: ClassVar[type] = GeoWarpSettings

    def __init__(
        self,
        settings: GeoWarpSettings,
        state: dict[str, torch.Tensor],
        device: torch.device,
        precision: str = "float32",
    ) -> None:
        self.settings = settings
        self.device = device
        self.precision = precision
        network = load_strictly(self.layers(settings), state, self.spec.name, optional=[REGRESSION_KEYS])
        self.network = placed(network, device)

    @classmethod
    def layers(cls, settings: GeoWarpSettings) -> GeoWarpEncoder:
        """Return the encoder, its weights not loaded."""
        return GeoWarpEncoder(settings.arch, settings.pooling)

    @classmethod
    def checkpoint(cls, settings: GeoWarpSettings) -> str:
        """Return the name of the published encoder."""
        return encoder_file(settings.arch, settings.pooling)

    def prepare(self, image: np.ndarray) -> torch.Tensor:
        """Turn a uint8 RGB image (H, W, 3) into a tensor like it, shrunk where settings say so."""
        edge = self.settings.max_edge_px
        limited = image if edge is None else resize_photo(image, within_edge(image.shape[:2], edge))
        return torch.from_numpy(limited.copy())

    def extract(
        self, batch: torch.Tensor, image_sizes: Sequence[tuple[int, int]] | None = None
    ) -> list[Features]:
        """Extract `dense["local"]` (15, 15, C) of prepared photos (B, H, W, 3), kept as `dense["photo"]`.

        Local features are very nearly of unit length. Photos that settings may shrink have the shrunk size
        for a frame.
        """
        frame = batch.shape[1], batch.shape[2]
        photos = batch.numpy()
        with inference(self.device, self.precision):
            inputs = torch.stack([network_input(photo) for photo in photos]).to(self.device)
            local = self.network.local_features(inputs).permute(0, 2, 3, 1).contiguous().cpu().numpy()
        return [
            Features(
                size,
                dense={"local": local[row], "photo": photos[row]},
                frame_size=None if self.settings.max_edge_px is None else frame,
            )
            for row, size in enumerate(image_sizes or [frame] * len(batch))
        ]
