"""Weights to begin with, fitted to photos: so that what a layer gives differs from photo to photo.

Source: Krahenbuhl, Doersch, Donahue, Darrell, ICLR 2016 (arXiv 1511.06856).
"""

from collections.abc import Iterable

import torch
from torch import nn


def standardise_outputs(network: nn.Module, layers: Iterable[nn.Module], photos: torch.Tensor) -> None:
    """Scale and shift layers so that their outputs on some photos have mean 0 and deviation 1 by channel.

    network: called with `photos` once, and calls the layers one after another. Random layers without norms
    give almost the same for all photos, and training would take long to part them.
    """

    def standardise(layer: nn.Module, given: tuple[torch.Tensor, ...], output: torch.Tensor) -> torch.Tensor:
        places = [axis for axis in range(output.dim()) if axis != 1]
        deviation, mean = torch.std_mean(output, dim=places, keepdim=True)
        weight, bias = layer.get_parameter("weight"), layer.get_parameter("bias")
        weight.div_(deviation.reshape(-1, *[1] * (weight.dim() - 1)))
        bias.sub_(mean.flatten()).div_(deviation.flatten())
        return (output - mean) / deviation

    hooks = [layer.register_forward_hook(standardise) for layer in layers]
    with torch.no_grad():
        network(photos)
    for hook in hooks:
        hook.remove()
