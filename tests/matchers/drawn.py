"""Views of made-up features whose truth is known."""

import numpy as np

from extractors import Features


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
