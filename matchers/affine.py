"""Affine verification of one-way nearest neighbours, as DELG's authors re-rank.

Source: Cao et al., DELG, ECCV 2020; `image_reranking.py` of tensorflow/models, DELF.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import cv2
import numpy as np
import torch

from data.errors import SettingsError
from extractors import Features
from matchers.base import MatcherSpec, Matches, Scores, matched_points, needed
from matchers.mutual import nearest_descriptors
from networks.cores import on_cores
from networks.timing import Stopwatch

SAMPLE = 3  # points that determine an affine map
TIE_SHARE = 0.25  # of a similarity in [-1, 1]: less than half an inlier between any two candidates


@dataclass(frozen=True)
class AffineSettings:
    """Settings of affine verification; the defaults are those of DELG's published re-ranking.

    match_distance: Euclidean distance of unit descriptors below which a feature of the query is
    matched with its nearest in the candidate; one of those may serve several. residual_px: errors of
    inliers lie below it, pixels of the query photo. iterations: samples of three matches.
    confidence: probability of an all-inlier sample at which sampling stops; DELG never stops early.
    tie_break: what orders candidates of equal counts: "global", the similarity of the features' own
    global descriptors where they have one, as published; "retriever", the retriever's order.
    """

    match_distance: float = 1.0
    residual_px: float = 20.0
    iterations: int = 1000
    confidence: float = 0.99999
    tie_break: Literal["global", "retriever"] = "global"

    def __post_init__(self) -> None:
        sound = min(self.match_distance, self.residual_px) > 0 and self.iterations >= 1
        if not (sound and 0 < self.confidence < 1):
            raise SettingsError(
                "affine needs match_distance > 0, residual_px > 0, iterations >= 1 and confidence in (0, 1); "
                f"found {self.match_distance}, {self.residual_px}, {self.iterations} and {self.confidence}"
            )


class Affine:
    """Affine verification as a matcher."""

    spec: ClassVar[MatcherSpec] = MatcherSpec(
        name="affine",
        summary="One-way nearest neighbours, then the inliers of an affine map (DELG's re-ranking).",
        source="Cao et al., ECCV 2020, arXiv 2001.05027; tensorflow/models, DELF",
    )
    Settings: ClassVar[type] = AffineSettings

    def __init__(
        self,
        settings: AffineSettings,
        state: None = None,
        device: torch.device | str = "cpu",
        precision: str = "float32",
    ) -> None:
        self.settings = settings
        self.device = torch.device(device)

    @classmethod
    def layers(cls, settings: AffineSettings) -> None:
        """Return None: there is no network."""

    @classmethod
    def checkpoint(cls, settings: AffineSettings) -> None:
        """Return None: there is no network."""

    def score(self, query: Features, candidates: Sequence[Features]) -> Scores:
        """Count the inliers of each candidate; three matches or fewer count 0.

        To the count a quarter of the global similarity is added, which changes the order of ties alone.
        """
        clock = Stopwatch(self.device)
        with clock.measure("matching"):
            found = [self._neighbours(query, candidate) for candidate in candidates]
        with clock.measure("scoring"):
            points = [
                matched_points(query, candidate, indices, self.spec.name)
                for candidate, indices in zip(candidates, found, strict=True)
            ]
            inliers = np.array([mask.sum() for mask in on_cores(self._inliers, points)], np.int64)
        return Scores(
            values=inliers + np.array([self._tie_break(query, candidate) for candidate in candidates]),
            matches=np.array([len(indices) for indices in found], np.int64),
            inliers=inliers,
            matching_s=clock.seconds["matching"],
            scoring_s=clock.seconds["scoring"],
        )

    def match(self, query: Features, candidate: Features) -> Matches:
        """Return the matches of a pair in the query's order, the inliers marked."""
        indices = self._neighbours(query, candidate)
        points = matched_points(query, candidate, indices, self.spec.name)
        return Matches(*points, self._inliers(points), indices=indices)

    def _tie_break(self, query: Features, candidate: Features) -> float:
        """Return what is added to a count; nothing where a global descriptor lacks."""
        whole0, whole1 = query.global_descriptor, candidate.global_descriptor
        if self.settings.tie_break == "retriever" or whole0 is None or whole1 is None:
            return 0.0
        return TIE_SHARE * float(whole0.astype(np.float64) @ whole1.astype(np.float64))

    def _neighbours(self, query: Features, candidate: Features) -> np.ndarray:
        """Return (M, 2) int64: features of the query, and the nearest of the candidate within reach."""
        nearest, similarity = nearest_descriptors(
            needed(query, "descriptors", self.spec.name),
            needed(candidate, "descriptors", self.spec.name),
            self.device,
        )
        close = np.flatnonzero(similarity > 1 - self.settings.match_distance**2 / 2)
        return np.stack([close, nearest[close]], axis=1)

    def _inliers(self, points: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """Return which matches are inliers of a map from candidate points to query points, (M,) bool."""
        target, source = points
        matrix = self._estimate(source, target) if len(source) > SAMPLE else None
        if matrix is None:
            return np.zeros(len(source), bool)
        errors = np.linalg.norm(source @ matrix[:, :2].T + matrix[:, 2] - target, axis=1)
        return errors < self.settings.residual_px

    def _estimate(self, source: np.ndarray, target: np.ndarray) -> np.ndarray | None:
        """Return the affine map (2, 3) of the best sample, not refined; None for points on a line."""
        return cv2.estimateAffine2D(
            source,
            target,
            method=cv2.RANSAC,
            ransacReprojThreshold=self.settings.residual_px,
            maxIters=self.settings.iterations,
            confidence=self.settings.confidence,
            refineIters=0,
        )[0]
