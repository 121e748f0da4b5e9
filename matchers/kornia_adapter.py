"""What the matchers around Kornia's functions share: pairs one by one; the score is the number of matches."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from torch import nn

from extractors import Features
from matchers.base import MatcherSpec, Matches, Scores, matched_points, needed
from networks.kornia_features import kornia_feature
from networks.precision import inference
from networks.timing import Stopwatch


class Found(NamedTuple):
    """Matches of a pair: indices (M, 2) int64 of query and candidate, confidences (M,), larger is better."""

    indices: torch.Tensor
    confidences: torch.Tensor


class KorniaMatcher(ABC):
    """A matcher around a function or a network of Kornia's.

    A subclass declares itself, brings a photo's arrays to the device in `side`, once for the query, and
    matches two photos in `pair`. Pairs are not batched: a score depends on its own two photos alone.
    uses: the function or class of `kornia.feature` that it is around, which becomes `kornia`.
    """

    spec: ClassVar[MatcherSpec]
    Settings: ClassVar[type]
    uses: ClassVar[str]

    def __init__(
        self,
        settings: Any,
        state: Mapping[str, torch.Tensor] | None = None,
        device: torch.device | str = "cpu",
        precision: str = "float32",
    ) -> None:
        self.settings = settings
        self.device = torch.device(device)
        self.precision = "float32"  # of those without a network, whatever is asked for
        self.kornia = kornia_feature(self.uses, self.spec.name)

    @classmethod
    def layers(cls, settings: Any) -> nn.Module | None:
        """Return the network, its weights not loaded; None without one."""
        return None

    @classmethod
    def checkpoint(cls, settings: Any) -> str | None:
        """Return the file name of the published weights, None without a network."""
        return None

    @abstractmethod
    def side(self, photo: Features) -> Any:
        """Return what `pair` takes of a photo that has keypoints."""

    @abstractmethod
    def pair(self, query: Any, candidate: Any) -> Found:
        """Match two photos."""

    def score(self, query: Features, candidates: Sequence[Features]) -> Scores:
        """Count the matches of each candidate."""
        clock = Stopwatch(self.device)
        with clock.measure("matching"), inference(self.device, self.precision):
            found = self._found(query, candidates)
        counts = np.array([len(pair.indices) for pair in found], np.int64)
        return Scores(counts.astype(np.float64), matches=counts, matching_s=clock.seconds["matching"])

    def match(self, query: Features, candidate: Features) -> Matches:
        """Return the matches of a pair with their confidences."""
        with inference(self.device, self.precision):
            found = self._found(query, [candidate])[0]
        indices = found.indices.cpu().numpy()
        points = matched_points(query, candidate, indices, self.spec.name)
        confidences = found.confidences.float().cpu().numpy()
        return Matches(*points, np.ones(len(indices), bool), indices, confidences)

    def tensor(self, photo: Features, name: str) -> torch.Tensor:
        """Return the array `name` of a photo on the device as float32; raises PairError without it."""
        return torch.tensor(needed(photo, name, self.spec.name), dtype=torch.float32, device=self.device)

    def _found(self, query: Features, candidates: Sequence[Features]) -> list[Found]:
        """Match the query with each candidate; photos without keypoints match nothing."""
        for photo in (query, *candidates):
            for name in self.spec.needs:
                needed(photo, name, self.spec.name)
        nothing = Found(torch.zeros(0, 2, dtype=torch.int64), torch.zeros(0))
        if not len(query):
            return [nothing] * len(candidates)
        side = self.side(query)
        return [self.pair(side, self.side(photo)) if len(photo) else nothing for photo in candidates]
