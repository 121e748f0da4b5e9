"""Mutual neighbours by a bf16 product, whose close decisions are made again in float32.

bf16 products run more than twice as fast as float32 ones on CPUs that have them, and err by no more than a
bound that follows from the lengths of what rounding takes off the descriptors. What lies within twice the
bound of the best of its row or of its column may be the best, and nothing else is: of these few entries
the products are taken again in float32.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from networks.products import product

TILE_ENTRIES = 2**20  # of similarities held at once; smaller tiles were measured slower
LEAST_MULTIPLICATIONS = 2**30  # of a pair, from which bf16 was measured to win, where float32 is oneDNN's
# Where more of a tile lies close to the best, or more of all entries is to be decided, float32 costs less.
CLOSE_SHARE, DECIDED_SHARE = 1 / 16, 1 / 1024
PART = 2**17  # components of descriptors that are rounded at once
BLOCK = 64  # entries of one small product; of few rows a library sums in another order

OUTPUT_ROUNDING = 2.0**-8  # half a step of bf16 over its value
SUM_ROUNDING = 3 * 2.0**-24  # of the float32 sums of both products, by component; they make two
SMALLEST = 2.0**-124  # what products lose by component where the processor flushes tiny values
SLACK = 1.001  # the lengths are rounded too

Entries = tuple[np.ndarray, np.ndarray, np.ndarray]  # rows, columns, similarities


def has_fast_bf16() -> bool:
    """Tell whether this CPU multiplies in bf16."""
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16"))


@dataclass(frozen=True)
class Rounded:
    """Descriptors (N, D), float32 or float16, and what bf16 makes of them.

    half: (N, D) bf16. length: (N,) float32, at least that of a descriptor and of its bf16 form.
    lost: (N,) float32, the length of what rounding takes off.
    """

    exact: torch.Tensor
    half: torch.Tensor
    length: np.ndarray
    lost: np.ndarray

    def errors(self, other: "Rounded") -> np.ndarray:
        """Return by how much (N,) the bf16 and float32 products with any of `other` differ at most.

        |q c - q' c'| <= |q - q'| |c| + |q'| |c - c'|, and what the sums of both products round; the
        rounding of the bf16 product itself comes on top.
        """
        length, lost, width = other.length.max(), other.lost.max(), self.exact.shape[1]
        sums = SUM_ROUNDING * width * self.length * length
        tiny = SMALLEST * width * (1 + self.length + length)
        return SLACK * (self.lost * length + self.length * lost + sums) + tiny


def rounded(descriptors: torch.Tensor) -> Rounded:
    """Round descriptors (N, D), float32 or float16, N and D > 0, to bf16, some rows at a time."""
    half = torch.empty(descriptors.shape, dtype=torch.bfloat16)
    height = max(1, PART // descriptors.shape[1])
    lengths, losses = [], []
    for given, kept in zip(descriptors.split(height), half.split(height), strict=True):
        exact = given.float()
        kept.copy_(exact)
        lengths.append(torch.linalg.vector_norm(exact, dim=1))
        losses.append(torch.linalg.vector_norm(exact - kept, dim=1))
    lost = torch.cat(losses)
    return Rounded(descriptors, half, (torch.cat(lengths) + lost).numpy(), lost.numpy())


class _Memory(threading.local):
    """Working memory of one thread, from one set of rows to the next: taking it anew costs a quarter.

    products: (height, width) bf16. near: (2, height, width) bool.
    """

    def __init__(self, height: int, width: int) -> None:
        self.products = torch.empty(height, width, dtype=torch.bfloat16)
        self.near = np.empty((2, height, width), bool)


class Screen:
    """The search for entries of rows x columns that are first maxima of their row and of their column.

    May be used by several threads at once. `width` is the number of columns.
    """

    def __init__(self, columns: Rounded) -> None:
        self._columns = columns
        self.width = len(columns.half)
        self._memory = _Memory(max(1, TILE_ENTRIES // self.width), self.width)

    def entries(self, rows: Rounded) -> Entries | None:
        """Return the entries by rising row, with float32 products.

        Returns None where too many are too close for bf16.
        """
        row_errors, column_errors = rows.errors(self._columns), self._columns.errors(rows)
        highest = np.full(len(column_errors), np.iinfo(np.int16).min, np.int16)
        floors, close = [], []
        for start, bits in self._tiles(rows.half):
            errors, tile = row_errors[start : start + len(bits)], bits
            of_row, tops = _floor(tile.max(axis=1), errors), np.maximum(highest, tile.max(axis=0))
            if min(of_row.min(), _floor(tops, column_errors).min()) < 0:  # then negative numbers count too
                tile = _ordered(bits)
                of_row, tops = _floor(tile.max(axis=1), errors), np.maximum(highest, tile.max(axis=0))
            highest = tops
            near = self._close(tile, of_row, _floor(highest, column_errors))
            if np.count_nonzero(near) > CLOSE_SHARE * near.size:
                return None
            row, column = np.divmod(np.flatnonzero(near), near.shape[1])  # a third of the time of nonzero
            floors.append(of_row)
            close.append((row + start, column, tile[row, column]))
        row, column, value = (np.concatenate(parts) for parts in zip(*close, strict=True))
        near_row = value >= np.concatenate(floors)[row]
        near_column = value >= _floor(highest, column_errors)[column]
        return _decided(rows.exact, self._columns.exact, (row, near_row), (column, near_column))

    def _tiles(self, rows: torch.Tensor) -> Iterator[tuple[int, np.ndarray]]:
        """Yield where a tile begins and the bits of its products with all columns, int16, in one place."""
        height = len(self._memory.products)
        for number, part in enumerate(rows.split(height)):
            products = torch.mm(part, self._columns.half.T, out=self._memory.products[: len(part)])
            yield number * height, products.view(torch.int16).numpy()

    def _close(self, tile: np.ndarray, of_row: np.ndarray, of_column: np.ndarray) -> np.ndarray:
        """Tell which entries reach the floor of their row or of their column."""
        near, other = self._memory.near[:, : len(tile)]
        np.greater_equal(tile, of_row[:, None], out=near)
        near |= np.greater_equal(tile, of_column, out=other)
        return near


def _ordered(bits: np.ndarray) -> np.ndarray:
    """Return the bits of floating-point numbers as integers in the numbers' order; its own inverse.

    The bits of positive numbers stay as they are.
    """
    shift = 8 * bits.itemsize - 1
    return bits ^ ((bits >> shift) & np.iinfo(bits.dtype).max)


def _floor(tops: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Return the least bf16 product (N,) that may stand for one as large as that of the largest, `tops`.

    Both are ordered bits, int16. errors: (N,), how far either is off before it is rounded to bf16.
    """
    largest = (_ordered(tops).astype(np.int32) << 16).view(np.float32)
    least = (largest - OUTPUT_ROUNDING * np.abs(largest) - 2 * errors).astype(np.float32)
    return (_ordered(least.view(np.int32)) >> 16).astype(np.int16)  # which rounds down


