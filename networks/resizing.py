"""Photos to network input: the resizes in use in the field, and ImageNet's normalisation."""

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def shorter_side_to(size: tuple[int, int], shorter_px: int) -> tuple[int, int]:
    """Return the (H, W) of a photo of `size` (H, W) scaled so that its shorter side is `shorter_px`.

    The longer side is rounded down, as torchvision does.
    """
    height, width = size
    if height <= width:
        return shorter_px, shorter_px * width // height
    return shorter_px * height // width, shorter_px


def within_edge(size: tuple[int, int], edge_px: int) -> tuple[int, int]:
    """Return `size` (H, W), shrunk if need be so that its longer side is `edge_px`."""
    factor = edge_px / max(size)
    if factor >= 1:
        return size
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def resize_photo(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize a uint8 photo (H, W, 3) or (H, W) to `size` (H, W): PIL's bilinear, which antialiases.

    A photo that has the size already is returned unchanged.
    """
    if image.shape[:2] == tuple(size):
        return image
    return np.asarray(Image.fromarray(image).resize((size[1], size[0]), Image.Resampling.BILINEAR))


def resize_tensor(tensor: torch.Tensor, size: tuple[int, int], *, antialias: bool) -> torch.Tensor:
    """Resize a float tensor (C, H, W) to `size` (H, W), bilinear between pixel centres.

    antialias: whether pixels are averaged when a photo shrinks; published code differs in it. A
    tensor that has the size already is returned unchanged.
    """
    if tuple(tensor.shape[-2:]) == tuple(size):
        return tensor
    resized = F.interpolate(
        tensor[None], tuple(size), mode="bilinear", align_corners=False, antialias=antialias
    )
    return resized[0]


def to_unit_range(image: np.ndarray) -> torch.Tensor:
    """Turn a uint8 RGB photo (H, W, 3) into a float32 tensor (3, H, W) in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))).float().div_(255)


def luma(image: np.ndarray) -> torch.Tensor:
    """Turn a uint8 RGB photo (H, W, 3) into float32 luma (1, H, W) in [0, 1], weighed as torchvision does."""
    red, green, blue = to_unit_range(image)
    return (0.2989 * red + 0.587 * green + 0.114 * blue)[None]


def imagenet_normalise(tensor: torch.Tensor) -> torch.Tensor:
    """Subtract ImageNet's channel means from an RGB tensor (3, H, W) in [0, 1], divide by its deviations."""
    mean = torch.tensor(IMAGENET_MEAN).view(3, 1, 1)
    deviation = torch.tensor(IMAGENET_STD).view(3, 1, 1)
    return (tensor - mean) / deviation
