"""Pooling of feature maps into vectors, and unit length over channels."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import nn

GEM_EPS = 1e-6
CLUSTERS_AT_ONCE = 8


class L2Norm(nn.Module):
    """Divide every channel vector by its L2 norm (floored at 1e-12)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalise (B, C) or (B, C, H, W) over C."""
        return F.normalize(x, dim=1)


class GeM(nn.Module):
    """Generalised mean of a map over its positions, with a learned exponent `p` (1,).

    eps: values are raised to it first. Source: Radenovic et al., TPAMI 2019 (arXiv 1711.02512).
    """

    def __init__(self, p: float = 3.0, eps: float = GEM_EPS) -> None:
        super().__init__()
        self.p = nn.Parameter(torch.tensor([p]))
        self.eps = eps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Pool maps (B, C, H, W) of any size to vectors (B, C)."""
        return x.clamp(min=self.eps).pow(self.p).mean(dim=(2, 3)).pow(1 / self.p)


class NetVLAD(nn.Module):
    """Soft assignment of cells to clusters, and their residuals from the clusters' centroids.

    Source: Arandjelovic et al., CVPR 2016 (arXiv 1511.07247), in the form whose assignment is learned.
    """

    def __init__(self, clusters: int, channels: int) -> None:
        super().__init__()
        self.centroids = nn.Parameter(torch.zeros(clusters, channels))
        self.conv = nn.Conv2d(channels, clusters, 1, bias=False)

    def forward(self, features: torch.Tensor) -> Iterator[torch.Tensor]:
        """Yield weighted residuals (k, C, h, w) of a map (C, h, w), a few clusters at a time.

        Those of all clusters together can take hundreds of megabytes. Their channels lie last in memory,
        where pooling over cells is several times as fast.
        """
        cells, shares = self.assigned(features)
        for first in range(0, len(shares), CLUSTERS_AT_ONCE):
            some = slice(first, first + CLUSTERS_AT_ONCE)
            residuals = shares[some, :, :, None] * (cells - self.centroids[some, None, None])
            yield residuals.permute(0, 3, 1, 2)

    def assigned(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the unit cells (h, w, C) of a map (C, h, w) and their shares in each cluster (K, h, w)."""
        cells = F.normalize(features, dim=0)
        shares = self.conv(cells[None])[0].softmax(dim=0)
        return cells.permute(1, 2, 0).contiguous(), shares
