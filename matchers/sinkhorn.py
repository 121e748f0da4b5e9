"""Optimal transport with dustbins: a soft assignment of two sets of keypoints.

Normalising rows and columns is two matrix-vector products an iteration, a fifth of the time of sums of
exponentials; but the numbers leave float32's range for scores as SuperGlue's, which reach hundreds. So the
potentials found so far are put into the matrix every few iterations, whose products then stay in range.
How many iterations one matrix serves follows from how fast the potentials changed with the one before.
Where the products leave their range all the same, these iterations are done with logarithms
("log-domain stabilisation").

Logarithms are to base 2 inside: where powers underflow, as most do here, torch's exp takes up to a
hundred times as long as exp2 on a CPU.

Sources: Sarlin et al., SuperGlue, CVPR 2020 (arXiv 1911.11763), section 3.2; Sinkhorn and Knopp 1967;
Schmitzer, SIAM J. Sci. Comput. 2019 (arXiv 1610.06519), section 3.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F

LOG2_E = math.log2(math.e)
FIRST_STRETCH = 3  # iterations with the first matrix
# Largest logarithm that a stretch may change a potential by. What underflows in the matrix, below 2^-126,
# then adds less than float32's rounding to any sum.
LIMIT = 40.0
AIM = 28.0  # at the pace so far, a stretch is as long as changes potentials by this

Domain = Literal["scaling", "log"]
Potentials = tuple[torch.Tensor, torch.Tensor]


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


@dataclass(frozen=True)
class _Transport:
    """What is transported, in logarithms to base 2.

    couplings: (B, N0 + 1, N1 + 1), minus infinity in columns of padding. mu, nu: shares of the rows
    (B, N0 + 1) and of the columns (B, N1 + 1). padding: (B, N1 + 1) bool. scratch: like the couplings.
    """

    couplings: torch.Tensor
    mu: torch.Tensor
    nu: torch.Tensor
    padding: torch.Tensor
    scratch: torch.Tensor

    def single(self) -> "list[_Transport]":
        """Return the pairs, B = 1 each: one matrix stays in a CPU's cache, which many do not."""
        tensors = self.couplings, self.mu, self.nu, self.padding, self.scratch
        return [_Transport(*parts) for parts in zip(*(tensor.split(1) for tensor in tensors), strict=True)]

    def with_logarithms(self, potentials: Potentials, iterations: int) -> Potentials:
        """Normalise rows, then columns, `iterations` times; safe for any scores."""
        u, v = potentials
        for _ in range(iterations):
            u = self.mu - _log2_sum(torch.add(self.couplings, v[:, None, :], out=self.scratch), dim=2)
            v = self.nu - _log2_sum(torch.add(self.couplings, u[:, :, None], out=self.scratch), dim=1)
            v = v.masked_fill_(self.padding, 0.0)  # the sum over an empty column is minus infinity
        return u, v

    def with_products(self, potentials: Potentials, iterations: int) -> tuple[Potentials, float]:
        """Do the same with a matrix that has the potentials in it.

        Returns the largest change of a potential too, not a number where it overflowed. Beyond `LIMIT` the
        potentials are not to be used.
        """
        u, v = potentials
        torch.add(self.couplings, u[:, :, None], out=self.scratch).add_(v[:, None, :])
        matrix, shares0, shares1 = self.scratch.exp2_(), self.mu.exp2(), self.nu.exp2()
        columns = torch.ones_like(v)
        rows = shares0
        for _ in range(iterations):
            rows = shares0 / torch.bmm(matrix, columns[:, :, None])[:, :, 0]
            columns = shares1 / torch.bmm(rows[:, None, :], matrix)[:, 0]
            columns = columns.masked_fill_(self.padding, 1.0)
        changes = rows.log2_(), columns.log2_()
        largest = torch.stack([change.abs().amax() for change in changes]).amax()
        return (u + changes[0], v + changes[1]), float(largest)


def log_assignment(
    scores: torch.Tensor,
    bin_score: torch.Tensor,
    iterations: int,
    lengths1: torch.Tensor | None = None,
    domain: Domain = "scaling",
) -> torch.Tensor:
    """Return the log assignment (B, N0 + 1, N1 + 1) of matching scores (B, N0, N1) float32.

    bin_score: score of leaving a keypoint unmatched, a scalar tensor. lengths1: (B,) true numbers of
    columns where the scores are padded behind them, N1 for all by default; what stands in the padding
    has no influence, and the assignment is minus infinity there. The last row and column are the
    bins. Rows are normalised before columns, `iterations` times each, without a test of convergence.
    domain: "scaling" multiplies where that is stable, "log" takes logarithms throughout.
    """
    batch, rows, columns = scores.shape
    counts1 = torch.full((batch,), columns, device=scores.device) if lengths1 is None else lengths1
    padding = F.pad(torch.arange(columns, device=scores.device) >= counts1[:, None], (0, 1))
    couplings = F.pad(scores, (0, 1, 0, 1), value=float(bin_score)).mul_(LOG2_E)
    couplings.masked_fill_(padding[:, None, :], -torch.inf)
    norm, mu, nu = _log2_marginals(rows, columns, counts1.to(scores.dtype))
    transport = _Transport(couplings, mu, nu, padding, torch.empty_like(couplings))
    parts = transport.single() if couplings.device.type == "cpu" else [transport]
    u, v = map(torch.cat, zip(*(_potentials(part, iterations, domain) for part in parts), strict=True))
    return couplings.add_(u[:, :, None]).add_((v - norm)[:, None, :]).div_(LOG2_E)


def _potentials(transport: _Transport, iterations: int, domain: Domain) -> Potentials:
    """Return what is to be added to rows (B, N0 + 1) and columns (B, N1 + 1)."""
    start = torch.zeros_like(transport.mu), torch.zeros_like(transport.nu)
    if domain == "log":
        return transport.with_logarithms(start, iterations)
    potentials = transport.with_logarithms(start, min(1, iterations))
    done, stretch = 1, FIRST_STRETCH
    while done < iterations:
        count = min(stretch, iterations - done)
        found, change = transport.with_products(potentials, count)
        if change <= LIMIT:
            potentials = found
            stretch = max(1, int(count * AIM / max(change, 1.0)))
        else:
            potentials = transport.with_logarithms(potentials, count)
            stretch = max(1, count // 2)
        done += count
    return potentials


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
