"""Latency of a query, cold and warm, from the seconds of its stages.

Cold is the published definition: the query and its K candidates are decoded and extracted, matched
and scored. Warm has the candidates' features stored: they are read instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from data.errors import ResultError

STAGES = (
    "query_decode",
    "query_extraction",
    "candidate_decode",
    "candidate_extraction",
    "candidate_reading",
    "matching",
    "scoring",
)
COLD_STAGES = tuple(stage for stage in STAGES if stage != "candidate_reading")
WARM_STAGES = ("query_decode", "query_extraction", "candidate_reading", "matching", "scoring")
WARM_UP_QUERIES = 3
PERCENTILES = (50.0, 5.0, 95.0)


@dataclass(frozen=True)
class Percentiles:
    """Seconds per query: median, 5th and 95th percentile, over that many queries."""

    median_s: float
    low_s: float
    high_s: float
    queries: int


@dataclass(frozen=True)
class Latency:
    """Latency of a query. Totals and stages that were not measured are None and absent.

    warm_up: queries left out, the first of every process. device, precision, threads: what it ran on.
    """

    cold: Percentiles | None
    warm: Percentiles | None
    stages: dict[str, Percentiles]
    warm_up: int
    device: str
    precision: str
    threads: int


def measure_latency(
    seconds: np.ndarray,
    turns: np.ndarray,
    *,
    device: str,
    precision: str,
    threads: int,
    warm_up: int = WARM_UP_QUERIES,
) -> Latency:
    """Sum up stages of queries into cold and warm latency.

    seconds: (Q, S) of each query in each of `STAGES`, NaN where not measured, 0 where a method lacks the
    stage. turns: (Q,) how many queries the same process had measured before. warm_up: queries of every
    process to leave out; where none would remain, none is left out.
    """
    counted = turns >= warm_up
    if not counted.any():
        counted = np.ones(len(turns), bool)
    kept = seconds[counted]
    stages = {stage: _percentiles(kept[:, column]) for column, stage in enumerate(STAGES)}
    return Latency(
        cold=_percentiles(_total(kept, COLD_STAGES)),
        warm=_percentiles(_total(kept, WARM_STAGES)),
        stages={stage: found for stage, found in stages.items() if found is not None},
        warm_up=int(np.sum(~counted)),
        device=device,
        precision=precision,
        threads=threads,
    )


def stage_row(seconds: Mapping[str, float]) -> np.ndarray:
    """Return a query's seconds by stage as (S,) float64 in the order of `STAGES`, NaN where absent.

    Raises ResultError for an unknown stage.
    """
    unknown = sorted(seconds.keys() - set(STAGES))
    if unknown:
        raise ResultError(f"no stage is called {', '.join(unknown)}; the stages are {', '.join(STAGES)}")
    return np.array([seconds.get(stage, np.nan) for stage in STAGES])


def _total(seconds: np.ndarray, stages: tuple[str, ...]) -> np.ndarray:
    return seconds[:, [STAGES.index(stage) for stage in stages]].sum(axis=1)


def _percentiles(seconds: np.ndarray) -> Percentiles | None:
    """Return percentiles over the measured queries; None when none was measured."""
    measured = seconds[~np.isnan(seconds)]
    if not len(measured):
        return None
    median, low, high = np.percentile(measured, PERCENTILES)
    return Percentiles(float(median), float(low), float(high), len(measured))
