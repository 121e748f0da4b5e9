"""Perceptual hashes: what a photo looks like in 256 bits, equal but for a few bits in its copies.

The difference hash after N. Krawetz ("Kind of Like That", 2013): one bit for each pair of neighbours in a
photo of 17 x 16 pixels, set where the right one is brighter.
"""

import cv2
import numpy as np

SIDE = 16
BITS = SIDE * SIDE
_LEAST_CONTRAST = 4.0  # grey levels between the darkest and the brightest of the 17 x 16 pixels


def look_of(grey: np.ndarray) -> str:
    """Return the hash of a grey photo (H, W) as 64 hexadecimal digits, "" where it is one flat colour."""
    small = cv2.resize(grey.astype(np.float32), (SIDE + 1, SIDE), interpolation=cv2.INTER_AREA)
    if np.ptp(small) < _LEAST_CONTRAST:
        return ""
    return np.packbits(small[:, 1:] > small[:, :-1]).tobytes().hex()


def looks_as_bytes(looks: list[str]) -> np.ndarray:
    """Return hashes as (N, 32) uint8, zeros for photos that have none."""
    empty = "00" * (BITS // 8)
    return np.frombuffer(bytes.fromhex("".join(look or empty for look in looks)), np.uint8).reshape(
        -1, BITS // 8
    )


def differing_bits(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return in how many of 256 bits hashes differ; both (..., 32) uint8, which broadcast."""
    return np.unpackbits(first ^ second, axis=-1).sum(axis=-1, dtype=np.int64)
