"""Mutual best cells of two photos by dual softmax, without the matrix of all pairs.

The confidence of a pair of cells is the softmax of its similarity over the candidate's cells times that over
the query's. Whole matrices are far larger than a CPU's caches, so rows pass by in tiles: sums of powers of a
row are known with its tile, those of columns when all have passed. What waits for these is few: a
confidence above a threshold needs a softmax over its row above it.

Source: Sun, Shen, Wang, Bao, Zhou, LoFTR, CVPR 2021 (arXiv 2104.00680), section 3.3.
"""

import math
from typing import NamedTuple

import torch

from networks.products import product

LOG2_E = math.log2(math.e)
TILE_PAIRS = 2**20  # of which a CPU's cache holds the similarities


class Cells(NamedTuple):
    """Pairs of cells: index in the query (M,) and in the candidate (M,), confidence (M,)."""

    index0: torch.Tensor
    index1: torch.Tensor
    confidence: torch.Tensor


class _ColumnSums:
    """Sums of powers of two by column, of rows that come in tiles."""

    def __init__(self, like: torch.Tensor, columns: int) -> None:
        self.top = like.new_full((columns,), torch.finfo(like.dtype).min)
        self.sums = like.new_zeros(columns)

    def add(self, exponents: torch.Tensor) -> None:
        top = torch.maximum(self.top, exponents.amax(dim=0))
        self.sums.mul_((self.top - top).exp2_()).add_((exponents - top).exp2_().sum(dim=0))
        self.top = top

    def logarithms(self) -> torch.Tensor:
        return self.sums.log2() + self.top


def mutual_cells(tokens0: torch.Tensor, tokens1: torch.Tensor, temperature: float, threshold: float) -> Cells:
    """Return the pairs whose confidence is the largest of its row and of its column, and above `threshold`.

    tokens0: (L, C) float32; tokens1: (S, C). A similarity is their product over C, over `temperature`.
    threshold: above 0; with a smaller one more pairs are held, at most 1 / threshold for each of L cells.
    Of equal confidences of a row the first counts. Pairs are in the order of the query's cells.
    """
    scaled = tokens0 * (LOG2_E / (tokens0.shape[1] * temperature))
    columns = _ColumnSums(scaled, len(tokens1))
    size = max(1, TILE_PAIRS // len(tokens1))
    waiting = []
    for number, rows in enumerate(scaled.split(size)):
        exponents = product(rows, tokens1)
        columns.add(exponents)
        index0, index1, similarity, shares = _likely(exponents, threshold)
        waiting.append((index0 + number * size, index1, similarity, shares))
    index0, index1, similarities, shares = map(torch.cat, zip(*waiting, strict=True))
    confidence = (shares + similarities - columns.logarithms()[index1]).exp2_()
    likely = confidence > threshold
    found = Cells(index0[likely], index1[likely], confidence[likely])
    return _mutual(found, len(tokens0), len(tokens1))


def _likely(exponents: torch.Tensor, threshold: float) -> tuple[torch.Tensor, ...]:
    """Return row, column, exponent and base-2 logarithm of the softmax where that lies above `threshold`."""
    top = exponents.amax(dim=1, keepdim=True)
    sums = (exponents - top).exp2_().sum(dim=1, keepdim=True)
    rows = torch.nonzero(sums[:, 0] < 1 / threshold)[:, 0]
    kept = exponents[rows]
    shares = kept - (top + sums.log2_())[rows]
    places = torch.nonzero(shares > math.log2(threshold))
    of_kept, of_columns = places.T
    return rows[of_kept], of_columns, kept[of_kept, of_columns], shares[of_kept, of_columns]


def _mutual(cells: Cells, rows: int, columns: int) -> Cells:
    """Keep the first largest of each row, where it is the largest of its column too."""
    top0, top1 = (
        cells.confidence.new_zeros(count).scatter_reduce_(0, index, cells.confidence, "amax")
        for count, index in ((rows, cells.index0), (columns, cells.index1))
    )
    largest = torch.nonzero(cells.confidence == top0[cells.index0])[:, 0]
    of_rows = cells.index0[largest]
    first = torch.ones_like(of_rows, dtype=torch.bool)
    first[1:] = of_rows[1:] != of_rows[:-1]
    kept = largest[first]
    kept = kept[cells.confidence[kept] == top1[cells.index1[kept]]]
    return Cells(*(values[kept] for values in cells))
