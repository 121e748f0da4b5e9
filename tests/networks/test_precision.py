import pytest
import torch

from networks.precision import inference, placed

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
