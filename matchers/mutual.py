"""Mutual nearest neighbours of a query's descriptors in each of its candidates.

Similarity is the plain dot product. A pair is mutual when each is the other's most similar
descriptor; of equally similar ones the first counts. The similarities of one tile of a candidate (CPU) or
one batch of candidates (GPU) are held at a time. A candidate's matches do not depend on which other
candidates are in the list.

A CPU that is fast at bf16 looks for the matches of many wide descriptors in bf16 and decides in float32
(`matchers.screening`): they are those of float32. What identical means: similarities are sums of products
in float32, and the order of summing is the library's. Where it sums two descriptors alike whatever else is
in the call, as measured with oneDNN and MKL, matches and similarities are the same to the last bit; elsewhere
similarities may differ by a rounding, and matches where two rivals are that close.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from data.errors import PairError
from matchers.screening import LEAST_MULTIPLICATIONS, TILE_ENTRIES, Screen, has_fast_bf16, rounded
from networks.cores import on_cores
from networks.products import product

Found = tuple[np.ndarray, np.ndarray, np.ndarray]  # query indices, candidate indices, similarities
Search = Callable[[np.ndarray], Found]  # in a candidate's descriptors
Products = Literal["fastest", "float32"]

# Of a query's descriptors: with fewer two cores' threads wait for Python, with more they crowd their cache.
SPREAD_COMPONENTS = range(2**16, 2**22 + 1)
BATCH_BYTES = 512 * 2**20  # of similarities held at once on a GPU


@dataclass(frozen=True)
class MutualMatches:
    """The mutual neighbours of a query and one candidate.

    indices: (M, 2) int64, descriptor of the query and of the candidate, in the candidate's order.
    similarity: (M,) float32, dot products.
    """

    indices: np.ndarray
    similarity: np.ndarray

    def __len__(self) -> int:
        return len(self.indices)


def match_candidates(
    query: np.ndarray,
    candidates: Sequence[np.ndarray],
    threshold: float = -np.inf,
    device: torch.device | str = "cpu",
    products: Products = "fastest",
) -> list[MutualMatches]:
    """Match a query's descriptors (N, D) with those of each candidate (N_k, D).

    Descriptors are float32 or float16, compared as float32 and not normalised. threshold: lowest
    similarity of a match, inclusive. products: "float32" never screens in bf16, which gives the same, to
    measure against. Returns one MutualMatches per candidate; a photo without descriptors has none. Raises
    PairError when descriptors differ in width.
    """
    chosen = torch.device(device)
    _check_widths(query, candidates)
    if not len(query):
        found: Iterable[Found] = (_nothing() for _ in candidates)
    elif chosen.type == "cpu":
        search = _search(_tensor(query), max(map(len, candidates), default=0), products)
        found = _spread(query.size)(lambda candidate: search(_tensor(candidate)), candidates)
    else:
        found = _in_batches(query, candidates, chosen)
    return [_above(threshold, *parts) for parts in found]


def nearest_descriptors(
    query: np.ndarray, candidate: np.ndarray, device: torch.device | str = "cpu"
) -> tuple[np.ndarray, np.ndarray]:
    """Return, for each descriptor of a query (N, D), the most similar of a candidate and how similar.

    The first is (N,) int64, the second (N,) float32 dot products; of equally similar ones the first
    counts. A candidate without descriptors gives index 0 and minus infinity.
    """
    _check_widths(query, [candidate])
    if not len(candidate):
        return np.zeros(len(query), np.int64), np.full(len(query), -np.inf, np.float32)
    value, index = product(_on(query, device), _on(candidate, device)).max(dim=1)
    return index.cpu().numpy(), value.cpu().numpy()


def mutual_entries(
    similarity: np.ndarray, of_column: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return rows (M,) and columns (M,) of the entries that are first maxima of their row and column.

    similarity: (R, C) float32 with C > 0. of_column: (C,), the columns' maxima where they are known. Rows
    come rising. An arg-max along columns costs several times one along rows, so the columns' maxima are
    compared by value instead, and arg-maxima of columns are taken only if some column reaches its maximum
    twice.
    """
    of_column = similarity.max(axis=0, initial=-np.inf) if of_column is None else of_column
    best = similarity.argmax(axis=1)
    of_row = similarity[np.arange(len(best)), best]
    rows = np.flatnonzero(of_row == of_column[best])
    if np.count_nonzero(similarity == of_column) > similarity.shape[1]:
        rows = rows[similarity.T[best[rows]].argmax(axis=1) == rows]
    return rows, best[rows]


def _spread(components: int) -> Callable[[Search, Sequence[np.ndarray]], Iterable[Found]]:
    """Return what does a search in each candidate, by the size of the query."""
    if components in SPREAD_COMPONENTS:
        return on_cores
    return map if components >= SPREAD_COMPONENTS.stop else _on_one_core


def _on_one_core(search: Search, candidates: Sequence[np.ndarray]) -> list[Found]:
    (found,) = on_cores(lambda all_of_them: [search(one) for one in all_of_them], [candidates])
    return found


