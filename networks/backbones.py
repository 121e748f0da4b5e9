"""ResNet, VGG-16 and AlexNet without pooling and classifier, their tensors named as torchvision names them.

Only the layers are here; weights come from a method's own checkpoint.
Sources: He et al., CVPR 2016 (arXiv 1512.03385), with the stride of a bottleneck in its 3x3
convolution; Simonyan and Zisserman, ICLR 2015 (arXiv 1409.1556), configuration D; Krizhevsky, "One weird
trick", 2014 (arXiv 1404.5997).
"""

import torch
from torch import nn

from networks.convolutions import convolved

VGG16_BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and the sum with the input; halves the map in the first one."""

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = _convolution(inputs, width, 3, stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = _convolution(width, width, 3)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _shortcut(inputs, width, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (B, inputs, H, W) to (B, width, H / stride, W / stride), rounded up."""
        y = convolved(self.conv1, self.bn1, x)
        return convolved(self.conv2, self.bn2, y, self.downsample(x))


class Bottleneck(nn.Module):
    """1x1, 3x3 and widening 1x1 convolutions and the sum with the input; the 3x3 halves the map."""

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = width * self.expansion
        self.conv1 = _convolution(inputs, width, 1)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = _convolution(width, width, 3, stride)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = _convolution(width, outputs, 1)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = _shortcut(inputs, outputs, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (B, inputs, H, W) to (B, 4 width, H / stride, W / stride), rounded up."""
        y = convolved(self.conv1, self.bn1, x)
        y = convolved(self.conv2, self.bn2, y)
        return convolved(self.conv3, self.bn3, y, self.downsample(x))


RESNETS: dict[int, tuple[type[BasicBlock] | type[Bottleneck], tuple[int, int, int, int]]] = {
    18: (BasicBlock, (2, 2, 2, 2)),
    50: (Bottleneck, (3, 4, 6, 3)),
    101: (Bottleneck, (3, 4, 23, 3)),
    152: (Bottleneck, (3, 8, 36, 3)),
}


class ResNet(nn.Module):
    """The stem and four stages of a ResNet; its children run one after another.

    depth: 18, 50, 101 or 152. `channels` is the width of the last map, whose stride is 32.
    """

    def __init__(self, depth: int) -> None:
        super().__init__()
        block, counts = RESNETS[depth]
        self.channels = 512 * block.expansion
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = _stage(block, 64, 64, counts[0], stride=1)
        self.layer2 = _stage(block, 64 * block.expansion, 128, counts[1], stride=2)
        self.layer3 = _stage(block, 128 * block.expansion, 256, counts[2], stride=2)
        self.layer4 = _stage(block, 256 * block.expansion, 512, counts[3], stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map RGB photos (B, 3, H, W) to the last stage's map (B, channels, H / 32, W / 32)."""
        for layer in self.children():
            x = layer(x)
        return x


def resnet_sequence(depth: int) -> nn.Sequential:
    """Return a ResNet whose tensors are named by the position of its children.

    0 conv1, 1 bn1, 2 ReLU, 3 max pool, 4 to 7 the stages: the naming of methods that keep the
    children of torchvision's network in a Sequential.
    """
    return nn.Sequential(*ResNet(depth).children())


def vgg16_sequence() -> nn.Sequential:
    """Return VGG-16 up to its last convolution, without the ReLU and the pool that follow it.

    Tensors are named by position, as in torchvision's `features`. Maps (B, 3, H, W) to
    (B, 512, H / 16, W / 16), rounded down, with negative values.
    """
    layers: list[nn.Module] = []
    inputs = 3
    for block in VGG16_BLOCKS:
        for width in block:
            layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU(inplace=True)]
            inputs = width
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers[:-2])


def alexnet_sequence() -> nn.Sequential:
    """Return AlexNet up to its fifth convolution, without the ReLU and the pool that follow it.

    Tensors are named by position, as in torchvision's `features`. Maps (B, 3, H, W), sides of 31 pixels at
    least, to (B, 256, about H / 16, about W / 16), with negative values.
    """
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, stride=4, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2),
        nn.Conv2d(64, 192, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2),
        nn.Conv2d(192, 384, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1),
    )


def _convolution(inputs: int, outputs: int, size: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, size, stride=stride, padding=size // 2, bias=False)


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Module:
    """Return what carries a block's input to its sum: the input itself where shapes agree."""
    if inputs == outputs and stride == 1:
        return nn.Identity()
    return nn.Sequential(_convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))


def _stage(
    block: type[BasicBlock] | type[Bottleneck], inputs: int, width: int, count: int, stride: int
) -> nn.Sequential:
    first = block(inputs, width, stride)
    return nn.Sequential(first, *(block(width * block.expansion, width, 1) for _ in range(count - 1)))
