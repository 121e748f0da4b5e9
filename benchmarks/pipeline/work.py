"""How many operations a piece of work takes in matrix products and convolutions."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

# as in `networks.products` and `networks.convolutions`
ONEDNN_PRODUCT = getattr(torch.ops.mkldnn, "_linear_pointwise", None)
ONEDNN_CONVOLUTION = getattr(torch.ops.mkldnn, "_convolution_pointwise", None)


def gflop_of(work: Callable[[], object]) -> float:
    """Return the billions of floating-point operations of products and convolutions in `work`.

    A multiplication and an addition count as two. Everything runs on one thread meanwhile, since what other
    threads do is not seen.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    known = {ONEDNN_PRODUCT: _of_product, ONEDNN_CONVOLUTION: _of_convolution}
    formulas: dict[Any, Any] = {operation: formula for operation, formula in known.items() if operation}
    try:
        with FlopCounterMode(display=False, custom_mapping=formulas) as counter:
            work()
    finally:
        torch.set_num_threads(threads)
    return float(counter.get_total_flops()) / 1e9


def _of_product(rows: Sequence[int], columns: Sequence[int], *_: object, **__: object) -> int:
    """Return the operations of oneDNN's product of rows (..., K) and columns (M, K), by their shapes."""
    return 2 * math.prod(rows) * columns[0]


def _of_convolution(*shapes: Any, out_shape: Sequence[int], **__: object) -> int:
    """Return the operations of oneDNN's convolution, from the shapes of its tensors."""
    kernels = shapes[2] if shapes[2] is not None and len(shapes[2]) == len(out_shape) else shapes[1]
    return 2 * math.prod(out_shape) * math.prod(kernels[1:])
