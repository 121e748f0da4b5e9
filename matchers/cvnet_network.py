"""CVNet's network for pairs: 4-D convolutions over the correlation of two photos, to two logits.

Source: Lee, Seong, Lee, Kim, CVPR 2022 (arXiv 2204.01458); the convolutions are those of HSNet, Min, Kang,
Cho, ICCV 2021 (arXiv 2104.01538). Tensors are named as in the published files.
A map over pairs of positions has the form (B, hq, wq, hk, wk, C): B pairs, the query's rows and columns,
the candidate's, and channels last, which a CPU was measured to take in half the time of channels first.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from networks.cvnet import LEVELS
from networks.products import product

PAIRS_OF_LEVELS = len(LEVELS) ** 2  # channels of a correlation: 3 * the query's level + the candidate's
GROUPS = 4
# channels, kernel and stride of every layer, block by block
FIRST = (PAIRS_OF_LEVELS, 16, 5, 2)
OTHERS = (
    ((16, 16, 3, 1), (16, 32, 3, 2)),
    ((32, 32, 3, 1), (32, 32, 3, 1), (32, 64, 3, 2)),
    ((64, 64, 3, 1), (64, 64, 3, 1), (64, 128, 3, 1)),
)
OUTPUTS = 128
FLOAT_BYTES = 4


class PivotConvolution(nn.Module):
    """A 4-D convolution reduced to the sum of two: over the query's positions and over the candidate's."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.conv1 = nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2)
        self.conv2 = nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (B, hq, wq, hk, wk, C) to (B, hq', wq', hk', wk', O), sides over the stride, rounded up."""
        step = self.stride
        of_query = _slide(self.conv1, x[:, :, :, ::step, ::step].permute(0, 3, 4, 1, 2, 5))
        of_candidate = _slide(self.conv2, x[:, ::step, ::step])
        return of_candidate + of_query.permute(0, 3, 4, 1, 2, 5)

    def of_sides(self, query: torch.Tensor, candidates: torch.Tensor, memory_bytes: int) -> torch.Tensor:
        """Return what `forward` does of the correlation of sides, which is never held whole.

        query: (hq, wq, 3, D); candidates: (B, hk, wk, 3, D). memory_bytes: rough bound of what is held.
        """
        step = self.stride
        rows0, rows1 = query[::step, ::step], candidates[:, ::step, ::step]
        by_candidate = self.conv1.weight.unflatten(1, (len(LEVELS), -1)).transpose(1, 2).flatten(1, 2)
        of_query = self._slide_slices(by_candidate, self.conv1.bias, rows1.flatten(0, 2), query, memory_bytes)
        of_candidate = [
            self._slide_slices(self.conv2.weight, self.conv2.bias, rows0.flatten(0, 1), whole, memory_bytes)
            for whole in candidates
        ]
        summed = torch.stack(of_candidate).unflatten(1, rows0.shape[:2])
        return summed + of_query.unflatten(0, rows1.shape[:3]).permute(0, 3, 4, 1, 2, 5)

    def _slide_slices(
        self,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        rows: torch.Tensor,
        whole: torch.Tensor,
        memory_bytes: int,
    ) -> torch.Tensor:
        """Convolve the correlation of `rows` (n, 3, D) with a `whole` side (h, w, 3, D), to (n, h', w', O).

        Its channels count the levels of `rows` first, and so must those of `weight`.
        """
        count = memory_bytes // (FLOAT_BYTES * PAIRS_OF_LEVELS * whole.shape[0] * whole.shape[1])
        slices = [
            F.conv2d(correlate(part, whole), weight, bias, self.stride, padding=weight.shape[-1] // 2)
            for part in rows.split(max(1, count))
        ]
        return torch.cat(slices).permute(0, 2, 3, 1)


class PivotNorm(nn.GroupNorm):
    """Group norm over all positions of pairs."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalise (B, hq, wq, hk, wk, C)."""
        normed = super().forward(x.flatten(1, 2).flatten(2, 3).permute(0, 3, 1, 2))
        return normed.permute(0, 2, 3, 1).reshape(x.shape)


class Learner(nn.Module):
    """Four blocks, the mean over all positions, and a perceptron."""

    def __init__(self) -> None:
        super().__init__()
        self.block1 = _block(FIRST)
        self.block2, self.block3, self.block4 = (_block(*layers) for layers in OTHERS)
        self.mlp = nn.Sequential(nn.Linear(OUTPUTS, OUTPUTS), nn.ReLU(), nn.Linear(OUTPUTS, 2))

    def forward(self, query: torch.Tensor, candidates: torch.Tensor, memory_bytes: int) -> torch.Tensor:
        """Return logits (B, 2), different and same, of one query's side and B candidates'."""
        first, *rest = self.block1
        x = first.of_sides(query, candidates, memory_bytes)  # type: ignore[operator]
        for layer in rest:
            x = layer(x)
        x = self.block4(self.block3(self.block2(x)))
        return self.mlp(x.mean(dim=(1, 2, 3, 4)))


class CVNetPairNetwork(nn.Module):
    """The half of CVNet that sees two photos."""

    def __init__(self) -> None:
        super().__init__()
        self.cv_learner = Learner()

    def forward(self, query: torch.Tensor, candidates: torch.Tensor, memory_bytes: int) -> torch.Tensor:
        """Return the probabilities (B,) float32 that candidates show what the query shows.

        query: (hq, wq, 3, 256) and candidates: (B, hk, wk, 3, 256), as `make_side` gives them.
        memory_bytes: rough bound of the part of a correlation that is held at a time. The order of the
        photos matters.
        """
        return self.cv_learner(query, candidates, memory_bytes).float().softmax(dim=1)[:, 1]


def make_side(levels: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return the side (h, w, 3, D) of a photo's maps (h_k, w_k, D), each resized to the last one's size.

    Resizing maps of unit vectors is what resizing their correlation comes to: both are linear.
    """
    size = levels[-1].shape[:2]
    resized = [
        F.interpolate(maps.permute(2, 0, 1)[None], size, mode="bilinear", align_corners=True)[0]
        for maps in levels
    ]
    return torch.stack(resized).permute(2, 3, 0, 1).contiguous()


def correlate(rows: torch.Tensor, whole: torch.Tensor) -> torch.Tensor:
    """Return the products (n, 9, h, w) of positions `rows` (n, 3, D) and a side (h, w, 3, D), at least zero.

    Channels: 3 * the level of `rows` + the level of `whole`.
    """
    height, width = whole.shape[:2]
    products = product(rows.flatten(0, 1), whole.permute(2, 0, 1, 3).flatten(0, 2))
    return products.view(len(rows), -1, height, width).clamp_(min=0)


def _slide(convolution: nn.Module, maps: torch.Tensor) -> torch.Tensor:
    """Convolve the last two positions of maps (a, b, c, h, w, C)."""
    convolved = convolution(maps.flatten(0, 2).permute(0, 3, 1, 2))
    return convolved.permute(0, 2, 3, 1).unflatten(0, maps.shape[:3])


def _block(*layers: tuple[int, int, int, int]) -> nn.Sequential:
    """Return a block of layers of (inputs, outputs, kernel, stride)."""
    modules: list[nn.Module] = []
    for inputs, outputs, kernel, stride in layers:
        modules += [PivotConvolution(inputs, outputs, kernel, stride), PivotNorm(GROUPS, outputs), nn.ReLU()]
    return nn.Sequential(*modules)
