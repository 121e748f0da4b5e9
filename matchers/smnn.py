"""SMNN: mutual nearest neighbours, each clearly nearer than the second; the score is their number.

Source: Lowe, IJCV 2004 (the ratio of the nearest to the second nearest), asked in both directions; Jin,
Mishkin, Mishchuk, Matas, Fua, Yi, Trulls, IJCV 2021 (arXiv 2003.01587); `kornia.feature.match_smnn`.
"""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

import torch
from pydantic import Field

from extractors import Features
from matchers.base import MatcherSpec
from matchers.kornia_adapter import Found, KorniaMatcher


@dataclass(frozen=True)
class SMNNSettings:
    """Settings of SMNN; the default is Kornia's.

    ratio_threshold: distance to the nearest descriptor over that to the second nearest, at most, in both
    directions (Kornia's th); 1 leaves mutual neighbours alone.
    """

    ratio_threshold: Annotated[float, Field(gt=0, le=1)] = field(default=0.95, metadata={"published": "th"})


class SMNN(KorniaMatcher):
    """SMNN as a matcher."""

    spec: ClassVar[MatcherSpec] = MatcherSpec(
        name="smnn",
        summary="Mutual neighbours that pass the ratio test in both directions; their number.",
        source="Lowe, IJCV 2004; Jin et al., IJCV 2021, arXiv 2003.01587; kornia.feature.match_smnn",
        beyond_benchmark=True,
    )
    Settings: ClassVar[type] = SMNNSettings
    uses = "match_smnn"

    def side(self, photo: Features) -> torch.Tensor:
        """Return the descriptors (N, D) of a photo."""
        return self.tensor(photo, "descriptors")

    def pair(self, query: torch.Tensor, candidate: torch.Tensor) -> Found:
        """Match descriptors (N, D) and (M, D); confidences are one minus the larger ratio."""
        ratios, indices = self.kornia(query, candidate, self.settings.ratio_threshold)
        return Found(indices, 1 - ratios[:, 0])
