"""Scoring level by level: features of several patch sizes or scales, matched apart, then fused.

Each level is scored as if it were all there is. The levels' scores are summed with weights, either
raw or, as Patch-NetVLAD's authors do, standardised over the query's candidates first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from data.errors import PairError
from extractors import Features
from matchers.base import Matches, Scores, needed

PATCH_NETVLAD_WEIGHTS = (0.45, 0.15, 0.4)  # of its patch sizes 2, 5 and 8


@dataclass(frozen=True)
class Levels:
    """How features that carry levels are scored.

    owner: the matcher's name, for messages. weights: one for each level, 0 first. fusion: "weighted"
    sums raw scores, "standardised" those that `standardise` gives.
    """

    owner: str
    weights: Sequence[float]
    fusion: Literal["weighted", "standardised"]

    def score(
        self,
        score: Callable[[Features, Sequence[Features]], Scores],
        query: Features,
        candidates: Sequence[Features],
    ) -> Scores:
        """Score each level with `score` and fuse them; counts and seconds are the levels' sums.

        A level that a photo lacks counts as a photo without features. Raises PairError for features
        without levels, or with more levels than there are weights.
        """
        queries = self.split(query)
        split = [self.split(candidate) for candidate in candidates]
        parts = [score(of_query, [s[level] for s in split]) for level, of_query in enumerate(queries)]
        return Scores(
            values=self.fuse(np.stack([part.values for part in parts], axis=1)),
            matches=_sum([part.matches for part in parts]),
            inliers=_sum([part.inliers for part in parts]),
            matching_s=sum(part.matching_s for part in parts),
            scoring_s=sum(part.scoring_s for part in parts),
        )

    def match(
        self, match: Callable[[Features, Features], Matches], query: Features, candidate: Features
    ) -> Matches:
        """Match each level with `match` and join the correspondences, level after level."""
        parts = []
        for level, (of_query, of_candidate) in enumerate(
            zip(self.split(query), self.split(candidate), strict=True)
        ):
            found = match(of_query, of_candidate)
            within = np.empty((0, 2), np.int64) if found.indices is None else found.indices
            rows0, rows1 = self._rows(query)[level], self._rows(candidate)[level]
            whole = np.stack([rows0[within[:, 0]], rows1[within[:, 1]]], axis=1)
            parts.append(replace(found, indices=whole))
        names = ("points0", "points1", "inliers", "indices")
        return Matches(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})

    def fuse(self, per_level: np.ndarray) -> np.ndarray:
        """Fuse the scores (K, L) of K candidates on L levels to (K,) float64."""
        fused = standardise(per_level) if self.fusion == "standardised" else per_level
        return fused @ np.asarray(self.weights, np.float64)

    def split(self, features: Features) -> list[Features]:
        """Return the features of each level, with the rows of all arrays in their order.

        Levels that lie end to end are views of the arrays, which can be large.
        """
        arrays: dict[str, Any] = features.per_keypoint()
        return [
            replace(features, **{name: array[_span(rows)] for name, array in arrays.items()})
            for rows in self._rows(features)
        ]

    def _rows(self, features: Features) -> list[np.ndarray]:
        """Return the indices of each level's features."""
        levels = needed(features, "levels", self.owner)
        if len(levels) and not 0 <= levels.min() <= levels.max() < len(self.weights):
            raise PairError(
                f"{self.owner} has weights for {len(self.weights)} levels, found levels "
                f"{levels.min()} to {levels.max()}; give one weight for each level, counted from 0"
            )
        return [np.flatnonzero(levels == level) for level in range(len(self.weights))]


def standardise(per_level: np.ndarray) -> np.ndarray:
    """Subtract from scores (K, L) each level's mean and divide by its population deviation.

    A level on which all candidates score alike gives zeros; the published code divides by zero there.
    Source: Patch-NetVLAD (CVPR 2021), `local_matcher.py` of the published code.
    """
    if not len(per_level):
        return per_level
    constant = np.ptp(per_level, axis=0) == 0
    deviation = np.where(constant, 1.0, per_level.std(axis=0))
    return np.where(constant, 0.0, (per_level - per_level.mean(axis=0)) / deviation)


def _span(rows: np.ndarray) -> np.ndarray | slice:
    """Return rising `rows` as a slice where they follow one another."""
    if len(rows) and rows[-1] - rows[0] + 1 == len(rows):
        return slice(rows[0], rows[-1] + 1)
    return rows


def _sum(counts: Sequence[np.ndarray | None]) -> np.ndarray | None:
    present = [count for count in counts if count is not None]
    return np.sum(present, axis=0) if present else None
