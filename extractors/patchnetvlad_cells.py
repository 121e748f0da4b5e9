"""Patch-NetVLAD's PCA of windows, done cell by cell, which a CPU takes three fifths of the time for.

A window's descriptor is, cluster after cluster, the mean of its cells' residuals over that mean's length. All
but the length is linear in the cells. So the PCA's products are taken of the cells, of which there are fewer
than windows of several sizes (1200 and 2826 in 640 x 480 pixels), and averaged over windows afterwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from networks.cores import on_cores
from networks.products import product

COMPONENTS_AT_ONCE = 256  # of the PCA, on a core, whose cache then holds the map of a cluster's products


@dataclass(frozen=True)
class Cells:
    """A map of h x w cells and the windows on it.

    values: (h w, C), unit length. shares: (K, h, w), of each cluster. sizes: sides of the windows, in the
    order of the windows; after them comes the whole map. factors: (K, N) by which the sum of a window's
    residuals is multiplied.
    """

    values: torch.Tensor
    shares: torch.Tensor
    sizes: Sequence[int]
    factors: torch.Tensor


def project_cells(cells: Cells, weight: torch.Tensor, centroids: torch.Tensor) -> torch.Tensor:
    """Return the products (N, P) float32 of the windows' descriptors with weight (P, K C).

    centroids: (K, C). Products are taken in autocast's type where that is on.
    """
    kind = cells.values.device.type
    low = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else torch.float32
    values = cells.values.to(low)
    projected = values.new_empty(cells.factors.shape[1], len(weight), dtype=torch.float32)

    def project(some: slice) -> None:
        with torch.inference_mode():
            rows = weight[some].unflatten(1, centroids.shape)
            into = torch.zeros_like(projected[:, some])
            for cluster, centroid in enumerate(centroids):
                of_cluster = rows[:, cluster].contiguous()
                maps = product(values, of_cluster.to(low)).float().sub_(of_cluster @ centroid)
                share, factors = cells.shares[cluster, :, :, None], cells.factors[cluster]
                _add_windows(maps.view(*share.shape[:2], -1).mul_(share), cells.sizes, factors, into)
            projected[:, some] = into

    starts = range(0, len(weight), COMPONENTS_AT_ONCE)
    on_cores(project, [slice(start, start + COMPONENTS_AT_ONCE) for start in starts], cells.values.device)
    return projected


def _add_windows(maps: torch.Tensor, sizes: Sequence[int], factors: torch.Tensor, into: torch.Tensor) -> None:
    """Add the sums of all windows of maps (h, w, P), times factors (N,), to (N, P); the whole map last."""
    first = 0
    for size in sizes:
        if size <= min(maps.shape[:2]):
            sums = window_sums(window_sums(maps, size, 0), size, 1)
            rows, columns, _ = sums.shape
            windows = slice(first, first + rows * columns)
            into[windows].view(sums.shape).addcmul_(sums, factors[windows].view(rows, columns, 1))
            first = windows.stop
    into[first].addcmul_(maps.sum(dim=(0, 1)), factors[first])


def window_sums(maps: torch.Tensor, size: int, dim: int) -> torch.Tensor:
    """Return the sums of all `size` neighbours along a dimension, from sums of 2, of 4 and so on."""
    count = maps.shape[dim] - size + 1
    doubled, width, offset = maps, 1, 0
    total: torch.Tensor | None = None
    while True:
        if size & width:
            part = doubled.narrow(dim, offset, count)
            total = part if total is None else total + part
            offset += width
        width *= 2
        if width > size:
            assert total is not None
            return total
        rest = doubled.shape[dim] - width // 2
        doubled = doubled.narrow(dim, 0, rest) + doubled.narrow(dim, width // 2, rest)
