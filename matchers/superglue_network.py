"""SuperGlue's network: keypoints of two photos attend to themselves and to each other in turns.

Source: Sarlin et al., SuperGlue, CVPR 2020 (arXiv 1911.11763), sections 3.1 and 3.2. Modules are named
as in the published file. Tensors are (B, N, C): keypoints in rows, channels last.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar

import torch
from torch import nn

from networks.attention import attend
from networks.products import product

HEADS = 4

Pair = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class Side:
    """The keypoints of B photos, padded to a common number N.

    keypoints: (B, N, 2), normalised by `normalise_keypoints`. scores: (B, N). descriptors: (B, N, D).
    real: (B, 1, 1, N) bool, False for padding; None where nothing is padded.
    """

    keypoints: torch.Tensor
    scores: torch.Tensor
    descriptors: torch.Tensor
    real: torch.Tensor | None = None


class Pointwise(nn.Conv1d):
    """A linear layer whose weight has the published shape (out, in, 1)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (..., inputs) to (..., outputs)."""
        return product(x, self.weight[:, :, 0], self.bias)


class ChannelNorm(nn.BatchNorm1d):
    """Batch norm over the last dimension."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalise (..., C)."""
        return super().forward(x.flatten(0, -2)).view_as(x)


class Attention(nn.Module):
    """Attention with four heads; in the published weights channel c belongs to head c mod 4.

    Weights are put in the order of the heads on the fly, which costs little and keeps each head's
    channels together, as fused attention wants them.
    """

    by_head: torch.Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj = nn.ModuleList(Pointwise(width, width) for _ in range(3))  # query, key, value
        self.merge = Pointwise(width, width)
        self.register_buffer("by_head", torch.arange(width).view(-1, HEADS).T.flatten(), persistent=False)

    def forward(self, x: torch.Tensor, source: torch.Tensor, real: torch.Tensor | None) -> torch.Tensor:
        """Return what each row of x (B, N, C) gathers from source (B, M, C) where it is `real`."""
        query, key, value = map(self._project, self.proj, (x, source, source))
        gathered = attend(query, key, value, real)
        together = gathered.transpose(1, 2).flatten(2)
        return product(together, self.merge.weight[:, self.by_head, 0], self.merge.bias)

    def _project(self, layer: nn.Module, x: torch.Tensor) -> torch.Tensor:
        """Return a projection of x (B, N, C) by head, (B, 4, N, C / 4)."""
        weight, bias = layer.get_parameter("weight"), layer.get_parameter("bias")
        projected = product(x, weight[self.by_head, :, 0], bias[self.by_head])
        return projected.unflatten(2, (HEADS, -1)).transpose(1, 2)


class Layer(nn.Module):
    """One update of a photo's keypoints from a source, the photo itself or the other one."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attn = Attention(width)
        self.mlp = _perceptron([2 * width, 2 * width, width])

    def forward(self, x: torch.Tensor, source: torch.Tensor, real: torch.Tensor | None) -> torch.Tensor:
        """Return x (B, N, C) updated from source (B, M, C)."""
        return x + self.mlp(torch.cat([x, self.attn(x, source, real)], dim=2))


class KeypointEncoder(nn.Module):
    """Lifts place and score of a keypoint to the width of a descriptor."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.encoder = _perceptron([3, *widths])

    def forward(self, side: Side) -> torch.Tensor:
        """Return (B, N, D)."""
        return self.encoder(torch.cat([side.keypoints, side.scores[:, :, None]], dim=2))


