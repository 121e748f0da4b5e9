"""SuperPoint: keypoints on the pixel grid and 256-D descriptors in one pass of a small network.

Source: DeTone, Malisiewicz, Rabinovich, CVPR Workshops 2018 (arXiv 1712.07629), with the inference
that was published with SuperGlue: photos at their stored size, luma of the float channels,
suppression in two extra rounds, descriptors by bilinear interpolation.
"""

import functools
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from data.errors import SettingsError
from extractors.base import ExtractorSpec
from extractors.corners import cornerness, onto_corners
from extractors.record import Features, rescaled
from extractors.superpoint_network import CELL_PX, SuperPointNetwork
from networks.keypoints import strongest_first, suppress_non_maxima
from networks.precision import inference, placed
from networks.resizing import luma, resize_tensor
from networks.state_dicts import load_strictly

Sampling = Literal["published", "exact"]
Variant = Literal["published", "small"]

WARN_PIXELS = 4_000_000

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SuperPointSettings:
    """Settings of SuperPoint; the defaults are those of the published re-ranking benchmark.

    descriptor_dim: width of the descriptor head; the published weights have 256.
    nms_radius: pixels, 0 for no suppression. keypoint_threshold: scores must lie above it.
    max_keypoints: the best so many are kept; -1 for all. remove_borders: pixels along each border
    without keypoints. sampling: "published" stretches the descriptor map a little over the photo, as
    the published code does and SuperGlue's weights expect; "exact" is geometrically right. refine_px:
    not published: keypoints move onto the strongest corner within so many pixels, and between pixels,
    descriptors with them, scores not; 0 leaves them on whole pixels. upsample: not published: factor by
    which photos are enlarged beforehand, which places keypoints more finely; pixels of the other settings
    are those of the enlarged photo. variant: of the weights; "small" are this project's own, trained on
    drawn cities, which come with it.
    """

    descriptor_dim: PositiveInt = 256
    nms_radius: NonNegativeInt = 4
    keypoint_threshold: NonNegativeFloat = 0.005
    max_keypoints: int = 1024
    remove_borders: NonNegativeInt = 4
    sampling: Sampling = "published"
    refine_px: NonNegativeInt = 0
    upsample: Annotated[float, Field(ge=1)] = 1.0
    variant: Variant = "published"

    def __post_init__(self) -> None:
        if self.max_keypoints == 0 or self.max_keypoints < -1:
            raise SettingsError(
                f"superpoint: max_keypoints is {self.max_keypoints}; use a positive count, or -1 for all"
            )


def select(kept: torch.Tensor, settings: SuperPointSettings) -> tuple[torch.Tensor, torch.Tensor]:
    """Return keypoints (N, 2), x then y as float32, and scores (N,) of a suppressed score map (H, W)."""
    height, width = kept.shape
    y, x = torch.nonzero(kept > settings.keypoint_threshold, as_tuple=True)
    border = settings.remove_borders
    inside = (x >= border) & (x < width - border) & (y >= border) & (y < height - border)
    y, x = y[inside], x[inside]
    scores = kept[y, x]
    if 0 < settings.max_keypoints < len(scores):
        best = strongest_first(scores, settings.max_keypoints)
        y, x, scores = y[best], x[best], scores[best]
    return torch.stack([x, y], dim=1).float(), scores


def sample_descriptors(dense: torch.Tensor, keypoints: torch.Tensor, sampling: Sampling) -> torch.Tensor:
    """Interpolate unit descriptors (N, D) bilinearly on a map (D, h, w), zeros outside.

    keypoints: (N, 2), x then y in pixels. sampling: "published" puts the centre of the first cell at
    pixel 3.5, but that of the last one at 8w - 1 rather than 8w - 4.5; "exact" has it right.
    """
    size = CELL_PX * torch.tensor(dense.shape[:0:-1], device=dense.device)
    if sampling == "published":
        places = 2 * (keypoints - (CELL_PX - 1) / 2) / (size - (CELL_PX + 1) / 2) - 1
    else:
        places = (2 * keypoints + 1) / size - 1
    sampled = F.grid_sample(dense[None], places[None, None], align_corners=sampling == "published")
    return F.normalize(sampled[0, :, 0], dim=0).T.contiguous()


