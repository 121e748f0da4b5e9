"""Principal components with whitening, learned on a few descriptors and applied to all."""

from typing import NamedTuple

import numpy as np

SMALLEST_SHARE = 1e-6  # of the largest variance; directions of less are noise, which whitening would blow up


class Whitening(NamedTuple):
    """An affine map. mean: (D,). projection: (D, d), components divided by their deviations."""

    mean: np.ndarray
    projection: np.ndarray

    def apply(self, vectors: np.ndarray) -> np.ndarray:
        """Map vectors (N, D) to (N, d) float32, not normalised."""
        return (vectors - self.mean) @ self.projection


def learn_whitening(vectors: np.ndarray, dim: int) -> Whitening:
    """Learn the `dim` directions of largest variance of `vectors` (N, D), or as many as there are.

    With fewer than two different vectors there is none: the map is the identity. Signs are fixed (the
    largest component of a direction is positive), so that equal vectors give equal maps.
    Source: Jegou and Chum, ECCV 2012.
    """
    mean = vectors.mean(axis=0, dtype=np.float64)
    centred = vectors - mean
    # The small Gram matrix (N, N) has the same spectrum as the covariance (D, D).
    variances, mixing = np.linalg.eigh(centred @ centred.T / len(vectors))
    variances, mixing = variances[::-1][:dim], mixing[:, ::-1][:, :dim]
    kept = variances > SMALLEST_SHARE * max(variances[0], np.finfo(np.float32).tiny)
    if not kept.any():
        identity = np.eye(vectors.shape[1], dtype=np.float32)
        return Whitening(np.zeros_like(vectors[0]), identity)
    directions = centred.T @ mixing[:, kept] / np.sqrt(len(vectors) * variances[kept])
    directions *= np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(directions.shape[1])])
    return Whitening(mean.astype(np.float32), (directions / np.sqrt(variances[kept])).astype(np.float32))
