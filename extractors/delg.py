"""DELG: local features of seven scales chosen by attention, and a global descriptor of three.

Source: Cao, Araujo, Sim, "Unifying Deep Local and Global Features for Image Search", ECCV 2020 (arXiv
2001.05027), with the extraction of tensorflow/models, research/delf. Its suppression of overlapping
features has a threshold that nothing exceeds, so it is not there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from data.errors import SettingsError
from extractors.base import ExtractorSpec
from extractors.delg_network import GLOBAL_DIM, LOCAL_DIM, Architecture, DelgNetwork, Maps
from extractors.delg_pyramid import Rule, level_size, limit_size, resize_level
from extractors.record import Features
from networks.keypoints import strongest_first
from networks.precision import fold_norms, inference, placed
from networks.state_dicts import load_strictly
from networks.winograd import use_winograd

SMALLEST_PX = 10  # photos with a shorter side have no features, as published
EPS = 1e-6  # least norm of a descriptor
VARIANT_DEFAULTS = {"released": ("block3", 1e-5), "training": ("expanded", 1e-3)}

# (depth, data set) -> published file, and the least attention that goes with its weights
PUBLISHED = {
    (50, "gld"): ("r50delg_gld_20200814.tar.gz", 175.0),
    (50, "gldv2clean"): ("r50delg_gldv2clean_20200914.tar.gz", 454.6),
    (101, "gld"): ("r101delg_gld_20200814.tar.gz", 166.1),
    (101, "gldv2clean"): ("r101delg_gldv2clean_20200914.tar.gz", 357.48),
}


@dataclass(frozen=True)
class DelgSettings:
    """Settings of DELG; the defaults are those of the published re-ranking benchmark.

    trained_on, depth: which published weights, of Google Landmarks 1 or cleaned 2, 50 or 101 layers.
    variant: "training" for weights of the published training code, which the released files are not.
    max_keypoints: the best so many over all levels are kept. score_threshold: least attention; None for
    the one published with the weights. image_scales: sizes of the levels over the photo's.
    global_scales_ind: which of them make the global descriptor. max_image_size, min_image_size: of the
    photo's longer side, pixels; it is resized when it lies beyond.
    block3_stride, attention_input, reduction_activation, batch_norm_eps, gem_power: see
    `extractors.delg_network.Architecture`; of attention_input and batch_norm_eps, None is the variant's
    own. resize: see `extractors.delg_pyramid.resize_level`. The released files' variables do not tell
    these six; the defaults are the paper's, and those of the authors' other code.
    """

    trained_on: Literal["gldv2clean", "gld"] = "gldv2clean"
    depth: Literal[50, 101] = 50
    variant: Literal["released", "training"] = "released"
    max_keypoints: PositiveInt = field(default=1000, metadata={"published": "max_feature_num"})
    score_threshold: float | None = None
    image_scales: tuple[PositiveFloat, ...] = (0.25, 0.35355338, 0.5, 0.70710677, 1.0, 1.4142135, 2.0)
    global_scales_ind: tuple[NonNegativeInt, ...] = (3, 4, 5)
    max_image_size: Annotated[int, Field(ge=SMALLEST_PX)] = 1024
    min_image_size: NonNegativeInt = 0
    block3_stride: Literal[32, 16] = 32
    attention_input: Literal["block3", "expanded"] | None = None
    reduction_activation: Literal["relu"] | None = None
    batch_norm_eps: PositiveFloat | None = None
    gem_power: PositiveFloat = 3.0
    resize: Rule = "half-pixel"

    def __post_init__(self) -> None:
        if any(index >= len(self.image_scales) for index in self.global_scales_ind):
            raise SettingsError(
                f"delg: global_scales_ind {self.global_scales_ind} goes beyond the {len(self.image_scales)} "
                "image_scales; it counts them from 0"
            )

    @property
    def least_attention(self) -> float:
        """Return the threshold in force."""
        published = PUBLISHED[self.depth, self.trained_on][1]
        return published if self.score_threshold is None else self.score_threshold

    @property
    def architecture(self) -> Architecture:
        """Return the network that these settings ask for."""
        attention_input, eps = VARIANT_DEFAULTS[self.variant]
        return Architecture(
            self.variant,
            self.depth,
            self.block3_stride,
            self.attention_input or attention_input,  # type: ignore[arg-type]
            self.reduction_activation,
            self.batch_norm_eps or eps,
            self.gem_power,
        )


class Detections(NamedTuple):
    """Features of one photo, on one level or on several: one row for each array."""

    keypoints: torch.Tensor
    descriptors: torch.Tensor
    scores: torch.Tensor
    scales: torch.Tensor


class Delg:
    """DELG as an extractor."""

    spec: ClassVar[ExtractorSpec] = ExtractorSpec(
        name="delg",
        summary="Attention over a ResNet's stage 3 chooses 128-D features of seven scales; a global "
        "descriptor (2048) of three.",
        source="Cao et al., ECCV 2020, arXiv 2001.05027; tensorflow/models, research/delf",
        licence="code Apache-2.0; weights Google, Apache-2.0 (the repository's)",
        yields=frozenset({"keypoints", "descriptors", "scores", "scales", "global_descriptor"}),
        descriptor_dim=LOCAL_DIM,
        family="delg",
    )
    Settings: ClassVar[type] = DelgSettings
    weights_digest: str

    def __init__(
        self,
        settings: DelgSettings,
        state: dict[str, torch.Tensor],
        device: torch.device,
        precision: str = "float32",
    ) -> None:
        self.settings = settings
        self.device = device
        self.precision = precision
        network = load_strictly(self.layers(settings), state, self.spec.name)
        fold_norms(network)
        use_winograd(network)
        self.network = placed(network, device)

    @classmethod
    def layers(cls, settings: DelgSettings) -> DelgNetwork:
        """Return the network, its weights not loaded."""
        return DelgNetwork(settings.architecture)

    @classmethod
    def checkpoint(cls, settings: DelgSettings) -> str:
        """Return the name of the published file."""
        return PUBLISHED[settings.depth, settings.trained_on][0]

    def prepare(self, image: np.ndarray) -> torch.Tensor:
        """Turn a uint8 RGB image (H, W, 3) into a (3, H', W') float32 tensor in [-1, 1), of limited size."""
        limited = limit_size(image, self.settings.max_image_size, self.settings.min_image_size)
        values = torch.from_numpy(np.ascontiguousarray(limited.transpose(2, 0, 1)))
        return (values.float() - 128) / 128

    def extract(
        self, batch: torch.Tensor, image_sizes: Sequence[tuple[int, int]] | None = None
    ) -> list[Features]:
        """Extract keypoints, descriptors (N, 128), scores, scales and global descriptors of photos.

        batch: (B, 3, H, W) of `prepare`. Features come by falling score; a feature's scale is one over
        the image scale of its level. A photo in which attention stays below the threshold has none; one
        with a side under 10 pixels has neither features nor a global descriptor, which is then zeros.
        """
        size = (batch.shape[-2], batch.shape[-1])
        sizes = [size] * len(batch) if image_sizes is None else image_sizes
        if min(size) < SMALLEST_PX:
            return [_nothing(original) for original in sizes]
        # On a CPU a batch saves little time, costs memory, and lets companions move a photo's last digits.
        parts = batch.split(1 if self.device.type == "cpu" else len(batch))
        with inference(self.device, self.precision):
            photos = [photo for part in parts for photo in self._pyramid(part.to(self.device))]
            return [
                self._strongest(levels, original, size, descriptor)
                for (levels, descriptor), original in zip(photos, sizes, strict=True)
            ]

    def _pyramid(self, photos: torch.Tensor) -> list[tuple[list[Detections], torch.Tensor]]:
        """Return each photo's features by level, and its global descriptor (2048,)."""
        found: list[list[Detections]] = [[] for _ in photos]
        total = photos.new_zeros(len(photos), GLOBAL_DIM)
        for number, scale in enumerate(self.settings.image_scales):
            size = level_size((photos.shape[-2], photos.shape[-1]), scale)
            if min(size) < self.network.smallest_px():
                continue
            maps = self.network(resize_level(photos, size, self.settings.resize))
            for levels, *photo in zip(found, *maps, strict=True):
                levels.append(self._search(Maps(*photo), scale))
            if number in self.settings.global_scales_ind:
                total += F.normalize(self.network.embedding(maps.block3), dim=1, eps=EPS)
        return list(zip(found, F.normalize(total, dim=1, eps=EPS), strict=True))

    def _search(self, maps: Maps, scale: float) -> Detections:
        """Return the features of one photo's maps, row by row; keypoints in pixels of `prepare`'s photo."""
        y, x = torch.nonzero(maps.attention >= self.settings.least_attention, as_tuple=True)
        return Detections(
            # Receptive fields have their centres exactly there, the first one on pixel (0, 0).
            keypoints=torch.stack([x, y], dim=1) * (self.settings.block3_stride / scale),
            descriptors=F.normalize(maps.descriptors[:, y, x], dim=0, eps=EPS).T,
            scores=maps.attention[y, x],
            scales=torch.full((len(x),), 1 / scale, device=x.device),
        )

    def _strongest(
        self,
        levels: list[Detections],
        original: tuple[int, int],
        size: tuple[int, int],
        descriptor: torch.Tensor,
    ) -> Features:
        if not levels:
            return _nothing(original)
        merged = Detections(*(torch.cat(arrays) for arrays in zip(*levels, strict=True)))
        best = strongest_first(merged.scores, self.settings.max_keypoints)
        arrays = {name: array[best].cpu().numpy() for name, array in merged._asdict().items()}
        factors = np.array([size[1] / original[1], size[0] / original[0]], np.float32)
        arrays["keypoints"] = arrays["keypoints"] / factors
        return Features(original, **arrays, global_descriptor=descriptor.cpu().numpy())


def _nothing(size: tuple[int, int]) -> Features:
    none = np.zeros(0, np.float32)
    return Features(
        size,
        keypoints=np.zeros((0, 2), np.float32),
        descriptors=np.zeros((0, LOCAL_DIM), np.float32),
        scores=none,
        scales=none,
        global_descriptor=np.zeros(GLOBAL_DIM, np.float32),
    )
