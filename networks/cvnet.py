"""What the two halves of CVNet share: their one published file, and the maps that go from one to the other.

Source: Lee, Seong, Lee, Kim, "Correlation Verification for Image Retrieval", CVPR 2022 (arXiv 2204.01458).
"""

from collections.abc import Mapping
from typing import Literal, TypeVar

import torch
from torch import nn

from networks.state_dicts import load_strictly

N = TypeVar("N", bound=nn.Module)

LEVELS = {"quarter": 0.25, "half": 0.5, "full": 1.0}  # map of a photo -> its share of stage 3's positions
CHANNELS = 256  # of these maps
CELL_PX = 16  # how far apart the positions of the full map lie, the first one on pixel (0, 0)

Half = Literal["photo", "pair"]
KEYS: Mapping[Half, tuple[str, ...]] = {"photo": ("encoder_q.*", "conv2ds.*"), "pair": ("cv_learner.*",)}


def published_file(depth: int) -> str:
    """Return the name of the file that holds both halves, of a ResNet with so many layers."""
    return f"CVPR2022_CVNet_R{depth}.pyth"


def load_half(network: N, state: Mapping[str, torch.Tensor], half: Half, owner: str) -> N:
    """Fill one half's network from the file of both, strictly but for what is the other half's.

    A key of the file that neither half knows is refused by both. owner: the method's name, for messages.
    Raises WeightsError when the weights do not fit.
    """
    others = [pattern for other, patterns in KEYS.items() if other != half for pattern in patterns]
    return load_strictly(network, state, owner, optional=others)
