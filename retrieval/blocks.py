"""What searches take and give: blocks of database descriptors, and neighbours."""

from typing import NamedTuple

import numpy as np


class Neighbours(NamedTuple):
    """Nearest rows of every query. distances: (Q, K) float32, squared L2. indices: (Q, K) int64."""

    distances: np.ndarray
    indices: np.ndarray


class Block(NamedTuple):
    """Some database descriptors.

    descriptors: (N, D) float32, or float16 as stored. indices: (N,) int64, their positions.
    """

    descriptors: np.ndarray
    indices: np.ndarray
