"""Digests of weights: what tells one checkpoint, or one learned vocabulary, from another."""

import hashlib
from collections.abc import Mapping

import numpy as np
import torch


def digest_of_arrays(arrays: Mapping[str, torch.Tensor | np.ndarray]) -> str:
    """Return 16 hexadecimal digits of named arrays: their names, types, shapes and values.

    Whether they are arrays or tensors, and in which order, makes no difference. "" for none.
    """
    if not arrays:
        return ""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        tensor = torch.as_tensor(arrays[name]).detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]
