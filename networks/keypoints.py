"""Choosing keypoints on score maps: local maxima, non-maximum suppression, the strongest ones."""

import torch
import torch.nn.functional as F


def local_maxima(maps: torch.Tensor, radius: int) -> torch.Tensor:
    """Mark the pixels that equal the maximum of the square window around them.

    maps: (B, H, W) float32; lower precision makes plateaus, whose pixels all win. radius: half the
    window's side without its centre, pixels; the outside counts as minus infinity.
    Returns a (B, H, W) bool tensor.
    """
    return maps == _window_maximum(maps, radius)


def suppress_non_maxima(maps: torch.Tensor, radius: int, rounds: int = 2) -> torch.Tensor:
    """Set all but the local maxima of score maps (B, H, W) to zero.

    radius: pixels within it of a kept one (in x and in y) are suppressed; ties are kept. rounds: how
    often pixels that only a suppressed one outdid get another chance. Scores must not be negative.
    Source: the inference published with SuperGlue (arXiv 1911.11763), which has two rounds.
    """
    kept = local_maxima(maps, radius)
    for _ in range(rounds):
        near = _window_maximum(kept.float(), radius) > 0
        rest = maps.masked_fill(near, 0.0)
        kept |= local_maxima(rest, radius) & ~near
    return maps.masked_fill(~kept, 0.0)


def strongest_first(scores: torch.Tensor, count: int | None = None) -> torch.Tensor:
    """Return the indices (min(N, count),) of the largest of N scores, falling; ties keep their order."""
    return torch.sort(scores, descending=True, stable=True).indices[:count]


def _window_maximum(maps: torch.Tensor, radius: int) -> torch.Tensor:
    """Return the maximum of each pixel's window, as a maximum over rows of maxima over columns."""
    across = F.max_pool2d(maps, (1, 2 * radius + 1), stride=1, padding=(0, radius))
    return F.max_pool2d(across, (2 * radius + 1, 1), stride=1, padding=(radius, 0))
