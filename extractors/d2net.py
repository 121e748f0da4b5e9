"""D2-Net: one VGG-16 feature map that is 512 detector responses and the descriptors at once.

Source: Dusmanu, Rocco, Pajdla, Pollefeys, Sivic, Torii, Sattler, CVPR 2019, with the multi-scale
extraction of mihaidusmanu/d2-net.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field, PositiveFloat, PositiveInt
from torch import nn

from extractors.base import ExtractorSpec
from extractors.d2net_detection import Peaks, ban, find_peaks, sample
from extractors.record import Features
from networks.backbones import vgg16_sequence
from networks.keypoints import strongest_first
from networks.precision import inference, placed
from networks.resizing import imagenet_normalise, resize_photo, to_unit_range
from networks.state_dicts import load_strictly
from networks.winograd import use_winograd

DESCRIPTOR_DIM = 512
CAFFE_MEANS = (103.939, 116.779, 123.68)  # of blue, green and red
CELL_PX = 4
OFFSET_PX = 1.5  # as published; the averaging pool puts the true centre of the first cell at 3.5
LEAST_PX = 8  # a smaller photo has no feature map


@dataclass(frozen=True)
class D2NetSettings:
    """Settings of D2-Net; the defaults are those of the published extraction, at three scales.

    preprocessing: "caffe" and "torch" are how the weights were trained; the published weights want
    "caffe". "reference" is what the re-ranking benchmark's code gives the network: photos upside down,
    their red and blue swapped; keypoints are turned back.
    scales: of the photo, one level for each. use_relu: whether the map ends in a ReLU.
    max_keypoints: the best so many are kept, None for all; the authors advise against a cap, since
    scores of different scales do not compare.
    resize: photos are shrunk to at most so long a side, and to at most such a sum of height and width,
    pixels; None for no limit, as in the benchmark.
    """

    preprocessing: Literal["caffe", "torch", "reference"] = "caffe"
    scales: Annotated[tuple[PositiveFloat, ...], Field(min_length=1)] = (0.5, 1.0, 2.0)
    use_relu: bool = True
    max_keypoints: PositiveInt | None = None
    resize: tuple[PositiveInt, PositiveInt] | None = (1600, 2800)


class D2NetNetwork(nn.Module):
    """VGG-16 up to conv4_3, its last block dilated for a finer map; named as in the published files.

    use_relu: whether the map ends in a ReLU.
    """

    def __init__(self, use_relu: bool = True) -> None:
        super().__init__()
        layers = list(vgg16_sequence())[: 23 if use_relu else 22]
        layers[16] = nn.AvgPool2d(2, stride=1)
        for place, inputs in ((17, 256), (19, 512), (21, 512)):
            layers[place] = nn.Conv2d(inputs, DESCRIPTOR_DIM, 3, padding=2, dilation=2)
        self.dense_feature_extraction = nn.Sequential(OrderedDict(model=nn.Sequential(*layers)))

    def forward(self, photos: torch.Tensor) -> torch.Tensor:
        """Map photos (B, 3, H, W) to features (B, 512, H // 4 - 1, W // 4 - 1)."""
        features: torch.Tensor = self.dense_feature_extraction(photos)
        return features


class Detections(NamedTuple):
    """Keypoints of one photo, on one level or on several: one row for each array."""

    keypoints: torch.Tensor
    descriptors: torch.Tensor
    scores: torch.Tensor
    scales: torch.Tensor


class D2Net:
    """D2-Net as an extractor."""

    spec: ClassVar[ExtractorSpec] = ExtractorSpec(
        name="d2net",
        summary="Peaks of a VGG-16 feature map at three scales, described by the map itself, 512-D.",
        source="Dusmanu et al., CVPR 2019; mihaidusmanu/d2-net",
        licence="code Apache-2.0; weights of no stated licence (the authors' code: Clear BSD)",
        yields=frozenset({"keypoints", "descriptors", "scores", "scales"}),
        descriptor_dim=DESCRIPTOR_DIM,
        family="d2net",
        deviations=(
            "photos go in as the authors give them; the benchmark's code turned them upside down, swapped "
            "red and blue, and had no limit of size: preprocessing=reference resize=none."
        ),
    )
    Settings: ClassVar[type] = D2NetSettings

    def __init__(
        self,
        settings: D2NetSettings,
        state: dict[str, torch.Tensor],
        device: torch.device,
        precision: str = "float32",
    ) -> None:
        self.settings = settings
        self.device = device
        self.precision = precision
        network = load_strictly(self.layers(settings), state, self.spec.name)
        use_winograd(network)
        self.network = placed(network, device)

    @classmethod
    def layers(cls, settings: D2NetSettings) -> D2NetNetwork:
        """Return the network, its weights not loaded."""
        return D2NetNetwork(settings.use_relu)

    @classmethod
    def checkpoint(cls, settings: D2NetSettings) -> str:
        """Return the name of the published file."""
        return "d2_tf.pth"

    def prepare(self, image: np.ndarray) -> torch.Tensor:
        """Turn a uint8 RGB image (H, W, 3) into the network's input (3, h, w), shrunk to the limits."""
        limits = self.settings.resize
        if limits is not None:
            image = resize_photo(image, within(image.shape[:2], *limits))
        if self.settings.preprocessing == "torch":
            return imagenet_normalise(to_unit_range(image))
        turned = image[..., ::-1] if self.settings.preprocessing == "caffe" else image[::-1]
        pixels = torch.from_numpy(np.ascontiguousarray(turned.transpose(2, 0, 1))).float()
        return pixels - torch.tensor(CAFFE_MEANS)[:, None, None]

    def extract(
        self, batch: torch.Tensor, image_sizes: Sequence[tuple[int, int]] | None = None
    ) -> list[Features]:
        """Extract keypoints, descriptors (N, 512), scores and scales of prepared photos (B, 3, h, w).

        Rows come level by level, in a level by channel, row and column of the map; scales are 1 over
        the level's. Photos go through the network one by one, since the map of one at twice its size
        fills a device.
        """
        sizes = image_sizes or [(batch.shape[-2], batch.shape[-1])] * len(batch)
        with inference(self.device, self.precision):
            return [
                self._extract_one(photo.to(self.device), size)
                for photo, size in zip(batch, sizes, strict=True)
            ]

    def _extract_one(self, photo: torch.Tensor, image_size: tuple[int, int]) -> Features:
        levels = [_nothing(photo.device), *self._levels(photo)]
        merged = Detections(*(torch.cat(arrays) for arrays in zip(*levels, strict=True)))
        cap = self.settings.max_keypoints
        if cap is not None and cap < len(merged.scores):
            best = strongest_first(merged.scores, cap).sort().values
            merged = Detections(*(array[best] for array in merged))
        arrays = {name: array.cpu().numpy() for name, array in merged._asdict().items()}
        arrays["keypoints"] *= np.array(image_size[::-1], np.float32) / photo.shape[:0:-1]
        if self.settings.preprocessing == "reference":
            arrays["keypoints"][:, 1] = image_size[0] - 1 - arrays["keypoints"][:, 1]
        return Features(image_size, **arrays)

    def _levels(self, photo: torch.Tensor) -> Iterator[Detections]:
        """Yield what each level adds to what the levels before it found; keypoints in pixels of `photo`."""
        before: torch.Tensor | None = None
        banned = torch.zeros((1, 1), dtype=torch.bool, device=photo.device)
        for place, scale in enumerate(self.settings.scales):
            size = int(photo.shape[1] * scale), int(photo.shape[2] * scale)
            if min(size) < LEAST_PX:
                continue
            maps = self._fused(_resized(photo[None], size), before)
            features = maps[0]
            peaks = find_peaks(features)
            free, banned = ban(peaks, banned, features.shape[1:])
            found = _describe(features, peaks.where(free))
            ratio = torch.tensor([photo.shape[2] / size[1], photo.shape[1] / size[0]], device=photo.device)
            yield Detections(
                keypoints=found.keypoints * ratio,
                descriptors=found.descriptors,
                scores=found.scores / (place + 1),
                scales=found.scales / scale,
            )
            # Without keypoints the published code drops the first level's map, and fails on a later one.
            before = maps if len(found.scores) or place > 0 else None

    def _fused(self, photo: torch.Tensor, before: torch.Tensor | None) -> torch.Tensor:
        """Return the map (1, 512, h, w) of a level's photo, the map of the level before it added."""
        features = self.network(photo).float()
        if before is not None:
            features += _resized(before, features.shape[2:])
        return features


def within(size: tuple[int, int], longest_px: int, sum_px: int) -> tuple[int, int]:
    """Return `size` (H, W) shrunk, if need be, to at most `longest_px` a side and `sum_px` together.

    Each shrinking rounds both sides down, to one pixel at least.
    """
    for limit, measure in ((longest_px, max), (sum_px, sum)):
        found = measure(size)
        if found > limit:
            size = max(1, size[0] * limit // found), max(1, size[1] * limit // found)
    return size


def _describe(features: torch.Tensor, peaks: Peaks) -> Detections:
    """Return the peaks of a map (512, h, w) that move by less than half a cell to a place on the map.

    Keypoints are in pixels of the photo that the map was made from.
    """
    near = peaks.where(torch.all(peaks.steps.abs() < 0.5, dim=1))
    places = torch.stack([near.rows, near.columns], dim=1) + near.steps
    descriptors, kept = sample(features, places)
    scores = features[near.channels, near.rows, near.columns][kept]
    return Detections(
        keypoints=CELL_PX * places[kept].flip(1) + OFFSET_PX,
        descriptors=descriptors,
        scores=scores,
        scales=torch.ones_like(scores),
    )


def _resized(maps: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
    """Resize maps (1, C, H, W) to `size` (h, w), bilinear between the corners' centres, as published.

    A map that lost its first dimension on the way would lose its memory layout: twenty times the time.
    """
    if tuple(maps.shape[2:]) == tuple(size):
        return maps
    return F.interpolate(maps, tuple(size), mode="bilinear", align_corners=True)


def _nothing(device: torch.device) -> Detections:
    none = torch.zeros(0, device=device)
    return Detections(none.view(0, 2), none.view(0, DESCRIPTOR_DIM), none, none)