def _nothing(size: tuple[int, int], descriptor_dim: int) -> Features:
    return Features(
        size,
        keypoints=np.zeros((0, 2), np.float32),
        descriptors=np.zeros((0, descriptor_dim), np.float32),
        scores=np.zeros(0, np.float32),
    )


@functools.cache
def _warn_of_memory(height: int, width: int) -> None:
    """Warn once for each size."""
    gigabytes = 2 * 64 * height * width * 4 / 1e9
    log.warning("superpoint takes about %.1f GB for a photo of %d x %d pixels", gigabytes, width, height)


class SuperPoint:
    """SuperPoint as an extractor."""

    spec: ClassVar[ExtractorSpec] = ExtractorSpec(
        name="superpoint",
        summary="Keypoints on the pixel grid and 256-D descriptors from a small VGG-like network.",
        source="DeTone et al., CVPR Workshops 2018, arXiv 1712.07629; magicleap/SuperGluePretrainedNetwork",
        licence="code Apache-2.0; weights Magic Leap, academic or non-profit noncommercial research only",
        descriptor_dim=256,
        family="superpoint",
    )
    Settings: ClassVar[type] = SuperPointSettings

    def __init__(
        self,
        settings: SuperPointSettings,
        state: dict[str, torch.Tensor],
        device: torch.device,
        precision: str = "float32",
    ) -> None:
        self.settings = settings
        self.device = device
        self.precision = precision
        self.network = placed(load_strictly(self.layers(settings), state, self.spec.name), device)

    @classmethod
    def layers(cls, settings: SuperPointSettings) -> SuperPointNetwork:
        """Return the network, its weights not loaded."""
        return SuperPointNetwork(settings.descriptor_dim)

    @classmethod
    def checkpoint(cls, settings: SuperPointSettings) -> str:
        """Return the name of the file with the weights that the settings ask for."""
        return "superpoint_v1.pth" if settings.variant == "published" else "superpoint_small.safetensors"

    def prepare(self, image: np.ndarray) -> torch.Tensor:
        """Turn a uint8 RGB image (H, W, 3) into luma (1, h, w), float32 in [0, 1], enlarged by `upsample`."""
        height, width = (round(side * self.settings.upsample) for side in image.shape[:2])
        return resize_tensor(luma(image), (height, width), antialias=False)

    def extract(
        self, batch: torch.Tensor, image_sizes: Sequence[tuple[int, int]] | None = None
    ) -> list[Features]:
        """Extract keypoints, descriptors (N, D) and scores of prepared photos (B, 1, h, w).

        Keypoints lie on whole pixels, unless refined or upsampled: by falling score where max_keypoints cut
        some off, else row by row. Photos less than 8 pixels high or wide have none.
        """
        frame = (batch.shape[-2], batch.shape[-1])
        sizes = image_sizes or [frame] * len(batch)
        if min(frame) < CELL_PX:
            return [_nothing(size, self.settings.descriptor_dim) for size in sizes]
        if math.prod(frame) > WARN_PIXELS:
            _warn_of_memory(*frame)
        with inference(self.device, self.precision):
            scores, dense = self.network(batch.to(self.device))
            kept = suppress_non_maxima(scores, self.settings.nms_radius)
            return [self._describe(*each) for each in zip(batch, kept, dense, sizes, strict=True)]

    def _describe(
        self, photo: torch.Tensor, kept: torch.Tensor, dense: torch.Tensor, size: tuple[int, int]
    ) -> Features:
        keypoints, scores = select(kept, self.settings)
        if self.settings.refine_px:
            strength = cornerness(photo[0].cpu().float().numpy())
            moved = onto_corners(keypoints.cpu().numpy(), strength, self.settings.refine_px)
            keypoints = torch.from_numpy(moved).to(keypoints.device)
        descriptors = sample_descriptors(dense, keypoints, self.settings.sampling)
        return Features(
            size,
            keypoints=rescaled(keypoints.cpu().numpy(), (photo.shape[-2], photo.shape[-1]), size),
            descriptors=descriptors.cpu().numpy(),
            scores=scores.cpu().numpy(),
        )