def _decided(
    rows: torch.Tensor,
    columns: torch.Tensor,
    of_row: tuple[np.ndarray, np.ndarray],
    of_column: tuple[np.ndarray, np.ndarray],
) -> Entries | None:
    """Return which of M entries are the first maxima of their row and of their column in float32.

    of_row, of_column: where the entries are, and which are close to the best there. Returns None where too
    many would have to be multiplied again.
    """
    (row, near_row), (column, near_column) = of_row, of_column
    possible = near_row & near_column
    rivals = (near_row & _any_of(possible, row)) | (near_column & _any_of(possible, column))
    if np.count_nonzero(rivals) > DECIDED_SHARE * len(rows) * len(columns):
        return None
    row, column, possible = row[rivals], column[rivals], possible[rivals]
    value = _products(rows, columns, row, column)
    first = possible & _first_maxima(value, row) & _first_maxima(value, column)
    return row[first], column[first], value[first]


def _any_of(marked: np.ndarray, line: np.ndarray) -> np.ndarray:
    """Tell for each entry whether any entry of its line, row or column, is marked."""
    lines = np.zeros(line.max(initial=-1) + 1, bool)
    lines[line[marked]] = True
    return lines[line]


def _first_maxima(value: np.ndarray, line: np.ndarray) -> np.ndarray:
    """Tell which entries are the first to reach the highest value of their line, row or column."""
    highest = np.full(line.max(initial=-1) + 1, -np.inf, value.dtype)
    np.maximum.at(highest, line, value)
    reached = np.flatnonzero(value == highest[line])
    first = np.full(len(highest), -1)
    first[line[reached[::-1]]] = reached[::-1]  # of several the last one stays, which is the first
    return first[line] == np.arange(len(line))


def _products(rows: torch.Tensor, columns: torch.Tensor, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Return the float32 products (M,) of the descriptors `row` and `column` (M,).

    They come from the diagonals of small matrix products: the library sums each pair in the order, and
    so to the bits, of a large product, which other sums do not have.
    """
    values = torch.empty(-(-len(row) // BLOCK) * BLOCK)
    picked = (torch.from_numpy(np.resize(index, len(values))).split(BLOCK) for index in (row, column))
    for part, of_rows, of_columns in zip(values.split(BLOCK), *picked, strict=True):
        left, right = rows.index_select(0, of_rows).float(), columns.index_select(0, of_columns).float()
        part.copy_(product(left, right).diagonal())
    return values[: len(row)].numpy()
