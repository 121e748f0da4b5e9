"""The feature record: what an extractor gives of one photo."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

import numpy as np

from data.errors import RerankError


@dataclass(frozen=True)
class Features:
    """Local features of one photo by one extractor, as arrays on the CPU.

    image_size: (H, W) of the original photo, pixels.
    keypoints: (N, 2) float32, x then y in pixels of the original photo, the centre of its top-left
        pixel at (0, 0).
    descriptors: (N, D) float32 or float16, of unit length unless the extractor says otherwise.
    scores: (N,) float32, larger is better. scales: (N,) float32. levels: (N,) int64.
    global_descriptor: (G,) float32. dense: name -> map, for methods that keep maps.
    frame_size: (H, W) that the whole photo was resized to, by methods whose published scores are
        measured in pixels of that frame; None for the others.
    """

    image_size: tuple[int, int]
    keypoints: np.ndarray | None = None
    descriptors: np.ndarray | None = None
    scores: np.ndarray | None = None
    scales: np.ndarray | None = None
    levels: np.ndarray | None = None
    global_descriptor: np.ndarray | None = None
    dense: Mapping[str, np.ndarray] = field(default_factory=dict)
    frame_size: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        lengths = {name: len(array) for name, array in self.per_keypoint().items()}
        if len(set(lengths.values())) > 1:
            raise RerankError(f"arrays of one photo differ in length: {lengths}")
        if self.keypoints is not None and self.keypoints.shape[1:] != (2,):
            raise RerankError(f"keypoints must be (N, 2), found {self.keypoints.shape}")

    def __len__(self) -> int:
        return 0 if self.keypoints is None else len(self.keypoints)

    def per_keypoint(self) -> dict[str, np.ndarray]:
        """Return the arrays that have one row per keypoint, by name."""
        names = ("keypoints", "descriptors", "scores", "scales", "levels")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

    def names(self) -> frozenset[str]:
        """Return the names of the arrays that are present."""
        present = {
            item.name
            for item in fields(self)
            if item.name not in ("image_size", "frame_size", "dense") and getattr(self, item.name) is not None
        }
        return frozenset(present | ({"dense"} if self.dense else set()))

    def in_frame(self) -> "Features":
        """Return the same features of the resized photo, keypoints in its pixels; self without a frame."""
        if self.frame_size is None or self.keypoints is None:
            return self
        keypoints = rescaled(self.keypoints, self.image_size, self.frame_size)
        return replace(self, keypoints=keypoints, image_size=self.frame_size, frame_size=None)


def rescaled(keypoints: np.ndarray, size: tuple[int, int], new_size: tuple[int, int]) -> np.ndarray:
    """Carry keypoints (N, 2) of a photo of `size` (H, W) over to the photo resized to `new_size`.

    Pixel centres lie at integers in both, so the corners agree: half a pixel beyond the outer centres.
    """
    ratio = np.array(new_size[::-1], np.float64) / size[::-1]
    return ((keypoints + 0.5) * ratio - 0.5).astype(np.float32)
