"""SuperPoint's losses: which pixel of a cell is a corner, and which cells of two photos show the same.

Source: DeTone et al., CVPR Workshops 2018 (arXiv 1712.07629), section 3.4, equations 1 to 6. The contrast
loss is not theirs: it is the classification of each place among the others (van den Oord et al., 2018, arXiv
1807.03748), which needs far fewer photos.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from pydantic import NonNegativeFloat

from extractors.superpoint_network import CELL_PX


@dataclass(frozen=True)
class Hinge:
    """The descriptor loss's constants; the defaults are the published ones.

    positive_margin, negative_margin: cosines that matching cells should reach, and others stay below.
    positive_weight: of a matching pair of cells against another one. reach_px: distance of two cells'
    centres up to which they match.
    """

    positive_margin: NonNegativeFloat = 1.0
    negative_margin: NonNegativeFloat = 0.2
    positive_weight: NonNegativeFloat = 250.0
    reach_px: NonNegativeFloat = 8.0


def detector_loss(logits: torch.Tensor, labels: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
    """Return the mean cross entropy of the cells that are `valid`.

    logits: (B, 65, h, w). labels: (B, h, w) int64. valid: (B, h, w) bool.
    """
    each = F.cross_entropy(logits.float(), labels, reduction="none")
    return (each * valid).sum() / valid.sum().clamp(min=1)


def descriptor_loss(
    dense0: torch.Tensor,
    dense1: torch.Tensor,
    homographies: torch.Tensor,
    valid1: torch.Tensor,
    hinge: Hinge,
) -> torch.Tensor:
    """Return the mean hinge loss over all pairs of a cell of photo 0 and a valid cell of photo 1.

    dense0, dense1: (B, D, h, w), of any length; their directions count. homographies: (B, 3, 3), pixels of
    photo 0 to those of photo 1. valid1: (B, h, w) bool.
    """
    first, second = (F.normalize(dense.float(), dim=1).flatten(2) for dense in (dense0, dense1))
    with torch.autocast(dense0.device.type, enabled=False):  # cosines near 1 must not be rounded
        cosines = first.transpose(1, 2) @ second
    height, width = dense0.shape[-2:]
    matching = _matching(homographies.float(), height, width, hinge.reach_px)
    pull = hinge.positive_weight * F.relu(hinge.positive_margin - cosines)
    push = F.relu(cosines - hinge.negative_margin)
    counted = valid1.flatten(1)[:, None].expand_as(cosines)
    each = torch.where(matching, pull, push) * counted
    return each.sum() / counted.sum().clamp(min=1)


def contrast_loss(
    dense0: torch.Tensor,
    dense1: torch.Tensor,
    homographies: torch.Tensor,
    valid1: torch.Tensor,
    temperature: float,
) -> torch.Tensor:
    """Return the mean cross entropy of finding each cell of photo 0 among its fellows' places in photo 1.

    Descriptors of photo 1 are interpolated where the homography takes the cells' centres; those that it
    takes out of the photo, or to cells that are not valid, are left out. Both directions count alike.
    temperature: what cosines are divided by. The other arguments are those of `descriptor_loss`.
    """
    height, width = dense0.shape[-2:]
    centres = _centres(height, width, dense0.device)
    places, ahead = _warped(centres, homographies.float())
    scale = CELL_PX * torch.tensor([width, height], device=dense0.device)
    grid = (2 * places + 1) / scale - 1
    shown = F.grid_sample(valid1[:, None].float(), grid[:, None], align_corners=False, mode="nearest")
    kept = ahead & (shown[:, 0, 0] > 0)
    with torch.autocast(dense0.device.type, enabled=False):
        sampled = F.grid_sample(F.normalize(dense1.float(), dim=1), grid[:, None], align_corners=False)
        first, second = F.normalize(dense0.float(), dim=1).flatten(2), F.normalize(sampled[:, :, 0], dim=1)
        losses = [
            _classification(one[:, rows].T @ other[:, rows] / temperature)
            for one, other, rows in zip(first, second, kept, strict=True)
            if rows.any()
        ]
    return torch.stack(losses).mean() if losses else dense0.sum() * 0


def _classification(logits: torch.Tensor) -> torch.Tensor:
    """Return the mean cross entropy of (N, N) logits whose diagonal is right, along rows and columns."""
    right = torch.arange(len(logits), device=logits.device)
    return (F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)) / 2


def _matching(homographies: torch.Tensor, height: int, width: int, reach_px: float) -> torch.Tensor:
    """Return (B, h w, h w) bool: which cells of photo 0 lie, warped, within reach of which of photo 1."""
    centres = _centres(height, width, homographies.device)
    places, ahead = _warped(centres, homographies)
    apart = torch.cdist(places, centres.expand(len(places), -1, -1))
    return (apart <= reach_px) & ahead[..., None]


def _centres(height: int, width: int, device: torch.device) -> torch.Tensor:
    """Return (h w, 2) the centres of cells, x then y in pixels."""
    rows, columns = (
        CELL_PX * torch.arange(count, device=device) + (CELL_PX - 1) / 2 for count in (height, width)
    )
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    return torch.stack([x, y], dim=-1).reshape(-1, 2)


def _warped(points: torch.Tensor, homographies: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return (B, N, 2) where homographies take (N, 2) points, and (B, N) bool: which stay in front."""
    matrices = homographies.transpose(1, 2)
    scaled = (points[None, :, :, None] * matrices[:, None, :2]).sum(2) + matrices[:, None, 2]
    depth = scaled[..., 2:]
    return scaled[..., :2] / depth.clamp(min=1e-6), depth[..., 0] > 1e-6
