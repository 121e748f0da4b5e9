"""What the two halves of GeoWarp share: the encoder, its local features, and the files of its weights.

Source: Berton, Masone, Paolicelli, Caputo, "Viewpoint Invariant Dense Matching for Visual Geolocalization",
ICCV 2021 (arXiv 2109.09827); tensors are named as in the published files.
"""

from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from networks.backbones import alexnet_sequence, resnet_sequence, vgg16_sequence
from networks.pooling import GeM, NetVLAD
from networks.resizing import imagenet_normalise, to_unit_range

Arch = Literal["resnet50", "vgg16", "alexnet"]
Pooling = Literal["netvlad", "gem"]

GRID = 15  # local features on a side
CLUSTERS = 64
EPS = 1e-6  # inside the root of a length, so that local features are slightly shorter than 1
CHANNELS: dict[Arch, int] = {"resnet50": 1024, "vgg16": 512, "alexnet": 256}
SMALLEST_PX: dict[Arch, int] = {"resnet50": 1, "vgg16": 16, "alexnet": 31}  # sides that an encoder can take
REGRESSION_KEYS = "regression.*"  # in a file that holds both halves


def encoder_file(arch: Arch, pooling: Pooling) -> str:
    """Return the name of the published encoder."""
    return f"pretrained_baselines/{arch}_{pooling}.pth"


def joint_file(arch: Arch, pooling: Pooling) -> str:
    """Return the name of the file that the published encoder and regression are put together to."""
    return f"geowarp_{arch}_{pooling}.safetensors"


def unit_columns(maps: torch.Tensor) -> torch.Tensor:
    """Divide every channel vector of maps (B, C, H, W) by its length."""
    return maps / (maps.square().sum(dim=1, keepdim=True) + EPS).sqrt()


class UnitColumns(nn.Module):
    """The same as a layer."""

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Normalise (B, C, H, W) over C."""
        return unit_columns(maps)


class GeoWarpEncoder(nn.Module):
    """A backbone of stride 16, and the pooling of its weights, which re-ranking does not use."""

    def __init__(self, arch: Arch, pooling: Pooling) -> None:
        super().__init__()
        self.smallest_px = SMALLEST_PX[arch]
        self.encoder = _backbone(arch)
        self.pool: nn.Module = (
            nn.Sequential(UnitColumns(), GeM()) if pooling == "gem" else NetVLAD(CLUSTERS, CHANNELS[arch])
        )

    def local_features(self, photos: torch.Tensor) -> torch.Tensor:
        """Return the local features (B, C, 15, 15) float32 of normalised photos (B, 3, H, W).

        Photos too small for the backbone are continued with the mean colour at the right and the bottom.
        """
        missing = [max(0, self.smallest_px - side) for side in (photos.shape[-1], photos.shape[-2])]
        maps = self.encoder(F.pad(photos, (0, missing[0], 0, missing[1])))
        return unit_columns(F.adaptive_avg_pool2d(maps.float(), GRID))


def network_input(photo: np.ndarray) -> torch.Tensor:
    """Turn a uint8 RGB photo (H, W, 3) into the float32 tensor (3, H, W) that is encoded and warped."""
    return imagenet_normalise(to_unit_range(photo))


def _backbone(arch: Arch) -> nn.Sequential:
    """Return the layers up to a stride of 16; only ResNet's end with a ReLU."""
    if arch == "resnet50":
        return nn.Sequential(*list(resnet_sequence(50))[:7])
    return vgg16_sequence() if arch == "vgg16" else alexnet_sequence()
