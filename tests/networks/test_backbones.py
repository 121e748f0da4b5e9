import pytest
import torch
from torch import nn

from networks.backbones import ResNet, resnet_sequence, vgg16_sequence

# Parameters of torchvision's networks without their classifiers (the fully connected layers' counts
# subtracted from the published totals).
PARAMETERS = {
    18: 11_689_512 - 512 * 1000 - 1000,
    50: 25_557_032 - 2048 * 1000 - 1000,
    101: 44_549_160 - 2048 * 1000 - 1000,
    152: 60_192_808 - 2048 * 1000 - 1000,
}
VGG16_PARAMETERS = 14_714_688


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("depth", sorted(PARAMETERS))
def test_resnets_have_the_published_number_of_parameters(depth: int) -> None:
    with torch.device("meta"):
        assert count(ResNet(depth)) == PARAMETERS[depth]


def test_vgg16_has_the_published_number_of_parameters() -> None:
    with torch.device("meta"):
        assert count(vgg16_sequence()) == VGG16_PARAMETERS


def test_resnet_tensors_are_named_as_torchvision_names_them() -> None:
    with torch.device("meta"):
        keys = set(ResNet(50).state_dict())
    assert {"conv1.weight", "bn1.running_mean", "layer1.0.conv3.weight", "layer4.2.bn3.bias"} <= keys
    assert {"layer1.0.downsample.0.weight", "layer1.0.downsample.1.num_batches_tracked"} <= keys
    assert not [key for key in keys if key.startswith(("fc", "layer1.1.downsample"))]


def test_only_stages_that_change_the_shape_have_a_downsample() -> None:
    with torch.device("meta"):
        keys = set(ResNet(18).state_dict())
    assert {key.split(".")[0] for key in keys if "downsample" in key} == {"layer2", "layer3", "layer4"}


def test_sequence_names_are_positions_of_the_children() -> None:
    with torch.device("meta"):
        by_name, by_position = ResNet(18).state_dict(), resnet_sequence(18).state_dict()
    renamed = {"conv1": "0", "bn1": "1", "layer1": "4", "layer2": "5", "layer3": "6", "layer4": "7"}
    expected = [".".join([renamed[key.split(".")[0]], *key.split(".")[1:]]) for key in by_name]
    assert list(by_position) == expected


def test_vgg16_convolutions_are_at_the_positions_of_torchvision() -> None:
    with torch.device("meta"):
        keys = vgg16_sequence().state_dict()
    positions = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]
    assert list(keys) == [f"{p}.{kind}" for p in positions for kind in ("weight", "bias")]


def test_resnet_has_stride_32_rounded_up_and_no_negative_values() -> None:
    torch.manual_seed(0)
    network = ResNet(18).eval()
    with torch.inference_mode():
        maps = network(torch.randn(2, 3, 65, 97))
        tiny = network(torch.randn(1, 3, 1, 1))
    assert maps.shape == (2, network.channels, 3, 4)
    assert tiny.shape == (1, 512, 1, 1)
    assert maps.min() >= 0


def test_resnet_equals_its_sequence() -> None:
    torch.manual_seed(0)
    network = ResNet(18).eval()
    photos = torch.randn(1, 3, 40, 40)
    with torch.inference_mode():
        assert torch.equal(network(photos), nn.Sequential(*network.children())(photos))


def test_vgg16_has_stride_16_rounded_down_and_negative_values() -> None:
    torch.manual_seed(0)
    with torch.inference_mode():
        maps = vgg16_sequence()(torch.randn(1, 3, 47, 33))
    assert maps.shape == (1, 512, 2, 2)
    assert maps.min() < 0


def test_the_stride_of_a_bottleneck_is_in_its_3x3_convolution() -> None:
    with torch.device("meta"):
        first = ResNet(50).layer2[0]
    assert (first.conv1.stride, first.conv2.stride) == ((1, 1), (2, 2))