class _Exact:
    """Mutual neighbours of a query (N, D) and a candidate on the CPU, in float32."""

    def __init__(self, query: torch.Tensor) -> None:
        self._query = query.float()
        self._height = max(1, TILE_ENTRIES // len(query))  # rows of a tile

    def __call__(self, candidate: torch.Tensor) -> Found:
        """Return query indices, candidate indices and similarities, by candidate (N_k, D).

        An entry counts that is the first maximum of its row and column in its tile, above those of the
        column in the tiles before, and not below those after.
        """
        highest = np.full(len(self._query), -np.inf, np.float32)
        parts, start = [_nothing()], 0
        for part in candidate.tensor_split(-(-len(candidate) // self._height) or 1):
            tile = product(part.float(), self._query).numpy()
            of_column = tile.max(axis=0, initial=-np.inf)
            rows, columns = mutual_entries(tile, of_column)
            values = tile[rows, columns]
            leads = values > highest[columns]
            parts.append((columns[leads], rows[leads] + start, values[leads]))
            highest = np.maximum(highest, of_column)
            start += len(part)
        columns, rows, values = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        stays = values >= highest[columns]
        return columns[stays], rows[stays], values[stays]


class _Screened:
    """The same, looked for in bf16; in float32 where that is as fast, or where bf16 cannot tell."""

    def __init__(self, query: torch.Tensor) -> None:
        self._exact = _Exact(query)
        self._screen = Screen(rounded(query))
        self._tells = True  # bf16 tells which entries may be the best, so far

    def __call__(self, candidate: torch.Tensor) -> Found:
        """Return query indices, candidate indices and similarities, by candidate (N_k, D)."""
        if not self._tells or self._screen.width * candidate.numel() < LEAST_MULTIPLICATIONS:
            return self._exact(candidate)
        found = self._screen.entries(rounded(candidate))
        if found is None:
            self._tells = False  # as these descriptors are, it would be so with the other candidates too
            return self._exact(candidate)
        rows, columns, values = found
        return columns, rows, values


def _search(query: torch.Tensor, longest: int, products: Products) -> Callable[[torch.Tensor], Found]:
    """Return what finds the mutual neighbours of a query (N, D) in a candidate on the CPU.

    longest: descriptors of the largest candidate.
    """
    wide = query.numel() * longest >= LEAST_MULTIPLICATIONS
    screens = products == "fastest" and wide and has_fast_bf16()
    return _Screened(query) if screens else _Exact(query)


def _in_batches(
    query: np.ndarray,
    candidates: Sequence[np.ndarray],
    device: torch.device,
    batch_bytes: int = BATCH_BYTES,
) -> Iterator[Found]:
    """Yield the same as `_Exact` gives, from padded batches on a device where loops are slow."""
    query_t = _on(query, device).T
    longest = max(map(len, candidates), default=0)
    size = max(1, batch_bytes // max(1, 4 * longest * len(query)))
    for start in range(0, len(candidates), size):
        batch = candidates[start : start + size]
        padded = torch.nn.utils.rnn.pad_sequence([_on(c, device) for c in batch], batch_first=True)
        lengths = torch.tensor([len(candidate) for candidate in batch], device=device)
        yield from _mutual_of_batch(padded, lengths, query_t)


def _mutual_of_batch(padded: torch.Tensor, lengths: torch.Tensor, query_t: torch.Tensor) -> Iterator[Found]:
    """Yield the mutual neighbours of each of B candidates (B, P, D) padded behind their `lengths`."""
    if not padded.shape[1]:
        yield from (_nothing() for _ in padded)
        return
    order = torch.arange(padded.shape[1], device=padded.device)
    real = order < lengths[:, None]
    similarity = (padded @ query_t).masked_fill_(~real[:, :, None], -torch.inf)
    value, best = similarity.max(dim=2)  # torch gives the first of equal maxima
    back = similarity.max(dim=1).indices
    mutual = (back.gather(1, best) == order) & real
    held = (tensor.cpu().numpy() for tensor in (mutual, best, value))
    for found, partner, score in zip(*held, strict=True):
        rows = np.flatnonzero(found)
        yield partner[rows], rows, score[rows]


def _above(
    threshold: float, of_query: np.ndarray, of_candidate: np.ndarray, similarity: np.ndarray
) -> MutualMatches:
    kept = similarity >= threshold
    return MutualMatches(np.stack([of_query[kept], of_candidate[kept]], axis=1), similarity[kept])


def _nothing() -> Found:
    return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32)


def _tensor(descriptors: np.ndarray) -> torch.Tensor:
    """Return descriptors as a tensor, float16 or float32, without a copy where the array allows it.

    torch turns float16 into float32 thirty times as fast as numpy.
    """
    array = np.ascontiguousarray(descriptors, None if descriptors.dtype == np.float16 else np.float32)
    return torch.from_numpy(array if array.flags.writeable else array.copy())


def _on(descriptors: np.ndarray, device: torch.device | str) -> torch.Tensor:
    return _tensor(descriptors).to(device).float()


def _check_widths(query: np.ndarray, candidates: Sequence[np.ndarray]) -> None:
    for number, candidate in enumerate(candidates):
        if candidate.shape[1] != query.shape[1]:
            raise PairError(
                f"the query's descriptors have {query.shape[1]} components, those of candidate {number} "
                f"have {candidate.shape[1]}; extract both with the same extractor and settings"
            )
