"""How much of a corner each pixel of a photo is, and keypoints moved onto the corners beside them."""

import cv2
import numpy as np

SMOOTHING_PX = 0.8  # deviation of the blur that keeps the noise of nights from being corners


def cornerness(grey: np.ndarray) -> np.ndarray:
    """Return (H, W) float32 how much of a corner each pixel of a photo (H, W), float32 in [0, 1], is.

    It is the root of the lesser eigenvalue of the gradients' moments, so that it grows with contrast.
    Source: Shi and Tomasi, CVPR 1994.
    """
    smooth = cv2.GaussianBlur(grey, (0, 0), SMOOTHING_PX)
    return np.sqrt(np.maximum(cv2.cornerMinEigenVal(smooth, 3, ksize=3), 0))


def onto_corners(keypoints: np.ndarray, strength: np.ndarray, reach_px: int) -> np.ndarray:
    """Return keypoints (N, 2) float32, moved to the strongest corners near them, and between the pixels.

    keypoints: x then y, whole pixels of the photo. strength: (H, W), see `cornerness`. reach_px: how far
    they may move, in x and in y; between pixels half a pixel more. The place between pixels is the top of
    the parabolas through the strongest pixel and its neighbours. None leaves the photo.
    """
    steps = np.arange(-reach_px, reach_px + 1)
    x, y = np.round(keypoints).astype(np.int64).T
    bordered = np.pad(strength, reach_px + 1, constant_values=-np.inf)  # the outside is never the strongest
    rows, columns = (values[:, None] + reach_px + 1 + steps for values in (y, x))
    windows = bordered[rows[:, :, None], columns[:, None, :]].reshape(len(x), len(steps) ** 2)
    down, right = np.divmod(windows.argmax(axis=1), len(steps))
    y, x = y + steps[down], x + steps[right]
    padded = np.pad(strength, 1, mode="edge")
    across = _top(padded[y + 1, x], padded[y + 1, x + 1], padded[y + 1, x + 2])
    along = _top(padded[y, x + 1], padded[y + 1, x + 1], padded[y + 2, x + 1])
    height, width = strength.shape
    placed = np.stack([np.clip(x + across, 0, width - 1), np.clip(y + along, 0, height - 1)], axis=1)
    return placed.astype(np.float32)


def _top(before: np.ndarray, middle: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return where between -0.5 and 0.5 the parabolas through values at -1, 0 and 1 are highest."""
    bend = before - 2 * middle + after
    peaked = bend < 0
    offset = np.divide((before - after) / 2, bend, out=np.zeros_like(middle), where=peaked)
    return np.clip(offset, -0.5, 0.5)
