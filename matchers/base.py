"""The matcher contract: scores of all candidates of a query, and correspondences of a pair."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

import numpy as np

from data.errors import PairError
from extractors import ExtractorSpec, Features
from networks.registry import MethodSpec

if TYPE_CHECKING:
    from torch import nn

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
    weights were trained on; None for any. family_setting: name of the setting that says which of the
    families; in a pair it follows the extractor. "" without one.
    """

    needs: frozenset[str] = frozenset({"keypoints", "descriptors"})
    families: tuple[str, ...] | None = None
    family_setting: str = ""


class Matcher(Protocol):
    """A scorer of candidates; built as `Class(settings, state, device, precision)`."""

    spec: ClassVar[MatcherSpec]
    Settings: ClassVar[type]
    settings: Any

    @classmethod
    def layers(cls, settings: Any) -> "nn.Module | None":
        """Return the network, its weights not loaded, for `settings`; None without one."""

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


def needed_map(features: Features, name: str, channels: int, owner: str) -> np.ndarray:
    """Return the dense map `name` (h, w, channels) of `features`.

    Raises PairError, naming the matcher `owner` and what there is, without such a map.
    """
    needed(features, "dense", owner)
    found = features.dense.get(name)
    if found is not None and found.ndim == 3 and found.shape[2] == channels:
        return found
    present = ", ".join(f"{key} {array.shape}" for key, array in features.dense.items())
    raise PairError(
        f"{owner} needs dense map {name} (h, w, {channels}), found {present or 'none'}; use features of the "
        f"extractor {owner}"
    )


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


def settings_in_pair(
    extractor: ExtractorSpec, matcher: MatcherSpec, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the settings of `matcher` on features of `extractor`: what is given, and the features' family.

    Raises PairError where another family is given.
    """
    if not matcher.family_setting:
        return dict(given)
    family = extractor.family or extractor.name
    asked = given.get(matcher.family_setting, family)
    if asked != family:
        setting = f"{matcher.name}.{matcher.family_setting}={asked}"
        raise PairError(
            f"{extractor.name}+{matcher.name} is impossible with {setting}: the features are those of "
            f"{family}. Leave the setting out."
        )
    return {**given, matcher.family_setting: family}


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
