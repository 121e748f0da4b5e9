"""RootSIFT: OpenCV's SIFT keypoints in a defined order, with Hellinger-mapped descriptors."""

from typing import NamedTuple

import cv2
import numpy as np

DESCRIPTOR_DIM = 128


class RootSIFTKeypoints(NamedTuple):
    """Keypoints of one photo, strongest first.

    keypoints: (N, 2) float32, x then y in pixels, the centre of the top-left pixel at (0, 0).
    descriptors: (N, 128) float32 of unit length. scores: (N,) float32, SIFT's contrast response.
    scales: (N,) float32, diameter of the described neighbourhood in pixels.
    """

    keypoints: np.ndarray
    descriptors: np.ndarray
    scores: np.ndarray
    scales: np.ndarray


def rootsift(
    gray: np.ndarray,
    max_keypoints: int,
    *,
    contrast_threshold: float = 0.04,
    edge_threshold: float = 10.0,
    sigma: float = 1.6,
) -> RootSIFTKeypoints:
    """Detect and describe the strongest keypoints of a grey uint8 photo (H, W).

    Keypoints are ordered by response, then by y, x, scale and angle, so equal photos give equal
    arrays. A point with several dominant directions is several keypoints, as Lowe has it. A photo
    without structure gives zero rows.
    max_keypoints: rows kept at most, 1 or more. contrast_threshold, edge_threshold, sigma: Lowe's.
    Source: Lowe, IJCV 2004; Arandjelovic and Zisserman, CVPR 2012 (the square root).
    """
    # Precise upscaling: without it OpenCV's keypoints lie a quarter of a pixel off.
    sift = cv2.SIFT.create(
        nfeatures=max_keypoints,
        contrastThreshold=contrast_threshold,
        edgeThreshold=edge_threshold,
        sigma=sigma,
        enable_precise_upscale=True,
    )
    found, described = sift.detectAndCompute(np.ascontiguousarray(gray), None)
    if not found:
        return _no_keypoints()
    # OpenCV keeps every keypoint that ties with the last one, in no promised order.
    rows = np.array([(-k.response, k.pt[1], k.pt[0], k.size, k.angle) for k in found], np.float64)
    order = np.lexsort(rows.T[::-1])[:max_keypoints]
    response, y, x, size, _ = rows[order].astype(np.float32).T
    return RootSIFTKeypoints(np.stack([x, y], axis=1), hellinger(described[order]), -response, size)


def hellinger(descriptors: np.ndarray) -> np.ndarray:
    """Map SIFT histograms (N, D) to the square roots of their shares: float32 rows of unit L2 length."""
    histograms = descriptors.astype(np.float32)
    totals = np.maximum(histograms.sum(axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return np.sqrt(histograms / totals)


def _no_keypoints() -> RootSIFTKeypoints:
    empty = np.zeros(0, np.float32)
    return RootSIFTKeypoints(
        np.zeros((0, 2), np.float32), np.zeros((0, DESCRIPTOR_DIM), np.float32), empty, empty
    )
