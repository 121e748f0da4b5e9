"""Smooth noise, and pictures that repeat without end."""

import cv2
import numpy as np

LOOKUP_COLUMNS = 512  # cv2.remap takes no more than 32767 columns


def smooth_noise(rng: np.random.Generator, height: int, width: int, cell_px: float) -> np.ndarray:
    """Return (height, width) float32 noise in about [-1, 1] whose bumps are `cell_px` apart."""
    rows, columns = (max(2, round(size / cell_px) + 1) for size in (height, width))
    coarse = rng.uniform(-1.0, 1.0, (rows, columns)).astype(np.float32)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def fractal_noise(
    rng: np.random.Generator, height: int, width: int, cell_px: float, octaves: int
) -> np.ndarray:
    """Return (height, width) float32 noise: octaves of half the size and half the strength each."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        total += smooth_noise(rng, height, width, cell_px / 2**octave) / 2**octave
    return total


def tiling_noise(rng: np.random.Generator, size: int, cell_px: int, octaves: int) -> np.ndarray:
    """Return (size, size) float32 noise with mean 0 and deviation 1 that repeats without a seam."""
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        sigma = cell_px / 2**octave
        layer = rng.standard_normal((size, size)).astype(np.float32)
        pad = int(3 * sigma) + 1
        smooth = cv2.GaussianBlur(np.pad(layer, pad, mode="wrap"), (0, 0), sigma)[pad:-pad, pad:-pad]
        total += smooth / float(smooth.std()) / 2**octave
    return (total - float(total.mean())) / float(total.std())


def sample_tile(tile: np.ndarray, across: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Return the (N, ...) float32 values of a repeating tile at N positions counted in tiles.

    across, along: (N,) positions along the tile's columns and rows.
    """
    height, width = tile.shape[:2]
    padded = np.zeros((2, -(-max(len(across), 1) // LOOKUP_COLUMNS) * LOOKUP_COLUMNS), np.float32)
    padded[0, : len(across)] = (across - np.floor(across)) * width
    padded[1, : len(along)] = (along - np.floor(along)) * height
    x, y = padded.reshape(2, -1, LOOKUP_COLUMNS)
    found = cv2.remap(tile, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return found.reshape(-1, *tile.shape[2:])[: len(across)].astype(np.float32, copy=False)
