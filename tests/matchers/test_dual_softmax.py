"""Dual softmax in tiles against the whole matrix."""

import numpy as np
import pytest
import torch

from matchers import dual_softmax
from matchers.dual_softmax import mutual_cells


def tokens(rows: int, columns: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Return tokens of which some of the first are near some of the second."""
    draw = torch.Generator().manual_seed(seed)
    one, other = (4 * torch.randn(count, 32, generator=draw) for count in (rows, columns))
    shared = min(rows, columns) // 2
    other[:shared] = one[:shared].flip(0) + torch.randn(shared, 32, generator=draw)
    return one, other


def by_whole_matrix(
    one: torch.Tensor, other: torch.Tensor, temperature: float, threshold: float
) -> dict[tuple[int, int], float]:
    similarities = one.double() @ other.double().T / one.shape[1] / temperature
    confidences = (similarities.softmax(dim=0) * similarities.softmax(dim=1)).numpy()
    best = confidences.argmax(axis=1)
    return {
        (row, column): confidences[row, column]
        for row, column in enumerate(best)
        if confidences[row, column] > threshold and confidences[row, column] == confidences[:, column].max()
    }


@pytest.mark.parametrize("tile_pairs", [2**20, 500, 1])
@pytest.mark.parametrize(("temperature", "threshold"), [(0.1, 0.2), (1.0, 0.01), (0.005, 0.2)])
def test_tiles_give_what_the_whole_matrix_gives(
    tile_pairs: int, temperature: float, threshold: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dual_softmax, "TILE_PAIRS", tile_pairs)
    sides = tokens(90, 70)
    expected = by_whole_matrix(*sides, temperature, threshold)
    found = mutual_cells(*sides, temperature, threshold)
    assert len(expected) > 20
    assert list(zip(found.index0.tolist(), found.index1.tolist(), strict=True)) == list(expected)
    np.testing.assert_allclose(found.confidence, list(expected.values()), rtol=1e-4)


def test_of_equal_confidences_the_first_counts() -> None:
    one = 10 * torch.eye(8)
    other = torch.cat([one[:1], one])  # the first cell stands twice in the candidate
    found = mutual_cells(one, other, 0.1, 0.2)
    assert found.index0.tolist() == list(range(8))
    assert found.index1.tolist() == [0, *range(2, 9)]
    torch.testing.assert_close(found.confidence, torch.tensor([0.5, *[1.0] * 7]), rtol=1e-3, atol=1e-3)


def test_where_all_is_alike_nothing_is_found() -> None:
    assert len(mutual_cells(torch.ones(60, 8), torch.ones(50, 8), 0.1, 0.2).index0) == 0
