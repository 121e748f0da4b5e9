"""Convolutions by fewer multiplications give what direct ones give."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from networks.winograd import WinogradConv2d, convolve, kernel_values, use_winograd

WIDE = (128, 256)


def _maps(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def _layer(**settings: int) -> nn.Conv2d:
    torch.manual_seed(0)
    return nn.Conv2d(*WIDE, 3, **{"padding": 1, **settings}).requires_grad_(False)


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (4, 8), (17, 5), (9, 230)])
@pytest.mark.parametrize("dilation", [1, 2, 4])
@pytest.mark.parametrize("biased", [False, True])
def test_a_convolution_is_the_direct_one(size: tuple[int, int], dilation: int, biased: bool) -> None:
    maps, kernels = _maps(2, 8, *size), _maps(12, 8, 3, 3)
    bias = _maps(12) if biased else None
    expected = F.conv2d(
        maps.double(), kernels.double(), bias if bias is None else bias.double(), 1, dilation, dilation
    )
    found = convolve(maps, kernel_values(kernels), bias, dilation)
    assert found.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-4)


def test_it_rounds_little() -> None:
    maps, layer = _maps(1, 128, 40, 40).relu(), _layer()
    exact = F.conv2d(maps.double(), layer.weight.double(), padding=1)
    error = convolve(maps, kernel_values(layer.weight)) - exact
    assert error.std() < 1.5e-6 * exact.std()  # with the published points 1.9e-6


def test_layers_are_replaced_where_they_gain() -> None:
    network = nn.Sequential(_layer(), nn.Conv2d(64, 256, 3, padding=1), nn.Conv2d(256, 256, 1))
    names = list(network.state_dict())
    use_winograd(network)
    assert [type(layer) is WinogradConv2d for layer in network] == [True, False, False]
    assert list(network.state_dict()) == names


@pytest.mark.parametrize("settings", [{"stride": 2}, {"groups": 2}, {"padding": 0}, {"dilation": 2}])
def test_other_convolutions_stay(settings: dict[str, int]) -> None:
    network = nn.Sequential(_layer(**settings))
    use_winograd(network)
    assert type(network[0]) is nn.Conv2d


def test_a_replaced_layer_gives_the_same_maps() -> None:
    maps, layer = _maps(2, 128, 13, 18), _layer(padding=2, dilation=2)
    expected = layer(maps)
    network = nn.Sequential(layer)
    use_winograd(network)
    torch.testing.assert_close(network(maps), expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(copy.deepcopy(network)(maps), network(maps), rtol=0, atol=0)


def test_new_weights_count_at_once() -> None:
    maps, network = _maps(1, 128, 8, 8), nn.Sequential(_layer())
    use_winograd(network)
    before = network(maps)
    network.load_state_dict({name: 2 * tensor for name, tensor in network.state_dict().items()})
    torch.testing.assert_close(network(maps), 2 * before, rtol=1e-4, atol=1e-4)


def test_gradients_and_half_precision_go_the_direct_way() -> None:
    maps, network = _maps(1, 128, 8, 8), nn.Sequential(_layer())
    direct = copy.deepcopy(network)
    use_winograd(network)
    network.requires_grad_(True)
    assert torch.equal(network(maps), direct(maps))
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(network(maps), direct(maps))
