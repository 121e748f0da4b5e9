"""Matrix products on the library that is fastest at them."""

import torch
import torch.nn.functional as F
from torch import nn

# oneDNN's product as compiled torch code calls it; None where torch was built without it.
_ONEDNN = (
    getattr(torch.ops.mkldnn, "_linear_pointwise", None) if torch.backends.mkldnn.is_available() else None
)


def product(rows: torch.Tensor, columns: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
    """Return rows (..., K) times columns (M, K) transposed, plus bias (M,): (..., M).

    In the inputs' type, or autocast's. Float32 on a CPU goes by oneDNN, which uses all that the processor
    has. torch's own product is MKL's, and MKL takes half of it on processors of other makers: 90 against
    190 GFLOP/s were measured on one core of an AMD EPYC. Sums may differ from torch's in their last digits;
    from eight rows and columns up they were measured not to depend on what else is in the call. Gradients
    are torch's own.
    """
    if _ONEDNN is not None and goes_by_onednn(rows, columns):
        # given slices of wider matrices it takes a slow way
        found: torch.Tensor = _ONEDNN(rows.contiguous(), columns.contiguous(), bias, "none", [], "")
        return found
    return F.linear(rows, columns, bias)


def mixed(factors: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """Return factors (M, K) times rows (K, N), which stay as they lie: for few long rows. See `product`."""
    if _ONEDNN is not None and goes_by_onednn(factors, rows):
        found: torch.Tensor = _ONEDNN(factors, rows.T, None, "none", [], "")
        return found
    return factors @ rows


def goes_by_onednn(*matrices: torch.Tensor) -> bool:
    """Tell whether `product` of these goes by oneDNN: float32 on a CPU, without autocast and gradients.

    Not within torch.compile, which cannot take oneDNN's call in.
    """
    return (
        _ONEDNN is not None
        and not torch.compiler.is_compiling()
        and not torch.is_autocast_enabled("cpu")
        and all(
            matrix.device.type == "cpu"
            and matrix.dtype == torch.float32
            and matrix.numel() > 0
            and not (matrix.requires_grad and torch.is_grad_enabled())
            for matrix in matrices
        )
    )


def use_torch() -> None:
    """Have this process's products be torch's own for good, as published code's are: to measure against."""
    global _ONEDNN
    _ONEDNN = None


class ProductLinear(nn.Linear):
    """A linear layer by `product`."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (..., inputs) to (..., outputs)."""
        return product(x, self.weight, self.bias)


def use_products(network: nn.Module) -> None:
    """Have the linear layers of a library's network use `product`, their tensors as they are."""
    for module in network.modules():
        if type(module) is nn.Linear:
            module.__class__ = ProductLinear
