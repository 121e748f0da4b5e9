"""CosPlace: a backbone, generalised-mean pooling and a projection, as one unit vector for each photo.

Source: Berton, Masone, Caputo, CVPR 2022 (arXiv 2204.02287); github gmberton/CosPlace. The defaults
are the retriever of the published re-ranking benchmark: ResNet-50, 512 dimensions, no resizing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field, PositiveFloat, PositiveInt
from torch import nn

from data.errors import PhotoError, SettingsError
from networks.backbones import resnet_sequence, vgg16_sequence
from networks.pooling import GeM, L2Norm
from networks.precision import inference, placed
from networks.resizing import (
    imagenet_normalise,
    resize_photo,
    resize_tensor,
    shorter_side_to,
    to_unit_range,
)
from networks.state_dicts import load_strictly
from retrieval.base import RetrieverSpec

Backbone = Literal["VGG16", "ResNet18", "ResNet50", "ResNet101", "ResNet152"]

# name -> (maker, channels of the last map)
BACKBONES: dict[str, tuple[Callable[[], nn.Sequential], int]] = {
    "VGG16": (vgg16_sequence, 512),
    "ResNet18": (partial(resnet_sequence, 18), 512),
    "ResNet50": (partial(resnet_sequence, 50), 2048),
    "ResNet101": (partial(resnet_sequence, 101), 2048),
    "ResNet152": (partial(resnet_sequence, 152), 2048),
}
SMALLEST_EDGE_PX = {"VGG16": 16}  # its four pools leave nothing of less; ResNets round up
STEM_LAYERS, STAGES = 4, 4  # of a ResNet; each stage has half the channels of the next one
# Settings of the network whose weights, trained on drawn cities, come with this project.
SMALL: Mapping[str, str | int] = MappingProxyType(
    {"backbone": "ResNet18", "fc_output_dim": 256, "last_stage": 3}
)


@dataclass(frozen=True)
class CosPlaceSettings:
    """Settings of CosPlace.

    backbone, fc_output_dim: which network; they name the published file. last_stage: of a ResNet, after
    which it is cut; the published ones have all four. gem_p: exponent of the pooling; None takes the
    learned one from the weights. gem_eps: floor of pooled values. pil_resize_shorter_side: pixels; the
    uint8 photo is resized with PIL first, as CosPlace's own `--resize_test_imgs` does.
    tensor_resize_after_normalise: (H, W), or the shorter side, in pixels; the normalised tensor is resized
    with antialias, as VPR-methods-evaluation does. None: no resizing.
    """

    backbone: Backbone = "ResNet50"
    fc_output_dim: PositiveInt = 512
    last_stage: Annotated[int, Field(ge=1, le=STAGES)] = STAGES
    gem_p: PositiveFloat | None = None
    gem_eps: PositiveFloat = 1e-6
    pil_resize_shorter_side: PositiveInt | None = None
    tensor_resize_after_normalise: PositiveInt | tuple[PositiveInt, PositiveInt] | None = None

    def __post_init__(self) -> None:
        if self.last_stage != STAGES and not self.backbone.startswith("ResNet"):
            raise SettingsError(
                f"cosplace: last_stage = {self.last_stage}, but {self.backbone} has no stages; leave it out"
            )


class CosPlaceNetwork(nn.Module):
    """The layers, named as in the published files."""

    def __init__(self, backbone: str, dim: int, gem_eps: float, last_stage: int = STAGES) -> None:
        super().__init__()
        make, channels = BACKBONES[backbone]
        self.backbone = make() if last_stage == STAGES else make()[: STEM_LAYERS + last_stage]
        channels >>= STAGES - last_stage
        self.aggregation = nn.Sequential(
            L2Norm(),
            GeM(eps=gem_eps),
            nn.Identity(),  # the published network flattens here; the position names what follows
            nn.Linear(channels, dim),
            L2Norm(),
        )

    def forward(self, photos: torch.Tensor) -> torch.Tensor:
        """Map normalised RGB photos (B, 3, H, W) to unit vectors (B, dim).

        Pooling runs in float32 whatever the precision of the backbone: powers overflow in fp16.
        """
        maps = self.backbone(photos).float()
        with torch.autocast(maps.device.type, enabled=False):
            return self.aggregation(maps)


class CosPlace:
    """CosPlace as a retriever."""

    spec: ClassVar[RetrieverSpec] = RetrieverSpec(
        name="cosplace",
        summary="One unit vector for each photo from a ResNet or VGG-16 trained as a classifier of places.",
        source="Berton et al., CVPR 2022, arXiv 2204.02287; gmberton/CosPlace",
        licence="code Apache-2.0; weights MIT (the repository's), trained on Google Street View images",
    )
    Settings: ClassVar[type] = CosPlaceSettings
    weights_digest: str = ""  # until `build` sets it

    def __init__(
        self,
        settings: CosPlaceSettings,
        state: dict[str, torch.Tensor],
        device: torch.device,
        precision: str = "float32",
    ) -> None:
        self.settings = settings
        self.device = device
        self.precision = precision
        self.network = placed(load_strictly(self.layers(settings), state, self.spec.name), device)
        if settings.gem_p is not None:
            self.network.aggregation.get_parameter("1.p").fill_(settings.gem_p)

    @classmethod
    def layers(cls, settings: CosPlaceSettings) -> CosPlaceNetwork:
        """Return the network, its weights not loaded."""
        return CosPlaceNetwork(
            settings.backbone, settings.fc_output_dim, settings.gem_eps, settings.last_stage
        )

    @classmethod
    def checkpoint(cls, settings: CosPlaceSettings) -> str:
        """Return the name of the file with such weights; it need not exist where others are given."""
        if all(getattr(settings, name) == value for name, value in SMALL.items()):
            return "cosplace_small.safetensors"
        cut = "" if settings.last_stage == STAGES else f"_stage{settings.last_stage}"
        return f"{settings.backbone}_{settings.fc_output_dim}{cut}_cosplace.pth"

    def prepare(self, image: np.ndarray) -> torch.Tensor:
        """Turn a uint8 RGB image (H, W, 3) into a normalised tensor (3, H', W').

        Raises PhotoError for a photo that is too small for the network.
        """
        shorter_px = self.settings.pil_resize_shorter_side
        if shorter_px is not None:
            image = resize_photo(image, shorter_side_to(_size(image), shorter_px))
        tensor = imagenet_normalise(to_unit_range(image))
        target = self.settings.tensor_resize_after_normalise
        if target is not None:
            size = shorter_side_to(_size(image), target) if isinstance(target, int) else target
            tensor = resize_tensor(tensor, size, antialias=True)
        smallest_px = SMALLEST_EDGE_PX.get(self.settings.backbone, 1)
        if min(tensor.shape[-2:]) < smallest_px:
            raise PhotoError(
                f"the photo has {tensor.shape[-1]} x {tensor.shape[-2]} pixels, but {self.settings.backbone} "
                f"needs {smallest_px} on each side; remove the photo or set pil_resize_shorter_side"
            )
        return tensor

    def describe(self, batch: torch.Tensor) -> np.ndarray:
        """Describe prepared photos (B, 3, H, W): (B, fc_output_dim) float32 of unit length."""
        with inference(self.device, self.precision):
            return self.network(batch.to(self.device)).cpu().numpy()

    def fit(self, images: Iterable[np.ndarray]) -> None:
        """Learn nothing: the weights are all there is."""

    def learned(self) -> dict[str, np.ndarray]:
        """Return nothing."""
        return {}

    def restore(self, learned: dict[str, np.ndarray]) -> None:
        """Take nothing back."""


def _size(image: np.ndarray) -> tuple[int, int]:
    height, width = image.shape[:2]
    return height, width
