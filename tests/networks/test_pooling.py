import numpy as np
import torch

from networks.pooling import GeM, L2Norm


def test_gem_of_numbers_worked_by_hand() -> None:
    maps = torch.tensor([[[[1.0, 2.0], [3.0, 0.0]]]])
    expected = ((1 + 4 + 9 + 1e-12) / 4) ** 0.5
    torch.testing.assert_close(GeM(p=2.0)(maps), torch.tensor([[expected]]))


def test_gem_with_p_one_is_the_mean_and_with_large_p_the_maximum() -> None:
    maps = torch.rand(2, 3, 4, 5) + 0.5
    torch.testing.assert_close(GeM(p=1.0)(maps), maps.mean(dim=(2, 3)))
    torch.testing.assert_close(GeM(p=200.0)(maps / 2), maps.amax(dim=(2, 3)) / 2, rtol=0.03, atol=0)


def test_gem_raises_small_and_negative_values_to_its_floor() -> None:
    pooled = GeM(p=3.0, eps=1e-3)(torch.full((1, 2, 3, 3), -7.0))
    torch.testing.assert_close(pooled, torch.full((1, 2), 1e-3))


def test_gem_learns_its_exponent() -> None:
    gem = GeM()
    gem(torch.rand(1, 2, 3, 3)).sum().backward()
    assert gem.p.shape == (1,)
    assert torch.isfinite(gem.p.grad).all()
    assert list(gem.state_dict()) == ["p"]


def test_l2norm_gives_unit_channels_and_keeps_zeros() -> None:
    maps = torch.randn(2, 5, 3, 4)
    maps[0, :, 0, 0] = 0
    lengths = L2Norm()(maps).norm(dim=1).numpy()
    expected = np.ones((2, 3, 4), np.float32)
    expected[0, 0, 0] = 0
    np.testing.assert_allclose(lengths, expected, rtol=1e-6)
