"""Photos in pictures: read, shrunk to what a picture shows of them, and put into its axes."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from matplotlib.axes import Axes

from data.errors import PhotoError
from data.photos import read_photo
from rerank.plots.style import GREY, PALE

FLATTEST = 0.25  # height over width of the room that a panorama gets
ABSENT_SIZE = (3, 4)  # shape of a photo that is not there


@dataclass(frozen=True, eq=False)
class Picture:
    """A photo as a picture shows it.

    size: (H, W) of the photo, pixels; ABSENT_SIZE where unknown. pixels: uint8 RGB, shrunk; None where
    the photo could not be read, and `fault` says why.
    """

    size: tuple[int, int]
    pixels: np.ndarray | None
    fault: str = ""


def load_picture(path: Path, max_edge_px: int, *, exif: bool = True) -> Picture:
    """Read a photo, shrunk until its longer side has at most `max_edge_px` pixels.

    A photo that cannot be read is no error: the picture has an empty frame in its place.
    """
    try:
        image = read_photo(path, exif=exif)
    except PhotoError as error:
        missing = not path.exists()
        return Picture(ABSENT_SIZE, None, "photo is missing" if missing else f"photo cannot be read: {error}")
    return Picture(image.shape[:2], shrunk(image, max_edge_px))


def shrunk(image: np.ndarray, max_edge_px: int) -> np.ndarray:
    """Return an image (H, W, 3) whose longer side has at most `max_edge_px` pixels, averaging them."""
    height, width = image.shape[:2]
    ratio = max_edge_px / max(height, width)
    if ratio >= 1:
        return image
    size = max(1, round(width * ratio)), max(1, round(height * ratio))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def height_over_width(size: tuple[int, int]) -> float:
    """Return the shape of a photo of `size` (H, W) for a layout, which very long ones must not burst."""
    return min(max(size[0] / size[1], FLATTEST), 1 / FLATTEST)


def put(axis: Axes, picture: Picture, *, left: float = 0.0, top: float = 0.0, scale: float = 1.0) -> None:
    """Draw a picture into `axis`, whose coordinates are pixels of the photo, y downwards.

    left, top: where the outer corner of its top-left pixel goes. scale: of its pixels.
    """
    height, width = (scale * side for side in picture.size)
    extent = (left - 0.5, left + width - 0.5, top + height - 0.5, top - 0.5)
    if picture.pixels is not None:
        axis.imshow(picture.pixels, extent=extent, aspect="equal")
        return
    axis.imshow(np.full((1, 1, 3), 235, np.uint8), extent=extent, aspect="equal")
    axis.text(
        left + width / 2, top + height / 2, picture.fault.partition(":")[0],
        ha="center", va="center", color=GREY, fontsize=6.5,
    )  # fmt: skip


def bare(axis: Axes) -> None:
    """Take ticks and grid away and leave the frame."""
    axis.set(xticks=[], yticks=[])
    axis.grid(visible=False)
    for spine in axis.spines.values():
        spine.set(visible=True, color=PALE)
