"""Searching descriptors: the nearest database photos of every query, exactly or by an index.

The database passes by in blocks, so that an exact search never has it in memory whole. Two defects of
the published harness are avoided: a photo's index is its position in the database, whatever the blocks'
sizes (there, blocks of unequal size rotate the indices of the last one), and no more candidates are
returned than there are photos (there, the rest are index -1 at distance 3.4e38).
"""

from collections.abc import Iterable

import numpy as np

from data.errors import SettingsError
from retrieval.approximate import build_index
from retrieval.blocks import Block, Neighbours
from retrieval.exact import search_exact
from retrieval.index_kinds import EXACT, parse_kind


def search(blocks: Iterable[Block], queries: np.ndarray, top_k: int, kind: str = EXACT) -> Neighbours:
    """Return the `top_k` nearest database rows of every query, by ascending squared L2 distance.

    blocks: the database, in parts of any size; kinds other than "exact" go through them twice, and take a
    list or the like, no iterator. queries: (Q, D) float32. kind: see `retrieval.index_kinds`; "exact"
    compares every row, the others are FAISS's. Equal distances are ordered by index.
    K = min(top_k, rows of the database); where an index finds fewer, the rest is index -1.
    Raises SettingsError for an unknown kind, one that does not fit the database, and a `top_k` below 1.
    """
    choice = parse_kind(kind)
    if top_k < 1:
        raise SettingsError(f"top_k must be at least 1, found {top_k}")
    wanted = np.ascontiguousarray(queries, np.float32)
    if choice.name == EXACT:
        return search_exact(blocks, wanted, top_k)
    return build_index(blocks, choice).search(wanted, top_k)
