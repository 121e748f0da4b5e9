"""CVNet, the half of a photo: a global descriptor of three scales, and maps for the correlation of pairs.

Source: Lee, Seong, Lee, Kim, "Correlation Verification for Image Retrieval", CVPR 2022 (arXiv 2204.01458).
The matcher `cvnet` does the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field, PositiveFloat, PositiveInt

from extractors.base import ExtractorSpec
from extractors.cvnet_network import CVNetPhotoNetwork
from extractors.record import Features
from networks.cvnet import LEVELS, load_half, published_file
from networks.precision import fold_norms, inference, placed
from networks.resizing import imagenet_normalise, resize_photo, to_unit_range, within_edge
from networks.winograd import use_winograd


@dataclass(frozen=True)
class CVNetSettings:
    """Settings of CVNet's half of a photo; the defaults are those of the published re-ranking benchmark.

    depth: layers of the ResNet, which the weights must fit. dimension: D of the global descriptor, which
    the weights must fit too. scales: sizes, over the photo's, that the global descriptor is the mean of;
    the maps are always those of the photo's own size. max_edge_px: larger photos are shrunk until their
    longer side has so many pixels, which changes scores; None, as published, for never. A pair takes about
    16 bytes for each two of its cells of 16 x 16 pixels: 23 MB at 480 x 640, 16 GB at 8 megapixels.
    """

    depth: Literal[50, 101] = field(default=50, metadata={"published": "MODEL_DEPTH"})
    dimension: PositiveInt = field(default=2048, metadata={"published": "MODEL_HEADS_REDUCTION_DIM"})
    scales: Annotated[tuple[PositiveFloat, ...], Field(min_length=1)] = field(
        default=(0.7071, 1.0, 1.4142), metadata={"published": "TEST_SCALE_LIST"}
    )
    max_edge_px: PositiveInt | None = None


class CVNet:
    """CVNet's half of a photo as an extractor."""

    spec: ClassVar[ExtractorSpec] = ExtractorSpec(
        name="cvnet",
        summary="Global descriptor (2048) of three scales, and 256-D maps of three levels; no keypoints.",
        source="Lee et al., CVPR 2022, arXiv 2204.01458; sungonce/CVNet",
        licence="code Apache-2.0; weights of no stated licence, nor the authors' code",
        deviations="photos under 17 pixels a side, which stop the published code, have maps of one position.",
        yields=frozenset({"global_descriptor", "dense"}),
        family="cvnet",
    )
    Settings: ClassVar[type] = CVNetSettings

    def __init__(
        self,
        settings: CVNetSettings,
        state: dict[str, torch.Tensor],
        device: torch.device,
        precision: str = "float32",
    ) -> None:
        self.settings = settings
        self.device = device
        self.precision = precision
        network = load_half(self.layers(settings), state, "photo", self.spec.name)
        fold_norms(network)
        use_winograd(network)
        self.network = placed(network, device)

    @classmethod
    def layers(cls, settings: CVNetSettings) -> CVNetPhotoNetwork:
        """Return this half's network, its weights not loaded."""
        return CVNetPhotoNetwork(settings.depth, settings.dimension)

    @classmethod
    def checkpoint(cls, settings: CVNetSettings) -> str:
        """Return the name of the published file, which holds both halves."""
        return published_file(settings.depth)

    def prepare(self, image: np.ndarray) -> torch.Tensor:
        """Turn a uint8 RGB image (H, W, 3) into a tensor like it, shrunk where settings say so.

        It stays uint8 because each scale is rounded to whole grey levels.
        """
        edge = self.settings.max_edge_px
        limited = image if edge is None else resize_photo(image, within_edge(image.shape[:2], edge))
        return torch.from_numpy(limited.copy())

    def extract(
        self, batch: torch.Tensor, image_sizes: Sequence[tuple[int, int]] | None = None
    ) -> list[Features]:
        """Extract global descriptors (D,) and unit maps (h, w, 256) of prepared photos (B, H, W, 3).

        `dense["full"]` has a position for each 16 pixels, sides rounded up; `half` and `quarter` have
        that share of its positions. Photos that settings may shrink have the shrunk size for a frame.
        """
        frame = batch.shape[1], batch.shape[2]
        with inference(self.device, self.precision):
            descriptors, levels = self._describe(batch.numpy())
        whole = descriptors.cpu().numpy()
        dense = {name: maps.permute(0, 2, 3, 1).contiguous().cpu().numpy() for name, maps in levels.items()}
        return [
            Features(
                size,
                global_descriptor=whole[row],
                dense={name: maps[row] for name, maps in dense.items()},
                frame_size=None if self.settings.max_edge_px is None else frame,
            )
            for row, size in enumerate(image_sizes or [frame] * len(batch))
        ]

    def _describe(self, photos: np.ndarray) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return unit descriptors (B, D), and the unit maps (B, 256, h, w) of each level."""
        passes = {
            scale: self.network.encoder_q(self.network_input(photos, scale))
            for scale in dict.fromkeys((1.0, *self.settings.scales))  # the maps need 1 in any case
        }
        mean = torch.stack([passes[scale][1] for scale in self.settings.scales]).mean(dim=0)
        levels = self.network.compress(passes[1.0][0])
        return F.normalize(mean, dim=1), {
            name: F.normalize(maps.float(), dim=1) for name, maps in zip(LEVELS, levels, strict=True)
        }

    def network_input(self, photos: np.ndarray, scale: float) -> torch.Tensor:
        """Return the network's input (B, 3, h, w), blue first, of photos (B, H, W, 3) at a scale."""
        scaled = [imagenet_normalise(to_unit_range(at_scale(photo, scale))).flip(0) for photo in photos]
        return torch.stack(scaled).to(self.device)


def at_scale(photo: np.ndarray, scale: float) -> np.ndarray:
    """Resize a uint8 photo (H, W, 3) by a factor, rounded to uint8, to one pixel a side at least.

    Pixels are sampled exactly 1 / scale apart, as OpenCV does when it is given factors and not a size.
    """
    if scale == 1:
        return photo
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    if scale * min(photo.shape[:2]) < 1:
        height, width = (max(1, round(scale * side)) for side in photo.shape[:2])
        return cv2.resize(photo, (width, height), interpolation=method)
    return cv2.resize(photo, (0, 0), fx=scale, fy=scale, interpolation=method)
