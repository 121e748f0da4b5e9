"""Attention in bf16 on the CPU against the same in float32, with and without padding."""

import pytest
import torch

from matchers.attention import attend


@pytest.mark.parametrize("padded", [False, True])
def test_bf16_gathers_what_float32_gathers(padded: bool) -> None:
    draw = torch.Generator().manual_seed(0)
    query, key, value = (torch.randn(2, 3, rows, 8, generator=draw) for rows in (7, 9, 9))
    real = (torch.arange(9) < torch.tensor([9, 4])[:, None])[:, None, None] if padded else None
    exact = attend(query, key, value, real)
    half = attend(query.bfloat16(), key.bfloat16(), value.bfloat16(), real)
    assert half.dtype == torch.bfloat16
    torch.testing.assert_close(half.float(), exact, rtol=0.05, atol=0.05)
    if padded:
        value[1, :, 4:] = 1e3
        torch.testing.assert_close(attend(query.bfloat16(), key.bfloat16(), value.bfloat16(), real), half)
