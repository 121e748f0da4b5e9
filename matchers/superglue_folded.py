"""SuperGlue's layers for inference: the same numbers but for rounding, in fewer and larger products."""

from typing import cast

import torch
from torch import nn

from matchers.superglue_network import HEADS, ChannelNorm, Layer, Pair, SuperGlueNetwork
from networks.attention import attend
from networks.products import product


def fold(network: SuperGlueNetwork) -> SuperGlueNetwork:
    """Make the layers of `network` folded ones, whose tensors are no longer those of a checkpoint.

    network: in evaluation mode; changed in place and returned.
    """
    network.gnn.layers = nn.ModuleList(FoldedLayer(cast(Layer, layer)) for layer in network.gnn.layers)
    return network.eval()


class FoldedLayer(nn.Module):
    """What a `Layer` does in evaluation mode, without gradients.

    The norm and the attention's last projection lie in the perceptron's first layer, both being linear;
    query, key and value are one product where a photo attends to itself.
    """

    weight: torch.Tensor
    bias: torch.Tensor
    weight1: torch.Tensor
    bias1: torch.Tensor
    weight2: torch.Tensor
    bias2: torch.Tensor

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        by_head, width = layer.attn.by_head, len(layer.attn.by_head)
        projections = [_linear(one) for one in layer.attn.proj]
        merge, merge_bias = _linear(layer.attn.merge)
        first, norm, _, second = layer.mlp
        weight1, bias1 = _linear(first)
        of_self, of_message = weight1.split(width, dim=1)
        scale, shift = _affine(cast(ChannelNorm, norm))
        self._keep("weight", torch.cat([weight[by_head] for weight, _ in projections]))
        self._keep("bias", torch.cat([bias[by_head] for _, bias in projections]))
        self._keep("weight1", scale[:, None] * torch.cat([of_self, of_message @ merge[:, by_head]], dim=1))
        self._keep("bias1", scale * (bias1 + of_message @ merge_bias) + shift)
        for name, tensor in zip(("weight2", "bias2"), _linear(second), strict=True):
            self._keep(name, tensor)

    def forward(self, x: torch.Tensor, source: torch.Tensor, real: torch.Tensor | None) -> torch.Tensor:
        """Return x (B, N, C) updated from source (B, M, C)."""
        query, key, value = (
            part.unflatten(2, (HEADS, -1)).transpose(1, 2) for part in self._projected(x, source)
        )
        gathered = attend(query, key, value, real).transpose(1, 2).flatten(2)
        hidden = product(torch.cat([x, gathered], dim=2), self.weight1, self.bias1).relu_()
        return product(hidden, self.weight2, self.bias2).add(x)

    def _projected(self, x: torch.Tensor, source: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return query (B, N, C), key and value (B, M, C)."""
        width = x.shape[2]
        if x is source:
            return product(x, self.weight, self.bias).split(width, dim=2)
        query = product(x, self.weight[:width], self.bias[:width])
        return query, *product(source, self.weight[width:], self.bias[width:]).split(width, dim=2)

    def _keep(self, name: str, tensor: torch.Tensor) -> None:
        self.register_buffer(name, tensor.float(), persistent=False)


def _linear(layer: nn.Module) -> Pair:
    """Return weight (O, I) and bias (O,) of a pointwise layer, in float64."""
    weight, bias = (layer.get_parameter(name).detach().double() for name in ("weight", "bias"))
    return weight[:, :, 0], bias


def _affine(norm: ChannelNorm) -> Pair:
    """Return what a norm multiplies channels by and then adds, (C,) each, in float64."""
    mean, variance = norm.get_buffer("running_mean").double(), norm.get_buffer("running_var").double()
    scale = norm.weight.detach().double() / (variance + norm.eps).sqrt()
    return scale, norm.bias.detach().double() - mean * scale
