"""Mutual nearest neighbours of a query's descriptors in each of its candidates.

Similarity is the plain dot product. A pair is mutual when each is the other's most similar
descriptor; of equally similar ones the first counts. The similarities of one candidate (CPU) or one
batch of candidates (GPU) are held at a time. A candidate's matches do not depend on which other
candidates are in the list.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from data.errors import PairError

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
) -> list[MutualMatches]:
    """Match a query's descriptors (N, D) with those of each candidate (N_k, D).

    Descriptors are float32 or float16, compared as float32 and not normalised. threshold: lowest
    similarity of a match, inclusive. Returns one MutualMatches per candidate; a photo without
    descriptors has none. Raises PairError when descriptors differ in width.
    """
    chosen = torch.device(device)
    _check_widths(query, candidates)
    if not len(query):
        found: Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]] = (_nothing() for _ in candidates)
    elif chosen.type == "cpu":
        found = _one_by_one(query, candidates)
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
    value, index = (_tensor(query).to(device) @ _tensor(candidate).to(device).T).max(dim=1)
    return index.cpu().numpy(), value.cpu().numpy()


def mutual_entries(similarity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return rows (M,) and columns (M,) of the entries that are first maxima of their row and column.

    similarity: (R, C) float32 with C > 0. Rows come rising. An arg-max along columns costs several
    times one along rows, so the columns' maxima are compared by value instead, and arg-maxima of
    columns are taken only if some column reaches its maximum twice.
    """
    best = similarity.argmax(axis=1)
    of_row = similarity[np.arange(len(best)), best]
    of_column = similarity.max(axis=0, initial=-np.inf)
    rows = np.flatnonzero(of_row == of_column[best])
    if np.count_nonzero(similarity == of_column) > similarity.shape[1]:
        rows = rows[similarity.T[best[rows]].argmax(axis=1) == rows]
    return rows, best[rows]


def _one_by_one(
    query: np.ndarray, candidates: Sequence[np.ndarray]
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield query indices, candidate indices and similarities of each candidate, on the CPU."""
    query_t = _tensor(query).T
    scratch = torch.empty(max(map(len, candidates), default=0) * len(query))
    for candidate in candidates:
        similarity = scratch[: len(candidate) * len(query)].view(len(candidate), len(query))
        torch.mm(_tensor(candidate), query_t, out=similarity)
        held = similarity.numpy()
        rows, columns = mutual_entries(held)
        yield columns, rows, held[rows, columns]


def _in_batches(
    query: np.ndarray,
    candidates: Sequence[np.ndarray],
    device: torch.device,
    batch_bytes: int = BATCH_BYTES,
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield the same as `_one_by_one`, from padded batches on a device where loops are slow."""
    query_t = _tensor(query).to(device).T
    longest = max(map(len, candidates), default=0)
    size = max(1, batch_bytes // max(1, 4 * longest * len(query)))
    for start in range(0, len(candidates), size):
        batch = candidates[start : start + size]
        padded = torch.nn.utils.rnn.pad_sequence([_tensor(c).to(device) for c in batch], batch_first=True)
        lengths = torch.tensor([len(candidate) for candidate in batch], device=device)
        yield from _mutual_of_batch(padded, lengths, query_t)


def _mutual_of_batch(
    padded: torch.Tensor, lengths: torch.Tensor, query_t: torch.Tensor
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
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


def _nothing() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32)


def _tensor(descriptors: np.ndarray) -> torch.Tensor:
    """Return descriptors as a float32 tensor, without a copy where the array allows it."""
    array = np.ascontiguousarray(descriptors, np.float32)
    return torch.from_numpy(array if array.flags.writeable else array.copy())


def _check_widths(query: np.ndarray, candidates: Sequence[np.ndarray]) -> None:
    for number, candidate in enumerate(candidates):
        if candidate.shape[1] != query.shape[1]:
            raise PairError(
                f"the query's descriptors have {query.shape[1]} components, those of candidate {number} "
                f"have {candidate.shape[1]}; extract both with the same extractor and settings"
            )
