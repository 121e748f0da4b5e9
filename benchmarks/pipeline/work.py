"""How many operations a piece of work takes in matrix products and convolutions."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

# as in `networks.products`
ONEDNN = getattr(torch.ops.mkldnn, "_linear_pointwise", None)


def gflop_of(work: Callable[[], object]) -> float:
    """Return the billions of floating-point operations of products and convolutions in `work`.

    A multiplication and an addition count as two. Everything runs on one thread meanwhile, since what other
    threads do is not seen.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    formulas: dict[Any, Any] = {} if ONEDNN is None else {ONEDNN: _of_product}
    try:
        with FlopCounterMode(display=False, custom_mapping=formulas) as counter:
            work()
    finally:
        torch.set_num_threads(threads)
    return float(counter.get_total_flops()) / 1e9


def _of_product(rows: Sequence[int], columns: Sequence[int], *_: object, **__: object) -> int:
    """Return the operations of oneDNN's product of rows (..., K) and columns (M, K), by their shapes."""
    return 2 * math.prod(rows) * columns[0]
