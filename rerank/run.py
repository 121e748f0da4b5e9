"""The record of a finished run: what was asked, what was scored, and the measures that follow."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from data.errors import ResultError
from rerank.latency import WARM_UP_QUERIES, Latency, measure_latency
from rerank.metrics import first_hits, rank_candidates
from rerank.protocol import Protocol, differences
from rerank.provenance import Environment, Method, method_differences
from rerank.space import humanise_bytes

BLOCK_QUERIES = 1024  # ranked at a time where the order itself is not kept


@dataclass(frozen=True)
class RunIdentity:
    """What makes two runs the same one. dataset: its name, such as "tokyo_night"."""

    dataset: str
    protocol: Protocol
    method: Method


@dataclass(frozen=True)
class BadPhoto:
    """A photo that could not be used. path: relative to the dataset. reason: in words."""

    path: str
    reason: str


@dataclass(frozen=True)
class CacheUse:
    """What came of keeping features below a limit, over the queries since the run was last taken up.

    wanted: candidates of all queries. found: those whose features the cache had. photos: wanted ones, each
    once. extracted: how many extractions that took.
    """

    limit_bytes: int
    queries: int
    wanted: int
    found: int
    photos: int
    extracted: int

    def __str__(self) -> str:
        """Tell the hit rate, and what it cost."""
        rate = 100.0 * self.found / max(1, self.wanted)
        return (
            f"features kept below {humanise_bytes(self.limit_bytes)}: {rate:.1f} % of the candidates of "
            f"{self.queries:,} queries were there, {self.extracted:,} extractions of {self.photos:,} photos"
        )


@dataclass(frozen=True)
class Origin:
    """Where a run's photos and features lay when it was made; none of it identifies the run.

    dataset: a named dataset, or the absolute path of a folder or table. database_folder: as configured.
    caches: absolute path. weights: as configured.
    """

    dataset: str
    database_folder: str | None = None
    caches: str | None = None
    weights: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Shortlist:
    """The candidates that every method of a protocol was given, in the retriever's order.

    query_names: Q. indices: (Q, K) int64 into the database, -1 where padded. distances_m: (Q, K) float64
    from the query, infinite where padded. descriptor_distances: (Q, K) float32 of the retriever.
    positives: (Q,) int64, positives of each query in the whole database. Raises ResultError for
    shapes that disagree.
    """

    query_names: list[str]
    indices: np.ndarray
    distances_m: np.ndarray
    descriptor_distances: np.ndarray
    positives: np.ndarray

    def __post_init__(self) -> None:
        queries, candidates = len(self.query_names), self.indices.shape[-1]
        for name in ("indices", "distances_m", "descriptor_distances", "positives"):
            expected = (queries,) if name == "positives" else (queries, candidates)
            if getattr(self, name).shape != expected:
                raise ResultError(f"{name} must be {expected}, found {getattr(self, name).shape}")

    @property
    def candidates(self) -> int:
        """K, candidates of a query."""
        return int(self.indices.shape[1])


@dataclass(frozen=True, eq=False)
class Run:
    """A finished run of one method on one dataset.

    values: (Q, K) float64 scores in the shortlist's order, larger is better, -inf where not scored.
    matches, inliers: (Q, K) int32, -1 where unknown. seconds: (Q, S) of `latency.STAGES`, NaN where not
    measured. turns: (Q,) int32, how many queries the same process had scored before. times: stage of
    the whole run -> seconds. notes: what a reader should know, in words. warm_up: see `Latency`.
    origin: None where unknown. cache: None where all features were kept.
    """

    identity: RunIdentity
    environment: Environment
    shortlist: Shortlist
    values: np.ndarray
    matches: np.ndarray
    inliers: np.ndarray
    seconds: np.ndarray
    turns: np.ndarray
    bad_photos: tuple[BadPhoto, ...] = ()
    times: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    warm_up: int = WARM_UP_QUERIES
    origin: Origin | None = None
    cache: CacheUse | None = None

    @property
    def name(self) -> str:
        """The method's name."""
        return self.identity.method.name

    @property
    def queries_without_positives(self) -> int:
        """Queries that no method can get right, at the protocol's threshold."""
        return int(np.sum(self.shortlist.positives == 0))

    def labels(self, threshold_m: float | None = None) -> np.ndarray:
        """Tell which candidates are positives: (Q, K) bool; by default at the protocol's threshold."""
        return self.shortlist.distances_m <= self.threshold_m(threshold_m)

    def threshold_m(self, given: float | None = None) -> float:
        """Return the given threshold in metres, by default the protocol's."""
        return self.identity.protocol.threshold_m if given is None else given

    @cached_property
    def order(self) -> np.ndarray:
        """Candidates from best to worst: (Q, K) columns of the shortlist.

        Candidates that could not be scored come last, in the retriever's order.
        """
        return rank_candidates(self.values)

    def first_hits(self, threshold_m: float | None = None) -> np.ndarray:
        """Return each query's rank of the first positive after re-ranking: (Q,) int64."""
        blocks = [slice(first, first + BLOCK_QUERIES) for first in range(0, len(self.values), BLOCK_QUERIES)]
        labels = self.labels(threshold_m)
        found = [first_hits(labels[block], rank_candidates(self.values[block])) for block in blocks]
        return np.concatenate([np.empty(0, np.int64), *found])

    def retrieval_first_hits(self, threshold_m: float | None = None) -> np.ndarray:
        """Return each query's rank of the first positive in the retriever's order: (Q,) int64."""
        return first_hits(self.labels(threshold_m))

    def latency(self) -> Latency:
        """Return cold and warm latency of a query."""
        method = self.identity.method
        return measure_latency(
            self.seconds,
            self.turns,
            warm_up=self.warm_up,
            device=method.device,
            precision=method.precision,
            threads=self.environment.threads,
        )


def identity_differences(a: RunIdentity, b: RunIdentity) -> list[str]:
    """Say in words what differs between two runs' identities; empty when they are the same run."""
    dataset = [] if a.dataset == b.dataset else [f"dataset: {a.dataset} against {b.dataset}"]
    return dataset + differences(a.protocol, b.protocol) + method_differences(a.method, b.method)
