"""Writing the exported photos: as they were, unless they must be turned upright or blurred."""

import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from data.curation.export.blurring import Detector, blur_boxes
from data.photos import read_header, read_photo

JPEG_QUALITY = 95
_UPRIGHT = 1


def written_extension(source: Path, detector: Detector | None) -> str:
    """Return the extension that `write_upright` gives a photo: that of its format, ".jpg" if drawn anew.

    Raises PhotoError for a file that is no photo.
    """
    is_png = source.suffix.lower() == ".png"
    again = detector is not None or read_header(source).orientation != _UPRIGHT
    return ".png" if is_png and not again else ".jpg"


def write_upright(source: Path, target: Path, detector: Detector | None) -> int:
    """Write a photo so that its stored pixels are upright, and return how many boxes were blurred.

    An upright photo in which nothing is to be blurred is copied byte for byte. One that is written anew
    loses all that its header said. Raises PhotoError for a photo that cannot be decoded whole.
    """
    image = read_photo(source)  # decoded whole in any case: a truncated photo must not be exported
    boxes = detector(image) if detector else np.empty((0, 4), np.int64)
    if detector is None and read_header(source).orientation == _UPRIGHT:
        shutil.copyfile(source, target)
        return 0
    Image.fromarray(blur_boxes(image, boxes) if len(boxes) else image).save(
        target, "JPEG", quality=JPEG_QUALITY, subsampling=0
    )
    return len(boxes)
