"""CVNet's network for photos: a ResNet with a global descriptor, and maps for the correlation of two photos.

Source: Lee, Seong, Lee, Kim, CVPR 2022 (arXiv 2204.01458); tensors are named as in the published files.
"""

import math
from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn

from networks.backbones import RESNETS
from networks.convolutions import convolved
from networks.cvnet import CHANNELS, LEVELS
from networks.pooling import GeM

WIDTHS = (64, 128, 256, 512)  # of the stages' 3x3 convolutions
EXPANSION = 4


class Block(nn.Module):
    """A bottleneck. activated: whether its sum ends in a ReLU."""

    def __init__(self, inputs: int, width: int, stride: int, projects: bool, activated: bool) -> None:
        super().__init__()
        self.projects, self.activated = projects, activated
        outputs = EXPANSION * width
        self.f = nn.Sequential(
            OrderedDict(
                a=nn.Conv2d(inputs, width, 1, bias=False),
                a_bn=nn.BatchNorm2d(width),
                b=nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False),
                b_bn=nn.BatchNorm2d(width),
                c=nn.Conv2d(width, outputs, 1, bias=False),
                c_bn=nn.BatchNorm2d(outputs),
            )
        )
        if projects:
            self.proj = nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False)
            self.bn = nn.BatchNorm2d(outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (B, inputs, H, W) to (B, 4 width, H / stride, W / stride), rounded up."""
        shortcut = convolved(self.proj, self.bn, x, relu=False) if self.projects else x
        a, a_bn, b, b_bn, c, c_bn = self.f
        y = convolved(b, b_bn, convolved(a, a_bn, x))
        return convolved(c, c_bn, y, shortcut, relu=self.activated)


class Head(nn.Module):
    """GeM and a linear layer."""

    def __init__(self, channels: int, dimension: int) -> None:
        super().__init__()
        self.pool = GeM()
        self.fc = nn.Linear(channels, dimension)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Map (B, C, H, W) to vectors (B, D), not of unit length."""
        return self.fc(self.pool(maps.float()))


class Encoder(nn.Module):
    """The ResNet."""

    def __init__(self, depth: int, dimension: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            OrderedDict(
                conv=nn.Conv2d(3, WIDTHS[0], 7, stride=2, padding=3, bias=False),
                bn=nn.BatchNorm2d(WIDTHS[0]),
                relu=nn.ReLU(inplace=True),
                pool=nn.MaxPool2d(3, stride=2, padding=1),
            )
        )
        counts = RESNETS[depth][1]
        self.s1 = _stage(WIDTHS[0], WIDTHS[0], counts[0], stride=1)
        self.s2 = _stage(EXPANSION * WIDTHS[0], WIDTHS[1], counts[1], stride=2)
        self.s3 = _stage(EXPANSION * WIDTHS[1], WIDTHS[2], counts[2], stride=2, activated=False)
        self.s4 = _stage(EXPANSION * WIDTHS[2], WIDTHS[3], counts[3], stride=2)
        self.head = Head(EXPANSION * WIDTHS[3], dimension)

    def forward(self, photos: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the maps (B, 1024, H / 16, W / 16) and unit descriptors (B, D) of photos (B, 3, H, W).

        Channels of photos are blue, green, red. The maps are those of stage 3 before its last ReLU.
        """
        maps = self.s3(self.s2(self.s1(self.stem(photos))))
        return maps, F.normalize(self.head(self.s4(F.relu(maps))).float(), dim=1)


class CVNetPhotoNetwork(nn.Module):
    """The half of CVNet that sees one photo. depth: layers, 50 or 101. dimension: D of the descriptor."""

    def __init__(self, depth: int, dimension: int) -> None:
        super().__init__()
        self.encoder_q = Encoder(depth, dimension)
        self.conv2ds = nn.ModuleList(
            nn.Conv2d(EXPANSION * WIDTHS[2], CHANNELS, 3, padding=1, bias=False) for _ in LEVELS
        )

    def compress(self, maps: torch.Tensor) -> list[torch.Tensor]:
        """Turn the encoder's maps (B, 1024, h, w) into those of each level, (B, 256, h_k, w_k)."""
        size = (maps.shape[-2], maps.shape[-1])
        return [
            convolution(F.interpolate(maps, level_size(size, share), mode="bilinear", align_corners=True))
            for convolution, share in zip(self.conv2ds, LEVELS.values(), strict=True)
        ]


def level_size(size: tuple[int, int], share: float) -> tuple[int, int]:
    """Return the (h, w) of a level with a `share` of the positions of a map of `size`.

    Halves are rounded to even numbers, as published. Maps of tiny photos, which the published code cannot
    take, have one position at least.
    """
    height, width = (max(1, round(side * math.sqrt(share))) for side in size)
    return height, width


def _stage(inputs: int, width: int, count: int, stride: int, activated: bool = True) -> nn.Sequential:
    """Return the blocks of a stage; `activated` is that of the last one."""
    blocks: OrderedDict[str, nn.Module] = OrderedDict(
        b1=Block(inputs, width, stride, projects=True, activated=True)
    )
    for number in range(2, count + 1):
        last = number == count
        blocks[f"b{number}"] = Block(
            EXPANSION * width, width, 1, projects=False, activated=activated or not last
        )
    return nn.Sequential(blocks)
