"""The retriever contract."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from networks.registry import MethodSpec

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class RetrieverSpec(MethodSpec):
    """What a retriever declares. learns: whether `fit` must see the database first."""

    learns: bool = False


class Retriever(Protocol):
    """Global descriptors of photos; built as `Class(settings, state, device, precision)`.

    precision: the number format that its network runs in. weights_digest: `digest_of_arrays` of its
    state dict, "" without a network. Both tell stored descriptors of different weights apart.
    """

    spec: ClassVar[RetrieverSpec]
    Settings: ClassVar[type]
    settings: Any
    precision: str
    weights_digest: str

    @classmethod
    def layers(cls, settings: Any) -> "nn.Module | None":
        """Return the network, its weights not loaded, for `settings`; None without one."""

    @classmethod
    def checkpoint(cls, settings: Any) -> str | None:
        """Return the file name of the published weights for `settings`, None without a network."""

    def prepare(self, image: np.ndarray) -> "torch.Tensor":
        """Turn a uint8 RGB image (H, W, 3) into the network's input; CPU only."""

    def describe(self, batch: "torch.Tensor") -> np.ndarray:
        """Describe a batch of equal-sized prepared photos: (B, D) float32 of unit length."""

    def fit(self, images: Iterable[np.ndarray]) -> None:
        """Learn on database photos (uint8 RGB); nothing to do for most retrievers."""

    def learned(self) -> dict[str, np.ndarray]:
        """Return what `fit` learned, to be saved with the descriptors; empty for most."""

    def restore(self, learned: dict[str, np.ndarray]) -> None:
        """Take back what `learned` returned."""
