"""What kinds of index find, against the exact search, and what they cost."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import median

import numpy as np

from networks.timing import Stopwatch
from retrieval.approximate import BuiltIndex, build_index
from retrieval.blocks import Block, Neighbours
from retrieval.exact import search_exact
from retrieval.index_kinds import EXACT, IndexChoice, parse_kind

RECALL_NS = (1, 10, 100)
SINGLE_QUERIES = 20  # that are searched for one at a time
ENOUGH_PER_LIST = 64  # rows
LISTS_PER_ROOT = 4  # of the rows: what FAISS advises
SEVERAL = "/"  # between values of a setting to be tried


@dataclass(frozen=True)
class Measured:
    """One kind with its settings on one database.

    recalls: n -> percent of the n nearest rows that are among the first n found. together_s: seconds of
    a query where all are searched for in one call; single_s: the median where one is at a time. bytes: of
    the index; the exact search has none. build_s: of training and filling, reading included.
    """

    kind: str
    recalls: dict[int, float]
    together_s: float
    single_s: float
    bytes: int
    build_s: float

    @property
    def choice(self) -> IndexChoice:
        """The kind with its settings."""
        return parse_kind(self.kind)


def sweep_indexes(
    database: Iterable[Block],
    queries: np.ndarray,
    choices: Sequence[IndexChoice],
    top_k: int = max(RECALL_NS),
) -> Iterator[Measured]:
    """Measure the exact search, then every choice; choices that differ in knobs alone share one index.

    database: passes by several times, no iterator. queries: (Q, D) float32. The exact search reads the
    database from where it lies, every time; the others hold it. Raises SettingsError for kinds that do not
    fit the database.
    """
    stopwatch = Stopwatch()
    with stopwatch.measure("together"):
        truth = search_exact(database, queries, top_k)
    with stopwatch.measure("single"):
        search_exact(database, queries[:1], top_k)
    together_s = stopwatch.seconds["together"] / len(queries)
    yield Measured(EXACT, _recalls(truth, truth), together_s, stopwatch.seconds["single"], 0, 0.0)
    built: dict[str, list[IndexChoice]] = defaultdict(list)
    for choice in choices:
        if choice.name != EXACT:
            built[choice.build_text].append(choice)
    for alike in built.values():
        stopwatch = Stopwatch()
        with stopwatch.measure("building"):
            index = build_index(database, alike[0])
        size = index.bytes()
        for choice in alike:
            yield _measure(index, choice, queries, truth, size, stopwatch.seconds["building"])


def expand(text: str) -> list[IndexChoice]:
    """Return the choices of a kind whose settings may have several values: "ivf:lists=64,nprobe=1/4/16"."""
    name, colon, assigned = text.partition(":")
    if not colon:
        return [parse_kind(text)]
    settings = [part.partition("=") for part in assigned.split(",")]
    several = [
        [f"{key}{equals}{value}" for value in values.split(SEVERAL)] for key, equals, values in settings
    ]
    return [parse_kind(f"{name}:{','.join(chosen)}") for chosen in product(*several)]


def usual_choices(rows: int, dimension: int) -> list[IndexChoice]:
    """Return choices of every kind that fits a database of that many rows and dimensions."""
    lists = 2 ** int(np.log2(max(min(LISTS_PER_ROOT * rows**0.5, rows / ENOUGH_PER_LIST), 1)))
    bits = int(np.log2(lists)) // 2 + 1
    codes, halves = (_divisor(dimension, dimension // share) for share in (8, 4))
    texts = (
        f"ivf:lists={lists},nprobe=1/4/16/64",
        f"pq:codes={codes},refine=0/4",
        f"ivfpq:lists={lists},codes={codes},nprobe=4/16/64,refine=0/4",
        f"imi:cell_bits={bits},codes={codes},nprobe=16/64/256,refine=0/4",
        "hnsw:efSearch=100/200/400",
        f"pqfs:codes={halves},refine=0/4",
        f"ivfpqfs:lists={lists},codes={halves},nprobe=4/16/64,refine=0/4",
    )
    choices = [choice for text in texts for choice in expand(text)]
    return [choice for choice in choices if not choice.misfit(rows, dimension)]


def _divisor(number: int, most: int) -> int:
    """Return the largest divisor of `number` that is not above `most`, at least 1."""
    return max((count for count in range(1, most + 1) if number % count == 0), default=1)


def _measure(
    index: BuiltIndex, choice: IndexChoice, queries: np.ndarray, truth: Neighbours, size: int, build_s: float
) -> Measured:
    top_k = truth.indices.shape[1]
    index.set_knobs(choice)
    index.search(queries[:1], top_k)  # to warm up
    stopwatch = Stopwatch()
    with stopwatch.measure("together"):
        found = index.search(queries, top_k)
    singles = []
    for query in queries[:SINGLE_QUERIES]:
        single = Stopwatch()
        with single.measure("single"):
            index.search(query[None], top_k)
        singles.append(single.seconds["single"])
    together_s = stopwatch.seconds["together"] / len(queries)
    return Measured(choice.text, _recalls(found, truth), together_s, median(singles), size, build_s)


def _recalls(found: Neighbours, truth: Neighbours) -> dict[int, float]:
    """Return n -> percent of the n nearest that are among the first n found, for n up to the K of both."""
    pairs = list(zip(truth.indices, found.indices, strict=True))
    return {
        n: 100.0 * float(np.mean([np.isin(true[:n], first[:n]).mean() for true, first in pairs]))
        for n in RECALL_NS
        if n <= truth.indices.shape[1]
    }
