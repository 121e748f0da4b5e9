"""Blurring faces and number plates, found by OpenCV's cascades or networks, or by any detector given."""

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
SURE_OF_A_FACE = 0.5  # of 1, less than OpenCV's 0.9: a face that is missed is worse than a box too many
MARGIN = 0.15  # of the box, added on each side

# uint8 RGB (H, W, 3) -> (N, 4) int: left, top, width and height of what is to be blurred, in pixels.
Detector = Callable[[np.ndarray], np.ndarray]


def detector_of(face_model: Path | None, cascades: Path | None) -> Detector:
    """Return what finds faces by a YuNet model, faces and number plates by cascades, or all of it by both.

    face_model: None for none. cascades: their folder; None for OpenCV's own, which is asked for where no
    model is given. Raises SettingsError as `yunet_detector` and `cascade_detector` do.
    """
    detectors = [yunet_detector(face_model)] if face_model else []
    if cascades or not face_model:
        detectors.append(cascade_detector(cascades))
    return lambda image: np.concatenate([detect(image) for detect in detectors])


def yunet_detector(model: Path) -> Detector:
    """Return a detector of faces by the network YuNet, which OpenCV 4.5.4 and later runs.

    model: its .onnx file, such as face_detection_yunet_2023mar.onnx of OpenCV's model zoo. It misses faces
    that are small or in the dark: look at the result. Raises SettingsError for a file that OpenCV cannot
    read. W. Wu, H. Peng, S. Yu, YuNet, Machine Intelligence Research 20 (2023).
    """
    try:
        network = cv2.FaceDetectorYN.create(str(model), "", (320, 320), SURE_OF_A_FACE)
    except cv2.error as error:
        raise SettingsError(
            f"{model}: OpenCV cannot read it as a YuNet model ({error.err}); expected a file such as "
            "face_detection_yunet_2023mar.onnx of OpenCV's model zoo"
        ) from error

    def detect(image: np.ndarray) -> np.ndarray:
        height, width = image.shape[:2]
        network.setInputSize((width, height))
        _, faces = network.detect(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        boxes = np.empty((0, 4)) if faces is None else faces[:, :4]
        return np.round(boxes).astype(np.int64)

    return detect


def cascade_detector(folder: Path | None = None) -> Detector:
    """Return a detector of faces and number plates by Haar cascades.

    folder: holds the files `CASCADES`; None for the one that comes with OpenCV 4. It misses faces that are
    small or turned away, and most of what is dark: look at the result. Raises SettingsError where the
    installed OpenCV or the folder lacks the cascades. P. Viola, M. Jones, CVPR 2001.
    """
    build = getattr(cv2, "CascadeClassifier", None)
    if build is None:
        raise SettingsError(
            f"OpenCV {cv2.__version__} has no cascade classifier (version 5 moved it out). Either give a "
            "face model, --face-model FILE.onnx (face_detection_yunet_2023mar.onnx of OpenCV's model zoo; it "
            "leaves number plates as they are), or install the last OpenCV that has cascades: "
            "pip install 'opencv-python-headless<5'"
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
