"""The extractor contract."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from extractors.record import Features
from networks.registry import MethodSpec

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class ExtractorSpec(MethodSpec):
    """What an extractor declares.

    yields: names of the `Features` arrays that it fills. descriptor_dim: D, or None without
    descriptors. family: extractors of one family have interchangeable descriptors; matchers with
    learned weights name the families that they were trained on.
    """

    yields: frozenset[str] = frozenset({"keypoints", "descriptors", "scores"})
    descriptor_dim: int | None = None
    family: str = ""


class Extractor(Protocol):
    """Local features of photos.

    Built as `Class(settings, state, device, precision)` by `extractors.build`; `settings` is a
    frozen instance of the class's `Settings`, `state` a state dict or None.
    device, precision: where and in which number format its network runs. weights_digest: 16 digits of
    its state dict, "" without a network; `build` sets it.
    """

    spec: ClassVar[ExtractorSpec]
    Settings: ClassVar[type]
    settings: Any
    device: "torch.device"
    precision: str
    weights_digest: str

    @classmethod
    def layers(cls, settings: Any) -> "nn.Module | None":
        """Return the network, its weights not loaded, for `settings`; None without one."""

    @classmethod
    def checkpoint(cls, settings: Any) -> str | None:
        """Return the file name of the published weights for `settings`, None without a network."""

    def prepare(self, image: np.ndarray) -> "torch.Tensor":
        """Turn a uint8 RGB image (H, W, 3) into the network's input; CPU only, no state."""

    def extract(
        self, batch: "torch.Tensor", image_sizes: Sequence[tuple[int, int]] | None = None
    ) -> list[Features]:
        """Extract features of a batch of equal-sized prepared photos.

        batch: (B, ...) stacked results of `prepare`. image_sizes: (H, W) of each original photo,
        needed where `prepare` resizes; by default the size of the tensors. Keypoints come in pixels
        of the original photos.
        """
