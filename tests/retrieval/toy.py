"""A retriever that is quick and counts its work, and photos that it can tell apart."""

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from PIL import Image

from retrieval.base import RetrieverSpec
from retrieval.vlad import VLADSettings

SIZES = ((40, 48), (48, 40), (40, 48), (56, 56))
DATABASE_COUNT, QUERY_COUNT = 11, 3


def texture(seed: int, size: tuple[int, int]) -> np.ndarray:
    """Draw a random mosaic (H, W, 3) with a colour of its own."""
    draw = np.random.default_rng(seed)
    tiles = draw.integers(0, 256, (5, 5, 3)) // 2 + draw.integers(0, 128, 3)
    return np.asarray(Image.fromarray(tiles.astype(np.uint8)).resize(size[::-1], Image.Resampling.NEAREST))


def name_of(number: int, offset_m: float = 0.0) -> str:
    return f"@{500000 + 100 * number + offset_m:010.2f}@4180000.00@10@S@@@{number}@@@@@@@@.jpg"


def save(photo: np.ndarray, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(photo).save(path, format="PNG")


class Mosaic:
    """Describes a photo by the colours of a 5 x 5 grid. Not a constant is random."""

    spec: ClassVar[RetrieverSpec] = RetrieverSpec(name="mosaic", summary="for tests", source="none")
    Settings: ClassVar[type] = VLADSettings  # any frozen dataclass will do

    def __init__(self, seed: int = 0) -> None:
        self.settings = VLADSettings(seed=seed)
        self.precision = "float32"
        self.weights_digest = ""
        self.described = 0
        self.batches: list[int] = []

    @classmethod
    def checkpoint(cls, settings: VLADSettings) -> None:
        return

    def prepare(self, image: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(image.copy()).permute(2, 0, 1).float()

    def describe(self, batch: torch.Tensor) -> np.ndarray:
        self.described += len(batch)
        self.batches.append(len(batch))
        grids = torch.nn.functional.adaptive_avg_pool2d(batch, 5).flatten(1)
        centred = grids - grids.mean(dim=1, keepdim=True)
        return torch.nn.functional.normalize(centred, dim=1).numpy()

    def fit(self, images: Iterable[np.ndarray]) -> None:
        raise AssertionError("this one does not learn")

    def learned(self) -> dict[str, np.ndarray]:
        return {}

    def restore(self, learned: dict[str, np.ndarray]) -> None:
        raise AssertionError("this one does not learn")
