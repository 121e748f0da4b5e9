"""The published way of working: every candidate decoded, extracted and scored anew for every query.

One photo at a time, the pairs one after the other, each on all cores, nothing kept. Networks are in the
default memory layout with their norms apart, products are torch's own (`workers.py`), and what published code
does beyond what scores need is done (`published.py`). The query is extracted once, and where a network takes
both photos of a pair, for every candidate anew.
"""

from dataclasses import replace
from itertools import product

import numpy as np

from benchmarks.pipeline.job import Job
from benchmarks.pipeline.peak import forget_peak, peak_mib
from benchmarks.pipeline.photos import nearest_photos
from benchmarks.pipeline.published import (
    FINE,
    PUBLISHED,
    extract_as_published,
    make_plain,
    score_as_published,
)
from extractors import Features
from networks.timing import Stopwatch

OF_BOTH_PHOTOS = ("loftr", "cvnet")


class Naive:
    """The published way with one pair of methods."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.dataset = job.dataset()
        self.extractor, self.matcher = job.build(PUBLISHED | FINE)
        make_plain(self.extractor)
        make_plain(self.matcher)
        self._kept: dict[tuple[str, int], Features] = {}  # for `scores` alone
        self.idle_mib = forget_peak()

    def warm_up(self) -> None:
        """Run everything once."""
        photo = self._features("queries", 0)
        score_as_published(self.matcher, photo, photo)

    def round(self, number: int) -> dict[str, float]:
        """Score some candidates of query `number`; return seconds by stage, of the query and a candidate.

        query_s: decoding and extracting the query, 0 where that belongs to each candidate. candidate_s: the
        same of a candidate, and of the query where it is run again. score_s: matching and scoring of a pair.
        """
        clock = Stopwatch(self.extractor.device)
        again = self.job.names[0] in OF_BOTH_PHOTOS
        with clock.measure("query"):
            query = self._features("queries", number)
        rows = np.roll(nearest_photos(self.dataset, number)[: self.job.different], -number)[: self.job.naive]
        for row in rows.tolist():
            with clock.measure("candidate"):
                candidate = self._features("database", row)
                query = self._features("queries", number) if again else query
            with clock.measure("score"):
                score_as_published(self.matcher, query, candidate)
        spent = clock.seconds
        return {
            "query_s": 0.0 if again else spent["query"],
            "candidate_s": spent["candidate"] / len(rows),
            "score_s": spent["score"] / len(rows),
            "peak_mib": peak_mib() - self.idle_mib,
        }

    def scores(self, rounds: int, number_format: str) -> np.ndarray:
        """Score each of the queries with every photo that a round extracted: (rounds, photos) float64.

        number_format: that descriptors and maps are rounded to before.
        """
        queries = [self._rounded("queries", number, number_format) for number in range(rounds)]
        photos = [self._rounded("database", row, number_format) for row in self.rows()]
        values = [self.matcher.score(query, [photo]).values[0] for query, photo in product(queries, photos)]
        return np.reshape(values, (rounds, -1))

    def rows(self) -> list[int]:
        """Return the database rows of the columns of `scores`."""
        return sorted(row for kind, row in self._kept if kind == "database")

    def _rounded(self, kind: str, row: int, number_format: str) -> Features:
        return rounded(self._kept[kind, row], number_format)

    def _features(self, kind: str, row: int) -> Features:
        features = extract_as_published(self.extractor, getattr(self.dataset, kind).path(row))
        self._kept[kind, row] = features
        return features


def rounded(features: Features, number_format: str) -> Features:
    """Return features with descriptors and maps as a store keeps them that stores `number_format`."""
    descriptors = None if features.descriptors is None else features.descriptors.astype(number_format)
    dense = {
        name: values.astype(number_format) if values.dtype.kind == "f" else values
        for name, values in features.dense.items()
    }
    return replace(features, descriptors=descriptors, dense=dense)
