import pytest
import torch

from networks.precision import fold_norms, inference, placed
from networks.seeded import made_up_state

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("precision", "dtype"), [("float32", torch.float32), ("bf16", torch.bfloat16), ("fp16", torch.float16)]
)
def test_convolutions_run_in_the_asked_format(precision: str, dtype: torch.dtype) -> None:
    layer = torch.nn.Conv2d(1, 1, 3)
    with inference(CPU, precision):
        found = layer(torch.zeros(1, 1, 4, 4))
    assert found.dtype == dtype and found.is_inference()


def test_tf32_is_off_inside_and_as_before_outside() -> None:
    before = torch.backends.cudnn.allow_tf32
    with inference(CPU, "float32"):
        assert not torch.backends.cudnn.allow_tf32
        assert torch.backends.cudnn.enabled
    assert torch.backends.cudnn.allow_tf32 == before


def test_networks_on_the_cpu_have_channels_last() -> None:
    network = placed(torch.nn.Sequential(torch.nn.Conv2d(4, 4, 3)), CPU)
    assert network[0].weight.is_contiguous(memory_format=torch.channels_last)


class Named(torch.nn.Module):
    """A convolution and a norm of every way of naming them, and a norm that follows none."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = torch.nn.Conv2d(2, 3, 3)
        self.conv2 = torch.nn.Conv2d(3, 4, 3, bias=False)
        self.bn1, self.bn2 = torch.nn.BatchNorm2d(3), torch.nn.BatchNorm2d(4)
        self.f = torch.nn.Sequential()
        self.f.add_module("a", torch.nn.Conv2d(4, 4, 1))
        self.f.add_module("a_bn", torch.nn.BatchNorm2d(4))
        self.f.add_module("relu", torch.nn.ReLU())
        self.f.add_module("late", torch.nn.BatchNorm2d(4))
        self.shortcut = torch.nn.ModuleDict({"proj": torch.nn.Conv2d(4, 4, 1), "bn": torch.nn.BatchNorm2d(4)})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.bn2(self.conv2(self.bn1(self.conv1(x))))
        return self.f(x) + self.shortcut["bn"](self.shortcut["proj"](x))


def test_folded_norms_change_nothing_but_the_layers() -> None:
    network = Named()
    network.load_state_dict({key: torch.as_tensor(value) for key, value in made_up_state(network).items()})
    network.eval()
    photos = torch.randn(2, 2, 9, 8, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = network(photos)
        fold_norms(network)
        torch.testing.assert_close(network(photos), expected, rtol=1e-4, atol=1e-5)
    left = [name for name, layer in network.named_modules() if isinstance(layer, torch.nn.BatchNorm2d)]
    assert left == ["f.late"]
