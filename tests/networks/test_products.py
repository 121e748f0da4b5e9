import pytest
import torch

from networks.products import goes_by_onednn, product


@pytest.mark.parametrize("shape", [(1, 1, 1), (7, 5, 3), (40, 128, 300), (0, 4, 5), (5, 4, 0)])
def test_products_are_those_of_torch(shape: tuple[int, int, int]) -> None:
    rows, width, columns = shape
    draw = torch.Generator().manual_seed(0)
    one, other = (torch.randn(count, width, generator=draw) for count in (rows, columns))
    found = product(one, other)
    assert found.dtype == torch.float32
    assert found.layout == torch.strided
    torch.testing.assert_close(found, (one.double() @ other.double().T).float(), rtol=1e-5, atol=1e-5)


def test_slices_and_transposed_matrices_are_taken() -> None:
    one, other = torch.randn(30, 20).T, torch.randn(12, 90)[:, 30:60]
    torch.testing.assert_close(product(one, other), one @ other.T, rtol=1e-5, atol=1e-5)


def test_autocast_and_other_types_are_kept() -> None:
    one, other = torch.randn(3, 4), torch.randn(5, 4)
    with torch.autocast("cpu", torch.bfloat16):
        assert product(one, other).dtype == torch.bfloat16
    assert product(one.double(), other.double()).dtype == torch.float64


def test_onednn_is_left_out_where_gradients_or_autocast_are_wanted() -> None:
    plain, learned = torch.randn(9, 4), torch.randn(9, 4, requires_grad=True)
    assert goes_by_onednn(plain, plain) == torch.backends.mkldnn.is_available()
    assert not goes_by_onednn(plain, learned)
    assert not goes_by_onednn(plain.double(), plain)
    assert not goes_by_onednn(plain, plain[:0])
    with torch.autocast("cpu", torch.bfloat16):
        assert not goes_by_onednn(plain, plain)
    with torch.no_grad():
        assert goes_by_onednn(plain, learned) == goes_by_onednn(plain, plain)
    product(plain, learned).sum().backward()
    torch.testing.assert_close(learned.grad, plain.sum(dim=0).expand(9, -1))
