"""RANSAC: mutual nearest neighbours, a robust homography, and the number of its inliers.

Sources: the re-ranking benchmark of Barbarani et al., CVPR Workshops 2023 (one level, weighted
levels); Hausler et al., Patch-NetVLAD, CVPR 2021 (standardised levels).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np
import torch

from extractors import Features
from matchers.base import Frame, MatcherSpec, Matches, Scores, in_frame, matched_points, needed
from matchers.geometry import SAMPLE, Estimator, Robust, estimate_homography
from matchers.levels import PATCH_NETVLAD_WEIGHTS, Levels
from matchers.mutual import MutualMatches, match_candidates
from networks.cores import on_cores
from networks.timing import Stopwatch


@dataclass(frozen=True)
class RansacSettings:
    """Settings of RANSAC.

    estimator, reprojection_px, iterations, confidence: see `matchers.geometry.Robust`. The threshold is
    the published re-ranking benchmark's; its estimator was OpenCV's plain RANSAC: estimator="ransac",
    iterations=2000. The default finds as many true inliers or more at every share of true matches, and no
    more false ones, in a tenth of the time; "usac_accurate" finds no more (`benchmarks/estimators.py`).
    match_threshold: lowest similarity of a match, inclusive.
    few_matches: what one to three matches score, which determine no homography: "counted" as inliers,
    as in the benchmark, or "zero", as in Patch-NetVLAD's own code.
    normalise: "none" scores the number of inliers, "query_features" that number over the query's
    features, which changes no ranking but sets the balance of weighted levels.
    levels: "joint" matches all features with all; "weighted" and "standardised" score levels apart
    and sum them with level_weights (published with normalise="query_features").
    frame: whose pixels reprojection_px counts; "method": those of the photo as the extractor resized
    it, where it always resizes to one size (TransVPR, Patch-NetVLAD), "original": of the photo itself.
    """

    estimator: Estimator = "usac_fast"
    reprojection_px: float = field(default=24.0, metadata={"published": "ransacReprojThreshold"})
    iterations: int = field(default=10000, metadata={"published": "ransacIter"})
    confidence: float = 0.995
    match_threshold: float = 0.0
    few_matches: Literal["counted", "zero"] = "counted"
    normalise: Literal["none", "query_features"] = "none"
    levels: Literal["joint", "weighted", "standardised"] = "joint"
    level_weights: tuple[float, ...] = PATCH_NETVLAD_WEIGHTS
    frame: Frame = "method"


class Ransac:
    """RANSAC as a matcher."""

    spec: ClassVar[MatcherSpec] = MatcherSpec(
        name="ransac",
        summary="Mutual nearest neighbours, then the inliers of a robustly estimated homography.",
        source="Barbarani et al., CVPR Workshops 2023; Hausler et al., CVPR 2021",
        deviations=(
            "the estimator is USAC_FAST with 10000 iterations, which finds more of the true inliers in "
            "less time; published was estimator=ransac iterations=2000."
        ),
    )
    Settings: ClassVar[type] = RansacSettings

    def __init__(
        self,
        settings: RansacSettings,
        state: None = None,
        device: torch.device | str = "cpu",
        precision: str = "float32",
    ) -> None:
        self.settings = settings
        self.device = torch.device(device)
        self.robust = Robust(
            settings.estimator, settings.reprojection_px, settings.iterations, settings.confidence
        )
        self.levels = (
            None
            if settings.levels == "joint"
            else Levels(self.spec.name, settings.level_weights, settings.levels)
        )

    @classmethod
    def layers(cls, settings: RansacSettings) -> None:
        """Return None: there is no network."""

    @classmethod
    def checkpoint(cls, settings: RansacSettings) -> None:
        """Return None: there is no network."""

    def score(self, query: Features, candidates: Sequence[Features]) -> Scores:
        """Count the inliers of each candidate; a photo without features scores 0."""
        if self.levels is None:
            return self._score_joint(query, candidates)
        return self.levels.score(self._score_joint, query, candidates)

    def match(self, query: Features, candidate: Features) -> Matches:
        """Return the mutual neighbours of a pair, the inliers marked as `score` counts them."""
        if self.levels is None:
            return self._match_joint(query, candidate)
        return self.levels.match(self._match_joint, query, candidate)

    def _score_joint(self, query: Features, candidates: Sequence[Features]) -> Scores:
        clock = Stopwatch(self.device)
        with clock.measure("matching"):
            found = self._mutual(query, candidates)
        with clock.measure("scoring"):
            points = [
                self._points(query, candidate, matches)
                for candidate, matches in zip(candidates, found, strict=True)
            ]
            inliers = np.array([mask.sum() for mask in on_cores(self._inliers, points)], np.int64)
        divisor = max(1, len(query)) if self.settings.normalise == "query_features" else 1
        return Scores(
            values=inliers / divisor,
            matches=np.array([len(matches) for matches in found], np.int64),
            inliers=inliers,
            matching_s=clock.seconds["matching"],
            scoring_s=clock.seconds["scoring"],
        )

    def _match_joint(self, query: Features, candidate: Features) -> Matches:
        found = self._mutual(query, [candidate])[0]
        points = matched_points(query, candidate, found.indices, self.spec.name)
        inliers = self._inliers(self._points(query, candidate, found))
        return Matches(*points, inliers, indices=found.indices)

    def _mutual(self, query: Features, candidates: Sequence[Features]) -> list[MutualMatches]:
        return match_candidates(
            needed(query, "descriptors", self.spec.name),
            [needed(candidate, "descriptors", self.spec.name) for candidate in candidates],
            threshold=self.settings.match_threshold,
            device=self.device,
        )

    def _points(
        self, query: Features, candidate: Features, found: MutualMatches
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return matched points of the query and of the candidate, (M, 2) each, in the frame to verify in."""
        framed0, framed1 = (in_frame(photo, self.settings.frame) for photo in (query, candidate))
        return matched_points(framed0, framed1, found.indices, self.spec.name)

    def _inliers(self, points: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """Return which matches of query points and candidate points count as inliers, (M,) bool."""
        target, source = points
        if len(source) < SAMPLE:
            return np.full(len(source), self.settings.few_matches == "counted")
        return estimate_homography(source, target, self.robust).inliers
