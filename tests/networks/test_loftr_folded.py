"""LoFTR's folded layers against Kornia's own."""

import pytest
import torch

from networks.loftr import configured
from networks.loftr_folded import FoldedLayer, fold_layers


@pytest.fixture(scope="module")
def layer() -> torch.nn.Module:
    torch.manual_seed(0)
    return configured().loftr_coarse.layers[1].eval().requires_grad_(False)


@pytest.mark.parametrize("sources", [1, 40, 700])  # Kornia takes other ways for few and for many
def test_a_folded_layer_gives_what_the_published_one_gives(layer: torch.nn.Module, sources: int) -> None:
    draw = torch.Generator().manual_seed(sources)
    x, source = (3 * torch.randn(2, count, 256, generator=draw) for count in (50, sources))
    torch.testing.assert_close(FoldedLayer(layer)(x, source), layer(x, source), rtol=1e-4, atol=1e-4)


def test_a_folded_layer_bears_autocast(layer: torch.nn.Module) -> None:
    x = torch.randn(1, 300, 256, generator=torch.Generator().manual_seed(1))
    exact = layer(x, x)
    with torch.autocast("cpu", torch.bfloat16):
        lower = FoldedLayer(layer)(x, x)
    assert 0 < (lower - exact).abs().max() < 0.2


def test_all_coarse_layers_are_folded_and_the_fine_ones_are_not() -> None:
    network = configured()
    fold_layers(network)
    assert all(isinstance(layer, FoldedLayer) for layer in network.loftr_coarse.layers)
    assert not any(isinstance(layer, FoldedLayer) for layer in network.loftr_fine.layers)
