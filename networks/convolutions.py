"""A convolution and what follows it, on a CPU in one pass over the map."""

import torch
import torch.nn.functional as F
from torch import nn

from networks.products import goes_by_onednn

# oneDNN's convolution as compiled torch code calls it; None where torch was built without it.
_ONEDNN = (
    getattr(torch.ops.mkldnn, "_convolution_pointwise", None)
    if torch.backends.mkldnn.is_available()
    else None
)


def convolved(
    layer: nn.Module,
    norm: nn.Module,
    x: torch.Tensor,
    added: torch.Tensor | None = None,
    *,
    relu: bool = True,
) -> torch.Tensor:
    """Return relu(norm(layer(x)) + added), (B, K, h, w), of maps (B, C, H, W).

    layer: a convolution, its padding numbers of zeros. added: (B, K, h, w). relu: False leaves negative
    values. Sum and ReLU are done while the convolution writes its map, in float32 on a CPU, where the norm
    has been folded into the convolution; the numbers are the same bits as of one step after the other.
    """
    if type(layer) is nn.Conv2d and type(norm) is nn.Identity and goes_by_onednn(x, layer.weight):
        return _in_one_pass(layer, x, added, "relu" if relu else None)
    y = norm(layer(x))
    total = y if added is None else y + added
    return F.relu(total) if relu else total


def _in_one_pass(
    layer: nn.Conv2d, x: torch.Tensor, added: torch.Tensor | None, activation: str | None
) -> torch.Tensor:
    assert _ONEDNN is not None
    weights = (layer.weight, layer.bias)
    shape = (layer.padding, layer.stride, layer.dilation, layer.groups)
    found: torch.Tensor = (
        _ONEDNN(x, *weights, *shape, activation or "none", [], "")
        if added is None
        else _ONEDNN.binary(x, added, *weights, *shape, "add", 1.0, activation, [], "")
    )
    return found
