"""The matcher contract: scores of all candidates of a query, and correspondences of a pair."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

import numpy as np

from data.errors import PairError
from extractors import ExtractorSpec, Features
from networks.registry import MethodSpec

Frame = Literal["method", "original"]


@dataclass(frozen=True)
class Scores:
    """Scores of a query's K candidates, in the candidates' order.

    values: (K,) float64, larger is better. matches, inliers: (K,) int64 where the method has them.
    matching_s, scoring_s: seconds spent on matching and on geometric scoring.
    """

    values: np.ndarray
    matches: np.ndarray | None = None
    inliers: np.ndarray | None = None
    matching_s: float = 0.0
    scoring_s: float = 0.0


@dataclass(frozen=True)
class Matches:
    """Correspondences of a pair, suffix 0 the query and 1 the candidate.

    points0, points1: (M, 2) float32, x then y in pixels of the original photos.
    inliers: (M,) bool, all True where a method has no geometric check.
    indices: (M, 2) int64, keypoint of the query and of the candidate; None for methods without
    keypoints. confidences: (M,) float32 where the method has them.
    """

    points0: np.ndarray
    points1: np.ndarray
    inliers: np.ndarray
    indices: np.ndarray | None = None
    confidences: np.ndarray | None = None


@dataclass(frozen=True)
class MatcherSpec(MethodSpec):
    """What a matcher declares.

    needs: names of the `Features` arrays that it reads. families: descriptor families that its
    weights were trained on; None for any.
    """

    needs: frozenset[str] = frozenset({"keypoints", "descriptors"})
    families: tuple[str, ...] | None = None


class Matcher(Protocol):
    """A scorer of candidates; built as `Class(settings, state, device, precision)`."""

    spec: ClassVar[MatcherSpec]
    Settings: ClassVar[type]
    settings: Any

    @classmethod
    def checkpoint(cls, settings: Any) -> str | None:
        """Return the file name of the published weights for `settings`, None without a network."""

    def score(self, query: Features, candidates: Sequence[Features]) -> Scores:
        """Score all candidates of a query in one call."""

    def match(self, query: Features, candidate: Features) -> Matches:
        """Return the correspondences of a pair, for pictures."""


def needed(features: Features, name: str, owner: str) -> np.ndarray:
    """Return array `name` of `features`; raises PairError, naming the matcher `owner`, without it."""
    array: np.ndarray | None = getattr(features, name)
    if array is None:
        raise PairError(f"{owner} needs {name}, which the features of this photo do not have")
    return array


def matched_points(
    query: Features, candidate: Features, indices: np.ndarray, owner: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return the keypoints (M, 2) of the query and of the candidate that `indices` (M, 2) pair up."""
    keypoints0, keypoints1 = (needed(photo, "keypoints", owner) for photo in (query, candidate))
    return keypoints0[indices[:, 0]], keypoints1[indices[:, 1]]


def in_frame(features: Features, frame: Frame) -> Features:
    """Return `features` as a matcher with the setting `frame` scores them.

    "method": keypoints in pixels of the frame that the method resizes photos to, where it has one, as
    its published numbers were measured; "original": in pixels of the original photo.
    """
    return features.in_frame() if frame == "method" else features


def fits(extractor: ExtractorSpec, matcher: MatcherSpec) -> bool:
    """Tell whether `extractor` yields what `matcher` needs."""
    return not lacking(extractor, matcher)


def lacking(extractor: ExtractorSpec, matcher: MatcherSpec) -> str:
    """Say what `matcher` needs and `extractor` does not give; empty when the pair fits."""
    missing = sorted(matcher.needs - extractor.yields)
    if missing:
        return f"{matcher.name} needs {', '.join(missing)}, which {extractor.name} does not yield"
    if matcher.families is not None and (extractor.family or extractor.name) not in matcher.families:
        return f"{matcher.name} was trained on descriptors of {', '.join(matcher.families)}"
    return ""


def check_pair(
    extractor: ExtractorSpec,
    matcher: MatcherSpec,
    extractors: Sequence[ExtractorSpec],
    matchers: Sequence[MatcherSpec],
) -> None:
    """Refuse an impossible pair, naming the pairs that would do; raises PairError."""
    reason = lacking(extractor, matcher)
    if not reason:
        return
    for_extractor = [other.name for other in matchers if fits(extractor, other)]
    for_matcher = [other.name for other in extractors if fits(other, matcher)]
    raise PairError(
        f"{extractor.name}+{matcher.name} is impossible: {reason}. "
        f"{extractor.name} goes with: {', '.join(for_extractor) or 'no matcher'}. "
        f"{matcher.name} goes with: {', '.join(for_matcher) or 'no extractor'}."
    )
