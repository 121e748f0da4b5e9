"""SuperGlue: a graph network matches SuperPoint's keypoints; the score is the number of matches.

Source: Sarlin et al., SuperGlue, CVPR 2020 (arXiv 1911.11763), with the settings of the re-ranking
benchmark of Barbarani et al., CVPR Workshops 2023.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch

from data.errors import PairError, SettingsError
from extractors import Features
from matchers.base import MatcherSpec, Matches, Scores, matched_points, needed
from matchers.sinkhorn import Assignment, Domain, assign, log_assignment
from matchers.superglue_folded import fold
from matchers.superglue_network import Side, SuperGlueNetwork, normalise_keypoints, pad_sides
from networks.cores import on_cores
from networks.precision import inference
from networks.state_dicts import load_strictly
from networks.timing import Stopwatch

PADDING = 0.25  # largest share of padding in a batch of candidates


@dataclass(frozen=True)
class SuperGlueSettings:
    """Settings of SuperGlue; the defaults are those of the published re-ranking benchmark.

    variant: the published weights, "outdoor" (MegaDepth) or "indoor" (ScanNet). sinkhorn_iterations:
    normalisations of rows and columns. sinkhorn_domain: "log" takes logarithms throughout, as published;
    "scaling" multiplies where that is stable, in a quarter of the time, and is the closer to exact sums.
    match_threshold: a match's probability lies above it.
    descriptor_dim, keypoint_encoder (widths), GNN_layers: the architecture, which the weights must fit.
    batch_memory_mib: rough bound of the memory of one batch of candidates on a GPU; a CPU takes pairs one
    by one, which was measured to take as long in float32 and two thirds of the time in bf16.
    """

    variant: Literal["outdoor", "indoor"] = "outdoor"
    sinkhorn_iterations: int = 100
    sinkhorn_domain: Domain = "scaling"
    match_threshold: float = 0.2
    descriptor_dim: int = 256
    keypoint_encoder: tuple[int, ...] = (32, 64, 128, 256)
    GNN_layers: tuple[Literal["self", "cross"], ...] = ("self", "cross") * 9
    batch_memory_mib: int = 512

    def __post_init__(self) -> None:
        if min(self.sinkhorn_iterations, self.batch_memory_mib) < 1:
            raise SettingsError("superglue: sinkhorn_iterations and batch_memory_mib must be at least 1")


class SuperGlue:
    """SuperGlue as a matcher."""

    spec: ClassVar[MatcherSpec] = MatcherSpec(
        name="superglue",
        summary="Graph network and optimal transport on SuperPoint's features; number of matches.",
        source="Sarlin et al., CVPR 2020, arXiv 1911.11763; magicleap/SuperGluePretrainedNetwork",
        licence="code Apache-2.0; weights Magic Leap, academic or non-profit noncommercial research only",
        needs=frozenset({"keypoints", "descriptors", "scores"}),
        families=("superpoint",),
    )
    Settings: ClassVar[type] = SuperGlueSettings

    def __init__(
        self,
        settings: SuperGlueSettings,
        state: dict[str, torch.Tensor],
        device: torch.device | str = "cpu",
        precision: str = "float32",
    ) -> None:
        self.settings = settings
        self.device = torch.device(device)
        self.precision = precision
        network = load_strictly(self.layers(settings), state, self.spec.name)
        self.network = fold(network).to(self.device)

    @classmethod
    def layers(cls, settings: SuperGlueSettings) -> SuperGlueNetwork:
        """Return the network, its weights not loaded."""
        return SuperGlueNetwork(settings.descriptor_dim, settings.keypoint_encoder, settings.GNN_layers)

    @classmethod
    def checkpoint(cls, settings: SuperGlueSettings) -> str:
        """Return the name of the published file."""
        return f"superglue_{settings.variant}.pth"

    def score(self, query: Features, candidates: Sequence[Features]) -> Scores:
        """Count the matches of each candidate, on a GPU in padded batches of candidates of similar size."""
        counts = np.zeros(len(candidates), np.int64)
        clock = Stopwatch(self.device)
        with clock.measure("matching"):
            batches = self._batches(query, candidates)
            groups = [[candidates[index] for index in batch] for batch in batches]
            for batch, found in zip(batches, self._assign(query, groups), strict=True):
                counts[batch] = (found.matches0 >= 0).sum(dim=1).cpu().numpy()
        return Scores(values=counts.astype(np.float64), matches=counts, matching_s=clock.seconds["matching"])

    def match(self, query: Features, candidate: Features) -> Matches:
        """Return the matches of a pair with their probabilities, in the query's order."""
        lengths = [len(needed(photo, "keypoints", self.spec.name)) for photo in (query, candidate)]
        partner, confidence = np.full(lengths[0], -1), np.zeros(lengths[0], np.float32)
        if all(lengths):
            (found,) = self._assign(query, [[candidate]])
            partner, confidence = found.matches0[0].cpu().numpy(), found.confidences0[0].cpu().numpy()
        matched = np.flatnonzero(partner >= 0)
        indices = np.stack([matched, partner[matched]], axis=1)
        points = matched_points(query, candidate, indices, self.spec.name)
        return Matches(*points, np.ones(len(matched), bool), indices, confidence[matched])

    def _assign(self, query: Features, batches: Sequence[Sequence[Features]]) -> list[Assignment]:
        """Match a query with batches of candidates; none of the photos may be without keypoints."""
        if not batches:
            return []
        with inference(self.device, self.precision):
            of_query = self.network.photo(self._side(query))
        return on_cores(lambda batch: self._assign_batch(of_query, batch), batches, self.device)

    def _assign_batch(self, of_query: torch.Tensor, candidates: Sequence[Features]) -> Assignment:
        """Match what the network made of a query alone with a batch of candidates."""
        side1 = pad_sides([self._side(candidate) for candidate in candidates])
        with inference(self.device, self.precision):
            scores = self.network.scores(of_query, self.network.photo(side1), side1.real)
            return self._matched(scores, candidates)

    def _matched(self, scores: torch.Tensor, candidates: Sequence[Features]) -> Assignment:
        """Return the matches that scores (B, N0, N1) of a query and B candidates make."""
        lengths = torch.tensor([len(candidate) for candidate in candidates], device=self.device)
        transported = log_assignment(
            scores,
            self.network.bin_score,
            self.settings.sinkhorn_iterations,
            lengths,
            self.settings.sinkhorn_domain,
        )
        return assign(transported, self.settings.match_threshold)

    def _side(self, photo: Features) -> Side:
        keypoints, scores, descriptors = (
            torch.tensor(needed(photo, name, self.spec.name), dtype=torch.float32, device=self.device)[None]
            for name in ("keypoints", "scores", "descriptors")
        )
        if descriptors.shape[2] != self.settings.descriptor_dim:
            raise PairError(
                f"superglue takes descriptors of {self.settings.descriptor_dim} components, found "
                f"{descriptors.shape[2]}; use features of superpoint"
            )
        return Side(normalise_keypoints(keypoints, photo.image_size), scores, descriptors)

    def _batches(self, query: Features, candidates: Sequence[Features]) -> list[np.ndarray]:
        """Group the candidates that can be matched, by index."""
        length0, *lengths = (
            len(needed(photo, "keypoints", self.spec.name)) for photo in (query, *candidates)
        )
        if not length0:
            return []
        memory = 0 if self.device.type == "cpu" else self.settings.batch_memory_mib * 2**20
        return batches_by_size(lengths, memory, lambda longest: self._pair_bytes(length0, longest))

    def _pair_bytes(self, length0: int, length1: int) -> int:
        """Estimate the memory of one pair: three copies of the couplings, a dozen maps per keypoint."""
        return 4 * (
            3 * (length0 + 1) * (length1 + 1) + 12 * self.settings.descriptor_dim * (length0 + length1)
        )


def batches_by_size(
    lengths: Sequence[int], memory_bytes: int, pair_bytes: Callable[[int], int]
) -> list[np.ndarray]:
    """Group candidates of similar numbers of keypoints; those without any are left out.

    lengths: keypoints of each of K candidates. pair_bytes: memory of one candidate by its (padded)
    number. A batch holds at most memory_bytes, or one candidate. Returns indices, longest first.
    """
    order = np.argsort(-np.asarray(lengths), kind="stable")
    falling = np.asarray(lengths)[order]
    batches, start, end = [], 0, int(np.count_nonzero(falling))
    while start < end:
        longest = int(falling[start])
        similar = int(np.count_nonzero(falling[start:end] >= (1 - PADDING) * longest))
        size = min(similar, max(1, memory_bytes // pair_bytes(longest)))
        batches.append(order[start : start + size])
        start += size
    return batches
