"""Blurring faces and number plates, found by OpenCV's cascades or by any detector that is given."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from data.errors import SettingsError

# Of OpenCV 4's data folder: faces from the front and the side, and number plates.
CASCADES = (
    "haarcascade_frontalface_default.xml",
    "haarcascade_profileface.xml",
    "haarcascade_russian_plate_number.xml",
)
CELLS = 5  # along the longer side of a blurred box: too few to tell a face or a number
MARGIN = 0.15  # of the box, added on each side

# uint8 RGB (H, W, 3) -> (N, 4) int: left, top, width and height of what is to be blurred, in pixels.
Detector = Callable[[np.ndarray], np.ndarray]


def cascade_detector(folder: Path | None = None) -> Detector:
    """Return a detector of faces and number plates by Haar cascades.

    folder: holds the files `CASCADES`; None for the one that comes with OpenCV 4. It misses faces that are
    small or turned away, and most of what is dark: look at the result. Raises SettingsError where the
    installed OpenCV or the folder lacks the cascades. P. Viola, M. Jones, CVPR 2001.
    """
    build = getattr(cv2, "CascadeClassifier", None)
    if build is None:
        raise SettingsError(
            f"blurring needs OpenCV's cascade classifier, which OpenCV {cv2.__version__} lacks (version 5 "
            "moved it out); install the last that has it: pip install 'opencv-python-headless<5'"
        )
    home = folder or Path(cv2.__file__).parent / "data"
    missing = [name for name in CASCADES if not (home / name).is_file()]
    if missing:
        raise SettingsError(
            f"{home}: no {', '.join(missing)}; they are in the folder data/haarcascades of OpenCV 4"
        )
    cascades = [build(str(home / name)) for name in CASCADES]

    def detect(image: np.ndarray) -> np.ndarray:
        grey = cv2.equalizeHist(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
        found = [np.reshape(cascade.detectMultiScale(grey, 1.1, 4), (-1, 4)) for cascade in cascades]
        return np.concatenate(found).astype(np.int64)

    return detect


def blur_boxes(image: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Return a photo (H, W, 3) whose boxes (N, 4: left, top, width, height) cannot be recognised.

    Each is averaged down to a few cells, which loses what it showed; a filter could be turned back.
    """
    result = image.copy()
    height, width = image.shape[:2]
    for left, top, wide, high in np.asarray(boxes, np.int64).reshape(-1, 4).tolist():
        x0, x1 = max(0, int(left - MARGIN * wide)), min(width, int(left + (1 + MARGIN) * wide) + 1)
        y0, y1 = max(0, int(top - MARGIN * high)), min(height, int(top + (1 + MARGIN) * high) + 1)
        if x0 < x1 and y0 < y1:
            result[y0:y1, x0:x1] = _few_cells(image[y0:y1, x0:x1])
    return result


def _few_cells(patch: np.ndarray) -> np.ndarray:
    height, width = patch.shape[:2]
    scale = CELLS / max(height, width)
    cells = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(patch, cells, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
