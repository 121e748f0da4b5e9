"""A convolution with its sum and its ReLU in one pass gives the bits of one step after the other."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from networks import convolutions
from networks.convolutions import convolved

SHAPES = [(8, 16, 1, 1), (16, 24, 3, 2), (3, 8, 7, 2)]  # inputs, outputs, kernel, stride


def layer_and_maps(inputs: int, outputs: int, kernel: int, stride: int) -> tuple[nn.Conv2d, torch.Tensor]:
    torch.manual_seed(outputs)
    layer = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2)
    maps = torch.randn(2, inputs, 21, 30).contiguous(memory_format=torch.channels_last)
    return layer.to(memory_format=torch.channels_last), maps


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("relu", [True, False])
@pytest.mark.parametrize("adds", [True, False])
def test_one_pass_gives_the_same_bits(shape: tuple[int, int, int, int], relu: bool, adds: bool) -> None:
    layer, maps = layer_and_maps(*shape)
    with torch.inference_mode():
        plain = layer(maps)
        added = torch.randn_like(plain) if adds else None
        expected = plain if added is None else plain + added
        expected = F.relu(expected) if relu else expected
        found = convolved(layer, nn.Identity(), maps, added, relu=relu)
    assert expected.min() < 0 or relu
    assert torch.equal(found, expected)
    assert found.is_contiguous(memory_format=torch.channels_last)


def test_it_is_one_pass_only_without_norm_and_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    layer, maps = layer_and_maps(*SHAPES[0])
    norm = nn.BatchNorm2d(16).eval()
    norm.running_mean = torch.linspace(-1, 1, 16)
    calls: list[int] = []
    one_pass = convolutions._in_one_pass
    monkeypatch.setattr(convolutions, "_in_one_pass", lambda *given: calls.append(1) or one_pass(*given))
    with torch.no_grad():
        assert torch.equal(convolved(layer, norm, maps), F.relu(norm(layer(maps))))
    convolved(layer, nn.Identity(), maps).sum().backward()
    assert calls == [] and layer.weight.grad is not None
    with torch.no_grad():
        convolved(layer, nn.Identity(), maps)
    assert calls == [1]
