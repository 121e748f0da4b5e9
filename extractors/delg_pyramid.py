"""DELG's resizing: the photo to a largest side, and its pyramid, as published code rounds and samples."""

from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F

from networks.resizing import resize_photo

Rule = Literal["half-pixel", "legacy"]


def limit_size(image: np.ndarray, max_px: int, min_px: int = 0) -> np.ndarray:
    """Resize a uint8 photo (H, W, 3) whose longer side lies above max_px or below min_px to that side.

    Bilinear, with antialiasing; other photos are returned unchanged.
    """
    height, width = image.shape[:2]
    longest = max(height, width)
    wanted = max_px if longest > max_px else min_px if longest < min_px else longest
    factor = wanted / longest
    return resize_photo(image, (round(height * factor), round(width * factor)))


def level_size(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """Return the (H, W) of a photo of `size` at `scale`, in float32 and half to even, as TensorFlow does."""
    height, width = np.rint(np.asarray(size, np.float32) * np.float32(scale)).astype(int)
    return int(height), int(width)


def resize_level(photos: torch.Tensor, size: tuple[int, int], rule: Rule) -> torch.Tensor:
    """Resize float photos (B, C, H, W) to `size`, bilinear and never antialiased.

    rule: "half-pixel" puts samples between pixel centres; "legacy" is TensorFlow 1's, which puts the
    first sample on the first pixel and knows no pixel beyond the last.
    """
    if photos.shape[-2:] == size:
        return photos
    if rule == "half-pixel":
        return F.interpolate(photos, size, mode="bilinear", align_corners=False)
    rows = _interpolate_legacy(photos.mT, size[0]).mT
    return _interpolate_legacy(rows, size[1])


def _interpolate_legacy(values: torch.Tensor, length: int) -> torch.Tensor:
    """Resize the last dimension to `length`: sample i lies at i times the ratio of the lengths."""
    old = values.shape[-1]
    place = torch.arange(length, device=values.device) * (old / length)
    left = place.long()
    right = (left + 1).clamp(max=old - 1)
    return torch.lerp(values[..., left], values[..., right], (place - left).to(values.dtype))
