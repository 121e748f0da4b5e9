"""Drawn features: photos of random points, and views of them whose truth is known."""

import numpy as np

from extractors import Features

SIZE = (240, 320)
GLOBAL_DIM = 16


def drawn_photo(count: int, seed: int, width: int = 32) -> Features:
    """Return features at random places: random unit descriptors, levels and scales in turns."""
    draw = np.random.default_rng(seed)
    descriptors = draw.standard_normal((count, width)).astype(np.float32)
    descriptors /= np.maximum(np.linalg.norm(descriptors, axis=1, keepdims=True), 1e-6)
    return Features(
        SIZE,
        keypoints=draw.uniform((0, 0), (SIZE[1] - 1, SIZE[0] - 1), (count, 2)).astype(np.float32),
        descriptors=descriptors,
        scores=draw.uniform(0, 1, count).astype(np.float32),
        levels=np.arange(count) % 3,
        scales=np.float32([0.5, 1, 2])[np.arange(count) % 3],
        global_descriptor=_unit(draw.standard_normal(GLOBAL_DIM)),
    )


def moved(photo: Features, homography: np.ndarray, seed: int = 0, noise: float = 0.1) -> Features:
    """Return the same features seen under a homography, with noisy descriptors, in another order."""
    draw = np.random.default_rng(seed)
    order = draw.permutation(len(photo))
    arrays = {name: array[order] for name, array in photo.per_keypoint().items()}
    mapped = np.c_[arrays["keypoints"], np.ones(len(photo))] @ homography.T
    descriptors = arrays["descriptors"] + noise * draw.standard_normal(arrays["descriptors"].shape)
    descriptors /= np.maximum(np.linalg.norm(descriptors, axis=1, keepdims=True), 1e-6)
    arrays["keypoints"] = (mapped[:, :2] / mapped[:, 2:]).astype(np.float32)
    return Features(photo.image_size, **arrays | {"descriptors": descriptors.astype(np.float32)})


def _unit(vector: np.ndarray) -> np.ndarray:
    return (vector / np.linalg.norm(vector)).astype(np.float32)
