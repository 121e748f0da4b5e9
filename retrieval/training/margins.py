"""Classification by angle, with a margin: the large-margin cosine loss, ArcFace, SphereFace.

Sources: Wang et al., CVPR 2018 (arXiv 1801.09414); Deng et al., CVPR 2019 (arXiv 1801.07698); Liu et al.,
CVPR 2017 (arXiv 1704.08063), here with unit descriptors and a fixed scale, and no annealing.
"""

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import nn

Margin = Literal["cosface", "arcface", "sphereface"]

# The margins of the papers (CosPlace publishes 0.40 for the first), and those that change nothing.
DEFAULT_MARGINS: dict[str, float] = {"cosface": 0.40, "arcface": 0.50, "sphereface": 4.0}
NO_MARGIN: dict[str, float] = {"cosface": 0.0, "arcface": 0.0, "sphereface": 1.0}
SMALLEST_NORM = 1e-8
INSIDE = 1.0 - 1e-6  # the angle of cosine 1 has no gradient


class MarginHead(nn.Module):
    """Class weights, and the logits of descriptors against them, lower for the right class by a margin.

    kind: "cosface" is cos(theta) - m, "arcface" cos(theta + m), "sphereface" cos(m theta), each continued
    so that it falls over all angles. scale: what cosines are multiplied by. margin: m; None takes the
    paper's.
    """

    def __init__(
        self,
        classes: int,
        dim: int,
        kind: Margin = "cosface",
        scale: float = 30.0,
        margin: float | None = None,
    ) -> None:
        super().__init__()
        self.kind, self.scale = kind, scale
        self.margin = DEFAULT_MARGINS[kind] if margin is None else margin
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(classes, dim)))

    def forward(
        self, descriptors: torch.Tensor, labels: torch.Tensor, share: float = 1.0
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the mean cross entropy, and the share of descriptors nearest to their class, margins aside.

        descriptors: (B, dim) of any length. labels: (B,) int64. share: of the margin that counts.
        """
        cosines = self.cosines(descriptors)
        loss = F.cross_entropy(self.logits(cosines, labels, share), labels)
        return loss, (cosines.argmax(1) == labels).float().mean()

    def cosines(self, descriptors: torch.Tensor) -> torch.Tensor:
        """Return the cosines (B, classes) between descriptors (B, dim) of any length and class weights."""
        return _unit(descriptors) @ _unit(self.weight).T

    def logits(self, cosines: torch.Tensor, labels: torch.Tensor, share: float = 1.0) -> torch.Tensor:
        """Return logits (B, classes) of cosines, lowered for each row's label by a share of the margin."""
        right = cosines.gather(1, labels[:, None])
        none = NO_MARGIN[self.kind]
        lowered = with_margin(right, self.kind, none + share * (self.margin - none))
        return self.scale * cosines.scatter(1, labels[:, None], lowered)


def with_margin(cosines: torch.Tensor, kind: Margin, margin: float) -> torch.Tensor:
    """Return what stands for the cosines of the right classes in the logits, of any shape."""
    if kind == "cosface":
        return cosines - margin
    angles = cosines.clamp(-INSIDE, INSIDE).acos()
    if kind == "arcface":
        beyond = cosines - margin * math.sin(margin)  # past pi the cosine would rise again
        return torch.where(angles + margin > math.pi, beyond, (angles + margin).cos())
    turns = (margin * angles / math.pi).floor().detach()
    return (1 - 2 * (turns % 2)) * (margin * angles).cos() - 2 * turns


def _unit(rows: torch.Tensor) -> torch.Tensor:
    return F.normalize(rows, dim=1, eps=SMALLEST_NORM)
