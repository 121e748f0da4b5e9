"""DELG's two networks: the one of the released files, and that of the published training code.

Source: Cao, Araujo, Sim, ECCV 2020 (arXiv 2001.05027); tensorflow/models, research/delf. They share
the name and little else: a TF-Slim ResNet that halves its map in the last unit of a stage, and a
Keras ResNet that halves it in the first one; weights of one give noise in the other. Modules are named
as torchvision names a ResNet.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from networks.backbones import RESNETS, Bottleneck
from networks.pooling import GeM

LOCAL_DIM, GLOBAL_DIM = 128, 2048
DEEP = 1024  # channels after stage 3, which both branches read
WIDTHS = (64, 128, 256, 512)


@dataclass(frozen=True)
class Architecture:
    """Which of DELG's networks.

    variant: "released" (TF-Slim) or "training" (Keras). depth: 50 or 101 layers. block3_stride: of the
    map that local features are read from, 32 or 16 pixels. attention_input: what attention is computed
    of, "block3" or "expanded", the autoencoder's reconstruction of it. reduction_activation: after the
    autoencoder's bottleneck. batch_norm_eps: of every batch norm. gem_power: of the training variant; a
    released file holds its own.
    """

    variant: Literal["released", "training"] = "released"
    depth: Literal[50, 101] = 50
    block3_stride: Literal[32, 16] = 32
    attention_input: Literal["block3", "expanded"] = "block3"
    reduction_activation: Literal["relu"] | None = None
    batch_norm_eps: float = 1e-5
    gem_power: float = 3.0


class Maps(NamedTuple):
    """What one pass over B photos gives, float32.

    block3: (B, 1024, h, w). descriptors: (B, 128, h, w), not normalised. attention: (B, h, w), above 0.
    """

    block3: torch.Tensor
    descriptors: torch.Tensor
    attention: torch.Tensor


class DelgNetwork(nn.Module):
    """Backbone, local branch (attention, autoencoder) and global branch (stage 4, GeM, embedding)."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        released = architecture.variant == "released"
        self.backbone = Backbone(architecture)
        self.pool = GlobalMean(architecture.gem_power, learned=released)
        self.embed = nn.Linear(GLOBAL_DIM, GLOBAL_DIM)
        self.attention = nn.Sequential(
            OrderedDict(
                conv1=nn.Conv2d(DEEP, 512, 1, bias=not released),
                bn1=nn.BatchNorm2d(512),
                relu=nn.ReLU(),
                conv2=nn.Conv2d(512, 1, 1),
            )
        )
        self.reduction = _pointwise(DEEP, LOCAL_DIM, normed=released)
        self.expansion = _pointwise(LOCAL_DIM, DEEP, normed=released)
        self.expansion.add_module("relu", nn.ReLU())
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eps = architecture.batch_norm_eps

    def forward(self, photos: torch.Tensor) -> Maps:
        """Return the maps of photos (B, 3, H, W) in [-1, 1)."""
        block3 = self.backbone(photos).float()
        with torch.autocast(block3.device.type, enabled=False):  # scores are hundreds, thresholds too
            descriptors = self.reduction(block3)
            if self.architecture.reduction_activation == "relu":
                descriptors = F.relu(descriptors)
            read = block3 if self.architecture.attention_input == "block3" else self.expansion(descriptors)
            return Maps(block3, descriptors, F.softplus(self.attention(read))[:, 0])

    def embedding(self, block3: torch.Tensor) -> torch.Tensor:
        """Return global descriptors (B, 2048), not normalised, of maps (B, 1024, h, w)."""
        deepest = self.backbone.deepen(block3).float()
        with torch.autocast(deepest.device.type, enabled=False):
            return self.embed(self.pool(deepest))

    def smallest_px(self) -> int:
        """Return the least side of a photo of which anything is left after the pool."""
        return 1 if self.architecture.variant == "released" else 5


