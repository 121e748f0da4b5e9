"""The one photo decoder: JPEG and PNG files to uint8 RGB arrays, by Pillow.

Pillow decodes to the same bits as OpenCV and simplejpeg do (all are libjpeg-turbo). It is kept for
what they lack: it refuses truncated files, knows CMYK and EXIF, and reads sizes from headers alone.
`benchmarks/decoding.py` has the difference in speed.
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from data.errors import PhotoError

# Only these are tried: some of Pillow's other readers start external programs.
FORMATS = ("JPEG", "PNG")
EXTENSIONS = (".jpg", ".jpeg", ".png")

_MAGIC = {"JPEG": b"\xff\xd8\xff", "PNG": b"\x89PNG\r\n\x1a\n"}
_ORIENTATION_TAG = 0x0112
_UPRIGHT = 1
# EXIF orientation -> what makes the stored pixels upright.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_FIRST_SIDEWAYS = 5


@dataclass(frozen=True)
class PhotoHeader:
    """What a photo's header says. height, width: stored pixels. orientation: EXIF, 1 is upright."""

    height: int
    width: int
    orientation: int

    def size(self, *, exif: bool = True) -> tuple[int, int]:
        """Return (H, W) in pixels, after the EXIF orientation unless `exif` is False."""
        sideways = exif and self.orientation >= _FIRST_SIDEWAYS
        return (self.width, self.height) if sideways else (self.height, self.width)


def read_photo(path: str | Path, *, exif: bool = True) -> np.ndarray:
    """Decode a photo to uint8 RGB (H, W, 3).

    Grey is repeated into the three channels, alpha is dropped (not blended), 16-bit samples keep
    their high byte, CMYK is converted without a colour profile. exif: turn the photo upright by its
    EXIF orientation; False gives the stored pixels, as older published numbers were made.
    Raises PhotoError for a file that is missing, empty, truncated, too large, or not a JPEG or PNG.
    """
    with _opened(Path(path)) as image:
        turn = _TURNS.get(_orientation(image)) if exif else None
        rgb = _to_rgb(image)
        return np.array(rgb if turn is None else rgb.transpose(turn))


def read_header(path: str | Path) -> PhotoHeader:
    """Read a photo's size and orientation without decoding it; raises PhotoError as `read_photo`."""
    with _opened(Path(path)) as image:
        return PhotoHeader(image.height, image.width, _orientation(image))


def photo_size(path: str | Path, *, exif: bool = True) -> tuple[int, int]:
    """Return the (H, W) that `read_photo` would give, from the header alone."""
    return read_header(path).size(exif=exif)


def read_tags(path: str | Path, directory: int) -> dict[int, Any]:
    """Read the EXIF tags of one directory of a photo without decoding it; raises PhotoError.

    directory: such as `PIL.ExifTags.IFD.GPSInfo`. Returns tag -> value, none where EXIF is damaged.
    """
    with _opened(Path(path)) as image:
        try:
            return dict(Image.Image.getexif(image).get_ifd(directory))
        except (SyntaxError, ValueError, TypeError, KeyError, struct.error):
            return {}


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Open a photo, and turn whatever a damaged file makes Pillow raise into a PhotoError."""
    try:
        with path.open("rb") as file, Image.open(file, formats=FORMATS) as image:
            yield image
    except UnidentifiedImageError as error:
        raise PhotoError(f"{path}: {_why_unidentified(path)}") from error
    except FileNotFoundError as error:
        raise PhotoError(f"{path}: no such file") from error
    except Image.DecompressionBombError as error:
        raise PhotoError(f"{path}: too many pixels; scale the photo down. {error}") from error
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:
        raise PhotoError(f"{path}: cannot be read, truncated or damaged: {error}") from error


def _why_unidentified(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(8)
    if not start:
        return "the file is empty (0 bytes)"
    for name, magic in _MAGIC.items():
        if start.startswith(magic):
            return f"a {name} file whose header is truncated, damaged, or of zero width or height"
    return f"not a JPEG or PNG image; it starts with the bytes {start!r}"


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 where the tag is missing or damaged, as viewers do."""
    try:
        # The base class's method: that of PNG decodes the whole photo to look for a late EXIF block.
        value = Image.Image.getexif(image).get(_ORIENTATION_TAG)
    except (SyntaxError, ValueError, TypeError, struct.error):
        return _UPRIGHT
    return value if value in _TURNS else _UPRIGHT


def _to_rgb(image: Image.Image) -> Image.Image:
    """Return the photo in mode RGB."""
    if image.mode == "RGB":
        return image
    if image.mode.startswith("I"):  # 16-bit grey, which Pillow would clip at 255
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    image.info.pop("transparency", None)  # Pillow warns of a palette's alpha, which is dropped anyway
    return image.convert("RGB")
