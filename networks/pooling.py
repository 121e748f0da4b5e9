"""Pooling of feature maps into vectors, and unit length over channels."""

import torch
import torch.nn.functional as F
from torch import nn

GEM_EPS = 1e-6


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
