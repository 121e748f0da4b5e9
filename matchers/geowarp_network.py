"""GeoWarp's network for pairs: a regression of quadrilaterals that two photos share, and the warps to them.

Source: Berton, Masone, Paolicelli, Caputo, ICCV 2021 (arXiv 2109.09827); tensors are named as in the
published files. Points are x then y in units in which the borders of a photo are at -1 and 1.
"""

import torch
import torch.nn.functional as F
from torch import nn

from networks.geowarp import GRID, Arch, GeoWarpEncoder, Pooling, unit_columns

CELLS = GRID**2
KERNELS = (7, 5, 5, 5, 5, 5)
WIDTHS = (CELLS, 128, 128, 64, 64, 64, 64)
POINTS = 8  # four of the first photo, then four of the second: top left, top right, bottom right, bottom left
CORNERS = ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0))


class Regression(nn.Module):
    """Convolutions over the similarity of two photos' local features, to four points on each."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs, kernel in zip(WIDTHS, WIDTHS[1:], KERNELS, strict=False):
            layers += [nn.Conv2d(inputs, outputs, kernel, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]
        self.conv = nn.Sequential(*layers)
        self.linear = nn.Linear(WIDTHS[-1], 2 * POINTS)

    def forward(self, similarities: torch.Tensor) -> torch.Tensor:
        """Map (B, 225, 15, 15) to points (B, 8, 2)."""
        return self.linear(self.conv(similarities).flatten(1)).unflatten(1, (POINTS, 2))


class GeoWarpNetwork(GeoWarpEncoder):
    """Encoder and regression."""

    def __init__(self, arch: Arch, pooling: Pooling) -> None:
        super().__init__(arch, pooling)
        self.regression = Regression()

    def quadrilaterals(self, local0: torch.Tensor, local1: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the corners (B, 4, 2) on the first and on the second photos of what both show.

        local0, local1: (B, C, 15, 15). Each is the mean of two predictions, one in either order.
        """
        there = self.regression(similarity(local0, local1))
        back = self.regression(similarity(local1, local0))
        return (there[:, :4] + back[:, 4:]) / 2, (there[:, 4:] + back[:, :4]) / 2


def similarity(local0: torch.Tensor, local1: torch.Tensor) -> torch.Tensor:
    """Return the similarity (B, 225, 15, 15) of local features (B, C, 15, 15) of two photos.

    Its channels are cells of the first photo, column by column; its positions are cells of the second.
    """
    columns = local0.transpose(2, 3).flatten(2)
    products = (columns.transpose(1, 2) @ local1.flatten(2)).unflatten(2, (GRID, GRID))
    return unit_columns(F.relu(products))


def homographies(corners: torch.Tensor) -> torch.Tensor:
    """Return the homographies (B, 3, 3) from a whole photo's corners to given ones (B, 4, 2), [2, 2] = 1.

    Solved in float64. Corners that no homography has, such as four on a line, give what is not finite.
    """
    x, y = (
        torch.tensor(CORNERS, dtype=torch.float64, device=corners.device)
        .T.expand(len(corners), 2, 4)
        .unbind(1)
    )
    u, v = corners.double().unbind(2)
    one, zero = torch.ones_like(x), torch.zeros_like(x)
    of_u = torch.stack([x, y, one, zero, zero, zero, -x * u, -y * u], dim=2)
    of_v = torch.stack([zero, zero, zero, x, y, one, -x * v, -y * v], dim=2)
    solved, failed = torch.linalg.solve_ex(torch.cat([of_u, of_v], dim=1), torch.cat([u, v], dim=1))
    solved = torch.where(failed[:, None] == 0, solved, torch.nan)
    return F.pad(solved, (0, 1), value=1.0).unflatten(1, (3, 3)).float()


def carry(points: torch.Tensor, thetas: torch.Tensor) -> torch.Tensor:
    """Map points (N, 2) by each homography (B, 3, 3), to (B, N, 2)."""
    mapped = F.pad(points, (0, 1), value=1.0) @ thetas.transpose(1, 2)
    return mapped[..., :2] / mapped[..., 2:]


def warp(photos: torch.Tensor, thetas: torch.Tensor) -> torch.Tensor:
    """Draw, for each homography (B, 3, 3), what it shows of a photo (B, 3, H, W), in the same size.

    Pixels are placed as if the centres of the outermost lay at -1 and 1, and read as if the borders did,
    beyond which there are zeros: the identity enlarges a little and darkens the border. The published
    weights were trained so, with the Kornia of their day (0.4 to 0.8).
    """
    height, width = photos.shape[-2:]
    x, y = (torch.linspace(-1, 1, side, device=photos.device) for side in (width, height))
    grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=2)
    places = carry(grid.flatten(0, 1), thetas).unflatten(1, (height, width))
    return F.grid_sample(photos, places, mode="bilinear", padding_mode="zeros", align_corners=False)
