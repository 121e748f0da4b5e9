"""The layers of Patch-NetVLAD: VGG-16, NetVLAD over windows of its map, PCA with whitening.

Source: Hausler, Garg, Xu, Milford, Fischer, CVPR 2021 (arXiv 2103.01486); tensors are named as in the
published files. A window's descriptor has 512 residuals for each of K clusters, cluster after cluster.
They are made a few clusters at a time, since those of all windows together take hundreds of megabytes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import nn

from extractors.patchnetvlad_cells import Cells, project_cells
from networks.backbones import vgg16_sequence
from networks.pooling import NetVLAD
from networks.products import product

CHANNELS = 512
LEAST_NORM = 1e-12

Pooling = Literal["direct", "integral"]


class PatchNetVLADNetwork(nn.Module):
    """The whole network. components: length of a descriptor after the PCA."""

    # without these all made-up descriptors agree to three digits
    MADE_UP_SCALE: ClassVar[dict[str, float]] = {
        "pool.conv.weight": 32.0,
        "pool.centroids": 0.1,
        "WPCA.0.weight": 16.0,
    }

    def __init__(self, clusters: int, components: int) -> None:
        super().__init__()
        self.encoder = vgg16_sequence()
        self.pool = NetVLAD(clusters, CHANNELS)
        # Up to 134 million weights: drawing values for them would take longer than loading theirs.
        self.WPCA = nn.Sequential(nn.utils.skip_init(nn.Conv2d, CHANNELS * clusters, components, 1))

    def parts(
        self, features: torch.Tensor, sizes: Sequence[int], pooling: Pooling = "direct"
    ) -> Iterator[torch.Tensor]:
        """Yield the descriptors of all windows before the PCA, a few clusters at a time, (N, 512 k) each.

        features: float32 map (512, h, w). sizes: sides of the windows, cells; a window begins at every
        cell where it fits, row by row, one size after the other. The last row is the whole map.
        pooling: see `direct_means` and `integral_means`. Each cluster's 512 values have unit length.
        """
        for of_clusters in self._means(features, sizes, pooling):
            yield F.normalize(of_clusters, dim=2).transpose(0, 1).flatten(1)

    def compressed(
        self, features: torch.Tensor, sizes: Sequence[int], pooling: Pooling = "direct"
    ) -> torch.Tensor:
        """Return unit descriptors (N, components) of all windows after the PCA; arguments as for `parts`.

        A CPU projects cells where they are fewer than windows; a GPU is faster with few large products.
        """
        cells = features[0].numel()
        if pooling == "direct" and features.device.type == "cpu" and sum(_counts(features, sizes)) > cells:
            return self._from_cells(features, sizes)
        return self.compress(self.parts(features, sizes, pooling))

    def compress(self, parts: Iterable[torch.Tensor]) -> torch.Tensor:
        """Return unit descriptors (N, components) after the PCA, from the `parts` of (N, 512 K)."""
        weight, bias = self.WPCA.get_parameter("0.weight")[:, :, 0, 0], self.WPCA.get_parameter("0.bias")
        projected, squares, first = torch.zeros(()), torch.zeros(()), 0
        for part in parts:
            following = first + part.shape[1]
            projected = projected + product(part, weight[:, first:following]).float()
            squares = squares + part.square().sum(dim=1, keepdim=True)
            first = following
        lengths = squares.sqrt().clamp(min=LEAST_NORM)
        return F.normalize(projected / lengths + bias, dim=1)

    def _from_cells(self, features: torch.Tensor, sizes: Sequence[int]) -> torch.Tensor:
        """Do what `compressed` does by the products of cells."""
        norms = torch.cat([means.norm(dim=2) for means in self._means(features, sizes, "direct")])  # (K, N)
        inverses = 1 / norms.clamp(min=LEAST_NORM)
        lengths = (norms * inverses).norm(dim=0).clamp(min=LEAST_NORM)
        with torch.autocast(features.device.type, enabled=False):
            values, shares = self.pool.assigned(features)
        sides = torch.tensor([*(size**2 for size in sizes), features[0].numel()])
        areas = sides.repeat_interleave(torch.tensor([*_counts(features, sizes), 1]))
        cells = Cells(values.flatten(0, 1), shares, sizes, inverses / (lengths * areas))
        weight, bias = self.WPCA.get_parameter("0.weight")[:, :, 0, 0], self.WPCA.get_parameter("0.bias")
        return F.normalize(project_cells(cells, weight, self.pool.centroids) + bias, dim=1)

    def _means(
        self, features: torch.Tensor, sizes: Sequence[int], pooling: Pooling
    ) -> Iterator[torch.Tensor]:
        """Yield the mean residuals (k, N, 512) of all windows and the whole map, a few clusters at a time."""
        means = POOLINGS[pooling]
        with torch.autocast(features.device.type, enabled=False):
            for residuals in self.pool(features):
                pooled = [means(residuals, size).flatten(2) for size in sizes]
                pooled.append(residuals.mean(dim=(2, 3))[..., None])
                yield torch.cat([values.mT for values in pooled], dim=1)


def _counts(features: torch.Tensor, sizes: Sequence[int]) -> list[int]:
    """Return how many windows of each size fit on a map (C, h, w)."""
    height, width = features.shape[1:]
    return [max(0, height - size + 1) * max(0, width - size + 1) for size in sizes]


def uncompressed(parts: Iterable[torch.Tensor]) -> torch.Tensor:
    """Return unit descriptors (N, 512 K) without the PCA, from the `parts` of (N, 512 K)."""
    return F.normalize(torch.cat(list(parts), dim=1), dim=1)


def direct_means(maps: torch.Tensor, size: int) -> torch.Tensor:
    """Return the means of all `size` x `size` windows of maps (k, C, h, w), none where they do not fit."""
    if size > min(maps.shape[2:]):
        return maps[:, :, :0, :0]
    return F.avg_pool2d(F.avg_pool2d(maps, (size, 1), stride=1), (1, size), stride=1)


def integral_means(maps: torch.Tensor, size: int) -> torch.Tensor:
    """Return what `direct_means` does, but by differences of running sums, as published.

    In float32 they lose residuals far smaller than the sums, and the clusters that a window has nearly
    nothing of come out as noise.
    """
    sums = F.pad(maps.cumsum(dim=2).cumsum(dim=3), (1, 0, 1, 0))
    low, high = sums[:, :, :-size], sums[:, :, size:]
    return ((low[..., :-size] - low[..., size:]) + (high[..., size:] - high[..., :-size])) / size**2


POOLINGS: dict[Pooling, Callable[[torch.Tensor, int], torch.Tensor]] = {
    "direct": direct_means,
    "integral": integral_means,
}
