"""Attention by products on the CPU against torch's own, with and without padding."""

import pytest
import torch
import torch.nn.functional as F

from networks import attention
from networks.attention import attend


@pytest.mark.parametrize("tile", [2**20, 700])
@pytest.mark.parametrize("padded", [False, True])
def test_float32_gathers_what_torch_gathers(padded: bool, tile: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "TILE_WEIGHTS", tile)
    monkeypatch.setattr(attention, "LEAST_WEIGHTS", 0)
    draw = torch.Generator().manual_seed(0)
    query, key, value = (
        5 * torch.randn(2, rows, 3, 8, generator=draw).transpose(1, 2) for rows in (70, 90, 90)
    )
    real = (torch.arange(90) < torch.tensor([90, 41])[:, None])[:, None, None] if padded else None
    expected = F.scaled_dot_product_attention(query, key, value, attn_mask=real)
    gathered = attend(query, key, value, real)
    assert gathered.stride() == query.stride()
    torch.testing.assert_close(gathered, expected, rtol=1e-4, atol=1e-4)


def test_gradients_are_torchs_own() -> None:
    query, key, value = (torch.randn(1, 1, 300, 8, requires_grad=True) for _ in range(3))
    attend(query, key, value, None).sum().backward()
    torch.testing.assert_close(value.grad.sum(), torch.tensor(300.0 * 8))


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
