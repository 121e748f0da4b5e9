"""3 x 3 convolutions with a quarter of the multiplications.

Source: Lavin and Gray, CVPR 2016 (arXiv 1509.09308), F(4 x 4, 3 x 3). Tiles of 6 x 6 pixels and the kernels
become values of polynomials at 6 x 6 points; there a convolution is one matrix product for each point, and
the products are turned back into 4 x 4 pixels. The points along an axis are 0, the roots of 1/2 and of 2 with
both signs, and infinity: each with its negative and its inverse, as Barabasz et al. advise (ACM TOMS 46(4),
2020). On drawn maps the error had a deviation of a millionth of the map's, twice that of the direct
convolution with channels last; with the published points, which are whole numbers, four times that.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from networks.products import goes_by_onednn, mixed, product

TILE, KERNEL = 4, 3  # pixels along a side
SPAN = TILE + KERNEL - 1  # pixels that those of a tile depend on, and values
POINTS = (0.0, 0.5**0.5, -(0.5**0.5), 2**0.5, -(2**0.5))  # infinity comes last by itself
TILES_AT_ONCE = 1536  # of many the products are near the processor's rate; of more the caches overflow
LEAST_CHANNELS = 128  # in and out; with fewer the direct convolution is as fast


def _along_both_axes(matrix: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.kron(matrix, matrix)).float()


def _transforms() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what makes values of 6 pixels (6, 6) and 3 of a kernel (6, 3), and 4 pixels of those (4, 6)."""
    points = np.array(POINTS)
    others = [np.delete(points, place) for place in range(len(points))]
    norms = [np.prod(point - rest) for point, rest in zip(points, others, strict=True)]
    pixels = np.array([[*np.poly(rest)[::-1], 0.0] for rest in others] + [np.poly(points)[::-1]])
    infinity = np.eye(SPAN)[-1:]
    kernel = np.vstack([np.vander(points, KERNEL, increasing=True) / np.array(norms)[:, None], [[0, 0, 1]]])
    back = np.hstack([np.vander(points, TILE, increasing=True).T, infinity[:, -TILE:].T])
    return pixels, kernel, back


PIXELS, KERNELS, BACK = _transforms()
TO_VALUES, TO_PIXELS = _along_both_axes(PIXELS), _along_both_axes(BACK)


def kernel_values(kernels: torch.Tensor) -> torch.Tensor:
    """Return the values (36, K, C) float32 of kernels (K, C, 3, 3)."""
    matrix = torch.from_numpy(KERNELS).to(kernels.device)
    values = torch.einsum("iy,kcyx,jx->ijkc", matrix, kernels.double(), matrix)
    return values.flatten(0, 1).float().contiguous()


def convolve(
    maps: torch.Tensor, values: torch.Tensor, bias: torch.Tensor | None = None, dilation: int = 1
) -> torch.Tensor:
    """Return a convolution (B, K, H, W), channels last, of maps (B, C, H, W) padded by `dilation` zeros.

    values: of the kernels, see `kernel_values`. bias: (K,). A dilated one is done grid by grid.
    """
    batch, _, height, width = maps.shape
    margins = (dilation, SPAN * dilation)  # the last tiles reach over the edge
    padded = F.pad(maps.permute(0, 2, 3, 1), (0, 0, *margins, *margins))
    convolved = maps.new_empty(batch, height, width, values.shape[1])
    for source, target in zip(padded, convolved, strict=True):
        for y in range(min(dilation, height)):
            for x in range(min(dilation, width)):
                grid = (slice(y, None, dilation), slice(x, None, dilation))
                _convolve(source[grid], target[grid], values, bias)
    return convolved.permute(0, 3, 1, 2)


def _convolve(
    source: torch.Tensor, target: torch.Tensor, values: torch.Tensor, bias: torch.Tensor | None
) -> None:
    """Put into target (H, W, K) the convolution of source (at least H + 5, W + 5, C), rows by rows."""
    height, width, _ = target.shape
    columns = -(-width // TILE)
    step = TILE * max(1, TILES_AT_ONCE // columns)
    for top in range(0, height, step):
        into = target[top : top + step]
        rows = -(-len(into) // TILE)
        tiles = _tiles(source[top:], rows, columns)
        products = torch.stack([product(*pair) for pair in zip(tiles, values, strict=True)])
        pixels = mixed(TO_PIXELS, products.flatten(1)).view(TILE, TILE, rows, columns, -1)
        for place in np.ndindex(TILE, TILE):
            _put(pixels[place], into[place[0] :: TILE, place[1] :: TILE], bias)


def _tiles(source: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    """Return the values (36, rows * columns, C) of the tiles in the upper left of source (H, W, C)."""
    tiles = source.new_empty(SPAN, SPAN, rows, columns, source.shape[-1])
    for y, x in np.ndindex(SPAN, SPAN):
        tiles[y, x] = source[y::TILE, x::TILE][:rows, :columns]
    return mixed(TO_VALUES, tiles.view(SPAN**2, -1)).view(SPAN**2, rows * columns, -1)


def _put(pixels: torch.Tensor, into: torch.Tensor, bias: torch.Tensor | None) -> None:
    inside = pixels[: into.shape[0], : into.shape[1]]  # tiles reach over the edge
    into.copy_(inside) if bias is None else torch.add(inside, bias, out=into)


class WinogradConv2d(nn.Conv2d):
    """A convolution that goes by `convolve` in float32 on a CPU, without autocast and gradients."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (B, C, H, W) to (B, K, H, W)."""
        if not goes_by_onednn(x, self.weight):
            return super().forward(x)
        return convolve(x, self._values(), self.bias, self.dilation[0])

    def _values(self) -> torch.Tensor:
        """Return the values of the kernels, those of the last call while the weights stay what they are."""
        state = (self.weight.data_ptr(), self.weight._version)
        if getattr(self, "_of", None) != state:
            self._of, self._kept = state, kernel_values(self.weight)
        return self._kept


def use_winograd(network: nn.Module) -> None:
    """Have the convolutions of a network that gain by it be `WinogradConv2d`, their tensors as they are."""
    for module in network.modules():
        if type(module) is nn.Conv2d and _gains(module):
            module.__class__ = WinogradConv2d


def _gains(layer: nn.Conv2d) -> bool:
    return (
        layer.kernel_size == (KERNEL, KERNEL)
        and layer.stride == (1, 1)
        and layer.groups == 1
        and layer.padding == layer.dilation
        and layer.dilation[0] == layer.dilation[1]
        and layer.padding_mode == "zeros"
        and min(layer.in_channels, layer.out_channels) >= LEAST_CHANNELS
    )
