"""Random changes of colour, frame and side that a photo of a place may have.

The colour changes and the crop are those that CosPlace publishes, as torchvision defines them.
"""

from dataclasses import dataclass

import numpy as np
import torch
from pydantic import NonNegativeFloat

from networks.resizing import resize_tensor

LUMA = (0.2989, 0.587, 0.114)
CROP_ATTEMPTS = 10


@dataclass(frozen=True)
class Augmentation:
    """How photos vary.

    brightness, contrast, saturation: factors lie within so much of 1. hue: share of a turn.
    smallest_crop: share of the photo's area. widest: largest ratio of a crop's proportions to those of
    what it is resized to; its inverse is the smallest. flip_share: of the photos that are mirrored.
    """

    brightness: NonNegativeFloat = 0.7
    contrast: NonNegativeFloat = 0.7
    saturation: NonNegativeFloat = 0.7
    hue: NonNegativeFloat = 0.5
    smallest_crop: NonNegativeFloat = 0.5
    widest: NonNegativeFloat = 4 / 3
    flip_share: NonNegativeFloat = 0.0


def augment(
    photo: torch.Tensor, size: tuple[int, int], rng: np.random.Generator, how: Augmentation
) -> torch.Tensor:
    """Return a photo (3, H, W), RGB in [0, 1], cropped, resized to `size`, changed in colour, maybe mirrored.

    CosPlace changes colours first; after the crop it costs less, and differs only in the mean grey around
    which contrast changes.
    """
    top, left, height, width = choose_crop(photo.shape[-2:], size, rng, how)
    crop = resize_tensor(photo[:, top : top + height, left : left + width], size, antialias=True)
    coloured = jitter_colours(crop, rng, how)
    return coloured.flip(-1) if rng.random() < how.flip_share else coloured


def jitter_colours(photo: torch.Tensor, rng: np.random.Generator, how: Augmentation) -> torch.Tensor:
    """Change brightness, contrast, saturation and hue of a photo (3, H, W) in [0, 1], in a random order."""
    for change in rng.permutation(4):
        if change == 0:
            photo = _blend(photo, torch.zeros(()), _factor(rng, how.brightness))
        elif change == 1:
            photo = _blend(photo, grey_of(photo).mean(), _factor(rng, how.contrast))
        elif change == 2:
            photo = _blend(photo, grey_of(photo), _factor(rng, how.saturation))
        else:
            photo = turn_hue(photo, rng.uniform(-how.hue, how.hue))
    return photo


def choose_crop(
    shape: torch.Size | tuple[int, int], size: tuple[int, int], rng: np.random.Generator, how: Augmentation
) -> tuple[int, int, int, int]:
    """Return top, left, height, width of a random crop of a photo of `shape` (H, W).

    Its proportions are those of `size` (H, W) times a random ratio. Where no crop fits in a few attempts
    it is the whole photo.
    """
    rows, columns = shape
    for _ in range(CROP_ATTEMPTS):
        area = rows * columns * rng.uniform(how.smallest_crop, 1.0)
        ratio = size[1] / size[0] * how.widest ** rng.uniform(-1, 1)
        width, height = round((area * ratio) ** 0.5), round((area / ratio) ** 0.5)
        if 0 < width <= columns and 0 < height <= rows:
            return int(rng.integers(rows - height + 1)), int(rng.integers(columns - width + 1)), height, width
    return 0, 0, rows, columns


def grey_of(photo: torch.Tensor) -> torch.Tensor:
    """Return the luma (1, H, W) of a photo (3, H, W)."""
    return (photo * torch.tensor(LUMA).view(3, 1, 1)).sum(0, keepdim=True)


def turn_hue(photo: torch.Tensor, share: float) -> torch.Tensor:
    """Turn the hue of a photo (3, H, W) in [0, 1] by a share of the full circle, in HSV."""
    value, strongest = photo.max(0)
    chroma = value - photo.amin(0)
    red, green, blue = photo
    safe = torch.where(chroma > 0, chroma, 1.0)
    sectors = torch.stack([(green - blue) / safe, (blue - red) / safe + 2, (red - green) / safe + 4])
    hue = sectors.gather(0, strongest[None])[0] + 6 * share
    # Each channel is value less chroma times how far the hue is from the channel's own colour.
    steps = (torch.tensor([5.0, 3.0, 1.0]).view(3, 1, 1) + hue) % 6
    return value - chroma * torch.minimum(steps, 4 - steps).clamp(0, 1)


def _factor(rng: np.random.Generator, spread: float) -> float:
    return float(rng.uniform(max(0.0, 1 - spread), 1 + spread))


def _blend(photo: torch.Tensor, other: torch.Tensor, factor: float) -> torch.Tensor:
    return (factor * photo + (1 - factor) * other).clamp(0, 1)
