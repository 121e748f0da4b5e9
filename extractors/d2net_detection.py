"""Detection in D2-Net: peaks of feature maps that serve as 512 detector responses.

Source: Dusmanu et al., CVPR 2019, and the published code, mihaidusmanu/d2-net. Cells of a map are
counted by row i and column j.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F

EDGE_RATIO = 5.0  # of the principal curvatures; peaks on sharper edges are left out
LARGEST_EDGENESS = (EDGE_RATIO + 1) ** 2 / EDGE_RATIO


class Peaks(NamedTuple):
    """Detections on one map, by channel, row and column.

    channels, rows, columns: (N,) int64, the cell. steps: (N, 2) float32, from there to the peak
    between cells, rows then columns.
    """

    channels: torch.Tensor
    rows: torch.Tensor
    columns: torch.Tensor
    steps: torch.Tensor

    def where(self, kept: torch.Tensor) -> "Peaks":
        """Return the detections that `kept` (N,) bool marks."""
        return Peaks(*(array[kept] for array in self))


def find_peaks(features: torch.Tensor) -> Peaks:
    """Find the cells of a map (C, h, w) whose strongest channel has a peak there that is no edge.

    A peak is no smaller than its eight neighbours of the same channel, and the Hessian of the channel
    is definite and its curvatures of like size. Beyond the map all is zero for derivatives.

    Only the strongest channel of a cell is looked at, so a cell where two channels are exactly equal
    is found once; a published one would be found twice. Where all channels are zero there is no peak.
    """
    best, strongest = features.max(dim=0)
    patches, inside = _neighbourhoods(features, strongest)
    i, j, ii, jj, ij = _derivatives(torch.where(inside, patches, 0))
    determinant = ii * jj - ij.square()
    maximal = ((patches <= best) | ~inside).flatten(0, 1).all(dim=0)
    round_enough = (ii + jj).square() <= LARGEST_EDGENESS * determinant
    rows, columns = torch.nonzero(maximal & (determinant > 0) & round_enough, as_tuple=True)
    steps = torch.stack([ij * j - jj * i, ij * i - ii * j], dim=-1)[rows, columns]
    steps = steps / determinant[rows, columns, None]
    channels = strongest[rows, columns]
    order = torch.sort(channels, stable=True).indices
    return Peaks(channels, rows, columns, steps).where(order)


def ban(peaks: Peaks, banned: torch.Tensor, size: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """Tell which peaks of a map of `size` (h, w) lie where none was found on the maps before it.

    banned: bool map, of any size, of the cells where there was one.
    Returns (N,) bool and the ban for the next map (h, w), the new places added.
    """
    resized = F.interpolate(banned[None, None].float(), tuple(size), mode="nearest")[0, 0] > 0
    free = ~resized[peaks.rows, peaks.columns]
    resized[peaks.rows[free], peaks.columns[free]] = True
    return free, resized


def sample(features: torch.Tensor, places: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Interpolate unit descriptors (M, C) bilinearly on a map (C, h, w).

    places: (N, 2), row and column in cells. Returns the descriptors of the M places that lie between
    cells of the map, and which these are, (N,) bool.
    """
    last = torch.tensor(features.shape[1:], device=places.device) - 1
    kept = torch.all((places.floor() >= 0) & (places.ceil() <= last), dim=1)
    i, j = places[kept].T
    top, left = i.floor().long(), j.floor().long()
    bottom, right = i.ceil().long(), j.ceil().long()
    down, across = i - top, j - left
    above = features[:, top, left] * (1 - across) + features[:, top, right] * across
    below = features[:, bottom, left] * (1 - across) + features[:, bottom, right] * across
    return F.normalize(above * (1 - down) + below * down, dim=0).T, kept


def _neighbourhoods(features: torch.Tensor, channel: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the 3 x 3 values around each cell in its own `channel` (h, w), and which are on the map.

    The values are (3, 3, h, w); those beyond the map are of its nearest cell.
    """
    around = torch.arange(-1, 2, device=features.device)[:, None]
    height, width = channel.shape
    rows = torch.arange(height, device=features.device) + around
    columns = torch.arange(width, device=features.device) + around
    row, column = rows[:, None, :, None], columns[None, :, None, :]
    values = features[channel, row.clamp(0, height - 1), column.clamp(0, width - 1)]
    return values, (row >= 0) & (row < height) & (column >= 0) & (column < width)


def _derivatives(patches: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Return the derivatives by row and by column, and the second ones ii, jj and ij, (h, w) each."""
    centre = patches[1, 1]
    return (
        (patches[2, 1] - patches[0, 1]) / 2,
        (patches[1, 2] - patches[1, 0]) / 2,
        patches[0, 1] - 2 * centre + patches[2, 1],
        patches[1, 0] - 2 * centre + patches[1, 2],
        (patches[0, 0] - patches[0, 2] - patches[2, 0] + patches[2, 2]) / 4,
    )
