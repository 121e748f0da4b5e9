"""Patch-NetVLAD: NetVLAD descriptors of square patches of three sizes, on a dense grid.

Source: Hausler, Garg, Xu, Milford, Fischer, CVPR 2021 (arXiv 2103.01486), QVPR/Patch-NetVLAD, with the
settings of the re-ranking benchmark.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field, NonNegativeInt, PositiveInt

from data.errors import SettingsError
from extractors.base import ExtractorSpec
from extractors.patchnetvlad_network import CHANNELS, PatchNetVLADNetwork, Pooling, uncompressed
from extractors.record import Features, rescaled
from networks.precision import inference, placed
from networks.resizing import imagenet_normalise, resize_tensor, to_unit_range
from networks.state_dicts import load_strictly
from networks.winograd import use_winograd

STRIDE_PX = 16  # of a cell
CLUSTERS = 64  # of the files trained on Pittsburgh; those trained on Mapillary have 16


@dataclass(frozen=True)
class PatchNetVLADSettings:
    """Settings of Patch-NetVLAD; the defaults are those of the published re-ranking benchmark.

    trained_on: Pittsburgh or Mapillary street photos. num_pcs: length of the descriptors; 4096, 512 and
    128 are published. patch_sizes: sides of the patches, cells of 16 pixels, one level for each.
    resize_h, resize_w: height and width that every photo is resized to, pixels, whatever its shape; 0
    leaves photos as they are. antialias: whether pixels are averaged when a photo shrinks, as in the
    authors' own scripts and with newer versions of the benchmark's libraries.
    pooling: "direct" averages the residuals of each patch; "integral" takes differences of running
    sums, as the authors do, which loses accuracy where the assignment to clusters is sharp.
    return_pca: False leaves descriptors as they are before the PCA, of 512 values for each cluster.
    """

    trained_on: Literal["pitts", "mapillary"] = "pitts"
    num_pcs: PositiveInt = 4096
    patch_sizes: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (2, 5, 8)
    resize_h: NonNegativeInt = 480
    resize_w: NonNegativeInt = 640
    antialias: bool = False
    pooling: Pooling = "direct"
    return_pca: bool = True

    def __post_init__(self) -> None:
        least = STRIDE_PX * max(self.patch_sizes)
        if self.frame is not None and min(self.frame) < least:
            raise SettingsError(
                f"patchnetvlad: photos resized to {self.resize_w} x {self.resize_h} pixels have no patch of "
                f"{max(self.patch_sizes)} cells; use at least {least} x {least}, or smaller patch_sizes"
            )

    @property
    def frame(self) -> tuple[int, int] | None:
        """Height and width that photos are resized to; None where they are left as they are."""
        return (self.resize_h, self.resize_w) if self.resize_h and self.resize_w else None


def patch_centres(rows: int, columns: int, sizes: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return where the patches of a map of `rows` x `columns` cells are, and their levels.

    Centres (N, 2) are x then y in pixels, rounded down to whole ones as published; levels (N,) count
    the `sizes`. Sizes follow one another, patches of one size go row by row.
    """
    centres, levels = [np.empty((0, 2), np.int64)], [np.empty(0, np.int64)]
    for level, size in enumerate(sizes):
        x, y = np.meshgrid(np.arange(columns - size + 1), np.arange(rows - size + 1))
        cells = np.stack([x, y], axis=-1).reshape(-1, 2)
        centres.append(STRIDE_PX * cells + STRIDE_PX // 2 * size - 1)
        levels.append(np.full(len(cells), level))
    return np.concatenate(centres), np.concatenate(levels)


class PatchNetVLAD:
    """Patch-NetVLAD as an extractor."""

    spec: ClassVar[ExtractorSpec] = ExtractorSpec(
        name="patchnetvlad",
        summary="NetVLAD of patches of three sizes on a dense grid, each a level; a global descriptor.",
        source="Hausler et al., CVPR 2021, arXiv 2103.01486; QVPR/Patch-NetVLAD",
        licence="code Apache-2.0; weights MIT",
        yields=frozenset({"keypoints", "descriptors", "levels", "global_descriptor"}),
        descriptor_dim=4096,
        family="patchnetvlad",
    )
    Settings: ClassVar[type] = PatchNetVLADSettings

    def __init__(
        self,
        settings: PatchNetVLADSettings,
        state: dict[str, torch.Tensor],
        device: torch.device,
        precision: str = "float32",
    ) -> None:
        self.settings = settings
        self.device = device
        self.precision = precision
        centroids = state.get("pool.centroids")
        clusters = CLUSTERS if centroids is None else len(centroids)
        network = PatchNetVLADNetwork(clusters, settings.num_pcs)
        self._length = settings.num_pcs if settings.return_pca else CHANNELS * clusters
        use_winograd(network)
        self.network = placed(load_strictly(network, state, self.spec.name), device)

    @classmethod
    def layers(cls, settings: PatchNetVLADSettings) -> PatchNetVLADNetwork:
        """Return the network of the files trained on Pittsburgh, its weights not loaded."""
        return PatchNetVLADNetwork(CLUSTERS, settings.num_pcs)

    @classmethod
    def checkpoint(cls, settings: PatchNetVLADSettings) -> str:
        """Return the name of the published file."""
        return f"{settings.trained_on}_WPCA{settings.num_pcs}.pth.tar"

    def prepare(self, image: np.ndarray) -> torch.Tensor:
        """Turn a uint8 RGB image (H, W, 3) into a normalised float32 tensor (3, h, w), resized."""
        size = self.settings.frame or image.shape[:2]
        return imagenet_normalise(
            resize_tensor(to_unit_range(image), size, antialias=self.settings.antialias)
        )

    def extract(
        self, batch: torch.Tensor, image_sizes: Sequence[tuple[int, int]] | None = None
    ) -> list[Features]:
        """Extract descriptors (N, num_pcs) of all patches of prepared photos (B, 3, h, w).

        Levels follow one another, patches of a level go row by row. Patches are the same for all
        photos; a photo too small for a size has none of its level. The frame is the resized photo.
        """
        frame = (batch.shape[-2], batch.shape[-1])
        sizes = image_sizes or [frame] * len(batch)
        with inference(self.device, self.precision):
            described = self._describe(batch.to(self.device))
        rows, columns = (side // STRIDE_PX for side in frame)
        centres, levels = patch_centres(rows, columns, self.settings.patch_sizes)
        return [
            Features(
                size,
                keypoints=rescaled(centres, frame, size),
                descriptors=descriptors[:-1],
                levels=levels,
                global_descriptor=descriptors[-1],
                frame_size=frame,
            )
            for size, descriptors in zip(sizes, described, strict=True)
        ]

    def _describe(self, photos: torch.Tensor) -> list[np.ndarray]:
        """Return the descriptors of each photo's patches and, in the last row, of the whole photo."""
        if min(photos.shape[2:]) < STRIDE_PX:  # not one cell
            return [np.zeros((1, self._length), np.float32) for _ in photos]
        windows = self.settings.patch_sizes, self.settings.pooling
        described = []
        for features in self.network.encoder(photos).float():
            if self.settings.return_pca:
                descriptors = self.network.compressed(features, *windows)
            else:
                descriptors = uncompressed(self.network.parts(features, *windows))
            described.append(descriptors.cpu().numpy())
        return described
