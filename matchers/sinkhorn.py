"""Optimal transport with dustbins, in the log domain: a soft assignment of two sets of keypoints.

Logarithms are to base 2 inside: where powers underflow, as most do here, torch's exp takes up to a
hundred times as long as exp2 on a CPU.

Source: Sarlin et al., SuperGlue, CVPR 2020 (arXiv 1911.11763), section 3.2; Sinkhorn and Knopp 1967.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F

LOG2_E = math.log2(math.e)


@dataclass(frozen=True)
class Assignment:
    """Mutual matches of B pairs of N0 and N1 keypoints.

    matches0 (B, N0) and matches1 (B, N1), int64: the partner, -1 for none. confidences0 and
    confidences1, same shapes: probability in [0, 1] of a mutual pair, whether or not it passed the
    threshold, 0 for the others.
    """

    matches0: torch.Tensor
    matches1: torch.Tensor
    confidences0: torch.Tensor
    confidences1: torch.Tensor


def log_assignment(
    scores: torch.Tensor, bin_score: torch.Tensor, iterations: int, lengths1: torch.Tensor | None = None
) -> torch.Tensor:
    """Return the log assignment (B, N0 + 1, N1 + 1) of matching scores (B, N0, N1) float32.

    bin_score: score of leaving a keypoint unmatched, a scalar tensor. lengths1: (B,) true numbers of
    columns where the scores are padded behind them, N1 for all by default; what stands in the padding
    has no influence, and the assignment is minus infinity there. The last row and column are the
    bins. Rows are normalised before columns, `iterations` times each, without a test of convergence.
    """
    batch, rows, columns = scores.shape
    counts1 = torch.full((batch,), columns, device=scores.device) if lengths1 is None else lengths1
    padding = F.pad(torch.arange(columns, device=scores.device) >= counts1[:, None], (0, 1))
    couplings = F.pad(scores, (0, 1, 0, 1), value=float(bin_score)).mul_(LOG2_E)
    couplings.masked_fill_(padding[:, None, :], -torch.inf)
    norm, mu, nu = _log2_marginals(rows, columns, counts1.to(scores.dtype))
    u, v = torch.zeros_like(mu), torch.zeros_like(nu)
    scratch = torch.empty_like(couplings)
    for _ in range(iterations):
        u = mu - _log2_sum(torch.add(couplings, v[:, None, :], out=scratch), dim=2)
        v = nu - _log2_sum(torch.add(couplings, u[:, :, None], out=scratch), dim=1)
        v = v.masked_fill_(padding, 0.0)  # the sum over an empty column is minus infinity
    return couplings.add_(u[:, :, None]).add_((v - norm)[:, None, :]).div_(LOG2_E)


def assign(log_assignments: torch.Tensor, threshold: float) -> Assignment:
    """Take the mutual maxima of log assignments (B, N0 + 1, N1 + 1) outside the bins.

    A pair is a match when its probability lies above `threshold`. Of equal maxima the first counts.
    """
    inner = log_assignments[:, :-1, :-1]
    value, best0 = inner.max(dim=2)
    best1 = inner.max(dim=1).indices
    mutual0 = best1.gather(1, best0) == torch.arange(best0.shape[1], device=inner.device)
    mutual1 = best0.gather(1, best1) == torch.arange(best1.shape[1], device=inner.device)
    confidences0 = torch.where(mutual0, value.exp(), 0.0)
    confidences1 = torch.where(mutual1, confidences0.gather(1, best1), 0.0)
    return Assignment(
        matches0=torch.where(confidences0 > threshold, best0, -1),
        matches1=torch.where(confidences1 > threshold, best1, -1),
        confidences0=confidences0,
        confidences1=confidences1,
    )


def _log2_sum(exponents: torch.Tensor, dim: int) -> torch.Tensor:
    """Return the base-2 logarithm of the sum of powers of two along `dim`; overwrites `exponents`."""
    top = exponents.amax(dim, keepdim=True).clamp_(min=torch.finfo(exponents.dtype).min)
    return exponents.sub_(top).exp2_().sum(dim).log2_().add_(top.squeeze(dim))


def _log2_marginals(
    rows: int, columns: int, counts1: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return base-2 logarithms: one keypoint's share (B, 1), the shares of all rows and of all columns.

    A bin can take all keypoints of the other photo.
    """
    norm = -torch.log2(rows + counts1)[:, None]
    mu = torch.cat([norm.expand(-1, rows), norm + counts1.log2()[:, None]], dim=1)
    nu = torch.cat([norm.expand(-1, columns), norm + math.log2(rows)], dim=1)
    return norm, mu, nu