class Backbone(nn.Module):
    """A ResNet in two parts: up to stage 3, and stage 4."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        released = architecture.variant == "released"
        stage = _released_stage if released else _training_stage
        thinned = architecture.block3_stride == 32
        counts = RESNETS[architecture.depth][1]
        self.conv1: nn.Module = (
            nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
            if released
            else SameConv2d(3, 64, 7, stride=2)
        )
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU()
        self.maxpool = SameMaxPool() if released else nn.MaxPool2d(3, stride=2)
        self.layer1 = stage(64, WIDTHS[0], counts[0], halving=released)
        self.layer2 = stage(256, WIDTHS[1], counts[1], halving=True)
        self.layer3 = stage(512, WIDTHS[2], counts[2], halving=thinned or not released)
        if thinned and not released:
            self.layer3.append(Subsample())
        self.thin = nn.Identity() if thinned else Subsample()
        self.layer4 = stage(DEEP, WIDTHS[3], counts[3], halving=False)

    def forward(self, photos: torch.Tensor) -> torch.Tensor:
        """Map photos (B, 3, H, W) to stage 3 (B, 1024, H / stride, W / stride), rounded up."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(photos))))
        return self.layer3(self.layer2(self.layer1(x)))

    def deepen(self, block3: torch.Tensor) -> torch.Tensor:
        """Map stage 3 (B, 1024, h, w) to stage 4 (B, 2048, ...), whose stride is always 32."""
        return self.layer4(self.thin(block3))


class SameConv2d(nn.Conv2d):
    """A convolution with TensorFlow's SAME padding, which on even sides is one pixel more at the end."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (B, C, H, W) to (B, outputs, H / stride, W / stride), rounded up."""
        return super().forward(pad_same(x, self.kernel_size[0], self.stride[0], 0.0))


class SameMaxPool(nn.Module):
    """A max pool of 3x3 windows and stride 2 with TensorFlow's SAME padding; the outside never wins."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (B, C, H, W) to (B, C, H / 2, W / 2), rounded up."""
        return F.max_pool2d(pad_same(x, 3, 2, -torch.inf), 3, stride=2)


class Subsample(nn.Module):
    """Every second row and column, from the first."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (B, C, H, W) to (B, C, H / 2, W / 2), rounded up."""
        return x[:, :, ::2, ::2]


class GlobalMean(GeM):
    """GeM whose exponent is a scalar, as in the released files, or a constant.

    learned: whether the checkpoint holds it.
    """

    def __init__(self, p: float, learned: bool) -> None:
        super().__init__()
        del self.p
        exponent = torch.tensor(p)
        if learned:
            self.p = nn.Parameter(exponent)
        else:
            self.register_buffer("p", exponent, persistent=False)


def pad_same(x: torch.Tensor, kernel: int, stride: int, value: float) -> torch.Tensor:
    """Pad (B, C, H, W) with `value` as TensorFlow's SAME does for a square kernel."""
    padding: list[int] = []
    for side in (x.shape[-1], x.shape[-2]):
        total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
        padding += [total // 2, total - total // 2]
    return F.pad(x, padding, value=value)


def _released_stage(inputs: int, width: int, count: int, halving: bool) -> nn.Sequential:
    """Return a TF-Slim stage, which halves its map in the 3x3 of its last unit."""
    units = _units(inputs, width, count)
    if halving:
        units[-1].conv2.stride = (2, 2)
        units[-1].downsample = Subsample()
    return nn.Sequential(*units)


def _training_stage(inputs: int, width: int, count: int, halving: bool) -> nn.Sequential:
    """Return a Keras stage: biases everywhere; it halves its map in the first 1x1 of its first unit."""
    units = _units(inputs, width, count)
    for unit in units:
        for module in unit.modules():
            if isinstance(module, nn.Conv2d):
                module.bias = nn.Parameter(torch.zeros(module.out_channels))
    if halving:
        for convolution in (units[0].conv1, units[0].get_submodule("downsample.0")):
            convolution.stride = (2, 2)  # type: ignore[assignment]
    return nn.Sequential(*units)


def _units(inputs: int, width: int, count: int) -> list[Bottleneck]:
    outputs = width * Bottleneck.expansion
    return [Bottleneck(inputs if number == 0 else outputs, width, 1) for number in range(count)]


def _pointwise(inputs: int, outputs: int, normed: bool) -> nn.Sequential:
    """Return a 1x1 convolution, with a norm (released) or a bias (training)."""
    layers: OrderedDict[str, nn.Module] = OrderedDict(conv=nn.Conv2d(inputs, outputs, 1, bias=not normed))
    if normed:
        layers["bn"] = nn.BatchNorm2d(outputs)
    return nn.Sequential(layers)