class GraphNetwork(nn.Module):
    """Layers of self and cross attention, whose weights both photos share."""

    def __init__(self, width: int, names: Sequence[str]) -> None:
        super().__init__()
        self.names = tuple(names)
        self.of_photo = self.names.index("cross") if "cross" in names else len(names)
        self.layers = nn.ModuleList(Layer(width) for _ in names)

    def alone(self, x: torch.Tensor, real: torch.Tensor | None) -> torch.Tensor:
        """Return keypoints (B, N, D) updated by the layers before the first that crosses."""
        for layer in self.layers[: self.of_photo]:
            x = layer(x, x, real)
        return x

    def forward(self, x0: torch.Tensor, x1: torch.Tensor, real1: torch.Tensor | None) -> Pair:
        """Return what the keypoints of the query (1, N0, D) and of B candidates (B, N1, D) become together.

        Both have been through the layers that a photo takes alone.
        """
        for name, layer in list(zip(self.names, self.layers, strict=True))[self.of_photo :]:
            if name == "self":
                x0, x1 = layer(x0, x0, None), layer(x1, x1, real1)
            else:
                x0 = x0.expand(len(x1), -1, -1)
                x0, x1 = layer(x0, x1, real1), layer(x1, x0, None)
        return x0, x1


class SuperGlueNetwork(nn.Module):
    """Matching scores of a query's keypoints and those of candidates."""

    # without small updates made-up scores reach 1e16, trained ones hundreds
    MADE_UP: ClassVar[dict[str, float]] = {"mlp.1.weight": 0.1, "bin_score": 300.0}
    MADE_UP_SCALE: ClassVar[dict[str, float]] = {"final_proj.weight": 3.0}  # unless it matches nothing

    def __init__(self, descriptor_dim: int, keypoint_encoder: Sequence[int], layers: Sequence[str]) -> None:
        super().__init__()
        self.kenc = KeypointEncoder([*keypoint_encoder, descriptor_dim])
        self.gnn = GraphNetwork(descriptor_dim, layers)
        self.final_proj = Pointwise(descriptor_dim, descriptor_dim)
        self.bin_score = nn.Parameter(torch.tensor(1.0))

    def forward(self, query: Side, candidates: Side) -> torch.Tensor:
        """Return matching scores (B, N0, N1) float32 of one query (B = 1) and B candidates."""
        return self.scores(self.photo(query), self.photo(candidates), candidates.real)

    def photo(self, side: Side) -> torch.Tensor:
        """Return what of keypoints depends on no other photo, (B, N, D)."""
        return self.gnn.alone(side.descriptors + self.kenc(side), side.real)

    def scores(self, x0: torch.Tensor, x1: torch.Tensor, real1: torch.Tensor | None) -> torch.Tensor:
        """Return matching scores (B, N0, N1) float32 of what `photo` gave of a query and B candidates.

        real1: that of the candidates.
        """
        x0, x1 = self.gnn(x0, x1, real1)
        with torch.autocast(x0.device.type, enabled=False):  # the scores reach hundreds
            matched0, matched1 = self.final_proj(x0.float()), self.final_proj(x1.float())
            matched0 = matched0 / matched0.shape[2] ** 0.5
            return torch.stack([product(*pair) for pair in zip(matched0, matched1, strict=True)])


def normalise_keypoints(keypoints: torch.Tensor, image_size: tuple[int, int]) -> torch.Tensor:
    """Map pixels (N, 2) of a photo of size (H, W) to about [-0.7, 0.7] around its centre."""
    height, width = image_size
    centre = torch.tensor([width / 2, height / 2], device=keypoints.device)
    return (keypoints - centre) / (0.7 * max(height, width))


def pad_sides(sides: Sequence[Side]) -> Side:
    """Join single photos (B = 1 each) to one batch, padded with zeros to the longest."""
    lengths = torch.tensor([side.keypoints.shape[1] for side in sides])
    joined = {
        name: nn.utils.rnn.pad_sequence([getattr(side, name)[0] for side in sides], batch_first=True)
        for name in ("keypoints", "scores", "descriptors")
    }
    batch = Side(**joined)
    if bool((lengths == lengths[0]).all()):
        return batch
    real = torch.arange(int(lengths.max())) < lengths[:, None]
    return replace(batch, real=real[:, None, None, :].to(batch.keypoints.device))


def _perceptron(widths: Sequence[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [Pointwise(inputs, outputs), ChannelNorm(outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-2])
