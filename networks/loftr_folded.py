"""The layers of LoFTR's coarse transformer for inference, in fewer products.

Linear attention is a chain of products, Q K^T S V M, with tokens S of the source and projections V and M.
Taken from the middle, K^T S is a small matrix, and what V and M do to it costs next to nothing; done token by
token they are a sixth of the layer.

Source: Sun, Shen, Wang, Bao, Zhou, LoFTR, CVPR 2021 (arXiv 2104.00680), section 3.2; Katharopoulos et al.,
Transformers are RNNs, ICML 2020 (arXiv 2006.16236), section 3.2.
"""

import math

import torch
import torch.nn.functional as F
from kornia.feature.loftr.loftr import LoFTR as LoFTRNetwork
from torch import nn

from networks.products import product, use_products

LOG2_E = math.log2(math.e)


def fold_layers(network: LoFTRNetwork) -> None:
    """Make the coarse layers of `network` folded ones, whose tensors are no longer those of a checkpoint.

    The other linear layers use `product`.
    """
    transformer = network.loftr_coarse
    transformer.layers = nn.ModuleList(FoldedLayer(layer) for layer in transformer.layers).eval()
    use_products(network)


class FoldedLayer(nn.Module):
    """What a coarse layer does without masks and gradients; its parts are those of Kornia's layer."""

    of_head: torch.Tensor  # (H, C): 1 where a channel belongs to a head
    same_head: torch.Tensor  # (C, C): 1 where two channels belong to one

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        for name in ("q_proj", "k_proj", "v_proj", "merge", "norm1", "mlp", "norm2"):
            self.add_module(name, layer.get_submodule(name))
        self.eps: float = layer.attention.eps  # type: ignore[assignment, union-attr]
        heads, width = int(layer.nhead), len(self._weight("q_proj"))  # type: ignore[arg-type]
        of_channel = torch.arange(width) // (width // heads)
        of_head = (of_channel == torch.arange(heads)[:, None]).float()
        self.register_buffer("of_head", of_head, persistent=False)
        self.register_buffer("same_head", of_head.T @ of_head, persistent=False)

    def forward(self, x: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
        """Return tokens x (B, L, C) updated from source (B, S, C)."""
        query = _positive(product(x, self._weight("q_proj")))
        message = torch.stack([self._gather(*pair) for pair in zip(query, source, strict=True)])
        joined = torch.cat([x, self.get_submodule("norm1")(message)], dim=2)
        return x + self.get_submodule("norm2")(self.get_submodule("mlp")(joined))

    def _gather(self, query: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
        """Return the message (L, C) that the rows of query (L, C) gather from source (S, C)."""
        keys = _positive(product(self._weight("k_proj"), source))  # (C, S)
        means = product(keys, source.mT / len(source))
        with torch.autocast(query.device.type, enabled=False):  # small, and sums over all tokens
            values = (means.float() @ self._weight("v_proj").mT) * self.same_head
            mixed = values @ self._weight("merge").mT
            weights = self.of_head * keys.float().mean(dim=1)
        shares = product(query, weights).float() + self.eps / len(source)
        of_channels = query.unflatten(1, (len(weights), -1)) / shares[:, :, None]
        return product(of_channels.flatten(1), mixed.mT)

    def _weight(self, name: str) -> torch.Tensor:
        return self.get_parameter(f"{name}.weight")


def _positive(x: torch.Tensor) -> torch.Tensor:
    """Return elu(x) + 1, the map of linear attention; by powers of two it takes two thirds of the time."""
    return (x.clamp(max=0) * LOG2_E).exp2_().add_(F.relu(x))
