"""Rapid spatial scoring: how well the displacements of the matches agree, without a geometric model.

For each mutual match the displacement d is its place in the candidate less its place in the query, and
e = |d - mean of d|, in x and y apart. With an anchor A the score is the sum over the matches of
(A_x - e_x)^2 + (A_y - e_y)^2, over the number of the query's features: a match that moves with the
crowd adds A_x^2 + A_y^2, a wanderer less.

Sources: Hausler et al., Patch-NetVLAD, CVPR 2021, and its published code; the re-ranking benchmark of
Barbarani et al., CVPR Workshops 2023. The two differ; both are settings here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch

from data.errors import PairError
from extractors import Features
from matchers.base import Frame, MatcherSpec, Matches, Scores, in_frame, matched_points, needed
from matchers.levels import PATCH_NETVLAD_WEIGHTS, Levels
from matchers.mutual import MutualMatches, match_candidates
from networks.timing import Stopwatch


@dataclass(frozen=True)
class RapidSettings:
    """Settings of rapid scoring; the default is the re-ranking benchmark's `RAPID`.

    variant: "joint" matches all features with all and places them by pixels; the anchor is the
    largest keypoint coordinate of either photo. "weighted" does so level by level and sums the levels
    with level_weights (the benchmark's multi-scale form). "published" is Patch-NetVLAD's own: level by
    level, places are columns and rows of the grid of patches, and the levels are standardised over
    the candidates before the weighted sum; features must lie on one full grid for each level.
    frame: whose pixels place the features; "method": those of the photo as the extractor resized it,
    where it always resizes to one size (Patch-NetVLAD, TransVPR), "original": of the photo itself.
    relative_anchor: divide by A_x^2 + A_y^2, so that photos of different sizes compare.
    """

    variant: Literal["joint", "weighted", "published"] = "joint"
    level_weights: tuple[float, ...] = PATCH_NETVLAD_WEIGHTS
    frame: Frame = "method"
    relative_anchor: bool = False


class Rapid:
    """Rapid spatial scoring as a matcher."""

    spec: ClassVar[MatcherSpec] = MatcherSpec(
        name="rapid",
        summary="Mutual nearest neighbours, then the agreement of their displacements; no model.",
        source="Hausler et al., CVPR 2021; Barbarani et al., CVPR Workshops 2023",
    )
    Settings: ClassVar[type] = RapidSettings

    def __init__(
        self,
        settings: RapidSettings,
        state: None = None,
        device: torch.device | str = "cpu",
        precision: str = "float32",
    ) -> None:
        self.settings = settings
        self.device = torch.device(device)
        fusion: Literal["weighted", "standardised"] = (
            "standardised" if settings.variant == "published" else "weighted"
        )
        self.levels = Levels(self.spec.name, settings.level_weights, fusion)

    @classmethod
    def layers(cls, settings: RapidSettings) -> None:
        """Return None: there is no network."""

    @classmethod
    def checkpoint(cls, settings: RapidSettings) -> None:
        """Return None: there is no network."""

    def score(self, query: Features, candidates: Sequence[Features]) -> Scores:
        """Score the agreement of each candidate's displacements; a photo without features scores 0."""
        if self.settings.variant == "joint":
            return self.score_level(query, candidates)
        return self.levels.score(self.score_level, query, candidates)

    def match(self, query: Features, candidate: Features) -> Matches:
        """Return the mutual neighbours of a pair; all are inliers, since nothing is verified."""
        if self.settings.variant == "joint":
            return self._match_level(query, candidate)
        return self.levels.match(self._match_level, query, candidate)

    def score_level(self, query: Features, candidates: Sequence[Features]) -> Scores:
        """Score features that are matched all with all, whatever their levels."""
        clock = Stopwatch(self.device)
        with clock.measure("matching"):
            found = self._mutual(query, candidates)
        with clock.measure("scoring"):
            of_query, *of_candidates = (self._places(photo) for photo in (query, *candidates))
            anchors = np.array([_anchor(of_query, places) for places in of_candidates]).reshape(-1, 2)
            moves = [
                places[matches.indices[:, 1]] - of_query[matches.indices[:, 0]]
                for places, matches in zip(of_candidates, found, strict=True)
            ]
            values = agreement(moves, anchors) / max(1, len(query))
            if self.settings.relative_anchor:
                size = np.square(anchors).sum(axis=1)
                values = np.divide(values, size, out=np.zeros_like(values), where=size > 0)
        return Scores(
            values=values,
            matches=np.array([len(matches) for matches in found], np.int64),
            matching_s=clock.seconds["matching"],
            scoring_s=clock.seconds["scoring"],
        )

    def _match_level(self, query: Features, candidate: Features) -> Matches:
        indices = self._mutual(query, [candidate])[0].indices
        points = matched_points(query, candidate, indices, self.spec.name)
        return Matches(*points, inliers=np.ones(len(indices), bool), indices=indices)

    def _mutual(self, query: Features, candidates: Sequence[Features]) -> list[MutualMatches]:
        return match_candidates(
            needed(query, "descriptors", self.spec.name),
            [needed(candidate, "descriptors", self.spec.name) for candidate in candidates],
            device=self.device,
        )

    def _places(self, photo: Features) -> np.ndarray:
        """Return where the features are, (N, 2) float64, in pixels or columns and rows."""
        keypoints = needed(in_frame(photo, self.settings.frame), "keypoints", self.spec.name)
        if self.settings.variant == "published":
            return grid_places(keypoints)
        return keypoints.astype(np.float64)


def agreement(moves: Sequence[np.ndarray], anchors: np.ndarray) -> np.ndarray:
    """Sum (A_x - e_x)^2 + (A_y - e_y)^2 over the matches of each of K candidates, (K,) float64.

    moves: displacements (M_k, 2) of each candidate's matches. anchors: (K, 2).
    """
    counts = np.array([len(of_candidate) for of_candidate in moves], np.int64)
    owner = np.repeat(np.arange(len(moves)), counts)
    displacements = np.concatenate([np.empty((0, 2)), *moves])
    total = np.zeros(len(moves))
    for axis in range(2):
        along = displacements[:, axis]
        mean = np.bincount(owner, along, len(moves)) / np.maximum(counts, 1)
        residual = anchors[owner, axis] - np.abs(along - mean[owner])
        total += np.bincount(owner, np.square(residual), len(moves))
    return total


def grid_places(keypoints: np.ndarray) -> np.ndarray:
    """Return columns and rows, (N, 2) float64 from 0, of keypoints (N, 2) on a full grid.

    Raises PairError for keypoints that are not one for each column and row.
    """
    (columns, column), (rows, row) = (np.unique(along, return_inverse=True) for along in keypoints.T)
    if not np.array_equal(np.sort(row * len(columns) + column), np.arange(len(columns) * len(rows))):
        raise PairError(
            f"rapid: variant=published needs one patch for each column and row of a level's grid, found "
            f"{len(keypoints)} keypoints on {len(columns)} columns and {len(rows)} rows; use another variant"
        )
    return np.stack([column, row], axis=1).astype(np.float64)


def _anchor(*places: np.ndarray) -> np.ndarray:
    """Return the largest x and the largest y of all places; 0 where there are none."""
    present = [of_photo for of_photo in places if len(of_photo)]
    return np.concatenate(present).max(axis=0) if present else np.zeros(2)
