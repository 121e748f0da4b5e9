"""LightGlue: a transformer matches keypoints, and stops early where it is sure; the number of matches.

Source: Lindenberger, Sarlin, Pollefeys, LightGlue, ICCV 2023 (arXiv 2306.13643); cvg/LightGlue, as
`kornia.feature.LightGlue` has it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import nn

from data.errors import PairError
from extractors import Features
from matchers.base import MatcherSpec
from matchers.kornia_adapter import Found, KorniaMatcher
from networks.kornia_features import kornia_feature, load_learned
from networks.precision import LOW_PRECISION

WIDTHS = {"superpoint": 256, "disk": 128, "aliked": 128}  # of the descriptors that the weights are for
NOT_LEARNED = ("confidence_thresholds", "log_assignment.*.r")  # of Kornia, and left over in DISK's file

Share = Annotated[float, Field(ge=-1, le=1)]
Side = dict[str, torch.Tensor]


@dataclass(frozen=True)
class LightGlueSettings:
    """Settings of LightGlue; the defaults are those of its published code.

    features: the extractor that the weights were trained on; in a run it follows the extractor.
    depth_confidence: share of keypoints that must be sure of themselves before layers are left out; -1
    for never. width_confidence: keypoints surer than this that they have no match are left out of later
    layers; -1 for never. On a GPU that begins at 1024 keypoints, on a CPU always: scores differ a little.
    filter_threshold: matches score above it, in [0, 1].
    """

    features: Literal["superpoint", "disk", "aliked"] = "superpoint"
    depth_confidence: Share = 0.95
    width_confidence: Share = 0.99
    filter_threshold: Annotated[float, Field(ge=0, le=1)] = 0.1


class LightGlue(KorniaMatcher):
    """LightGlue as a matcher."""

    spec: ClassVar[MatcherSpec] = MatcherSpec(
        name="lightglue",
        summary="Transformer that stops early, on features of SuperPoint, DISK or ALIKED; number of matches.",
        source="Lindenberger et al., ICCV 2023, arXiv 2306.13643; cvg/LightGlue, as kornia.feature.LightGlue",
        licence="code Apache-2.0; weights Apache-2.0 (the repository's)",
        beyond_benchmark=True,
        families=tuple(WIDTHS),
        family_setting="features",
    )
    Settings: ClassVar[type] = LightGlueSettings
    uses = "LightGlue"

    def __init__(
        self,
        settings: LightGlueSettings,
        state: Mapping[str, torch.Tensor],
        device: torch.device | str = "cpu",
        precision: str = "float32",
    ) -> None:
        super().__init__(settings, state, device, precision)
        self.precision = precision
        network: Any = load_learned(self.layers(settings), renamed(state), self.spec.name, NOT_LEARNED)
        network.conf.mp = precision in LOW_PRECISION
        self.network = network.to(self.device)

    @classmethod
    def layers(cls, settings: LightGlueSettings) -> nn.Module:
        """Return the network, its weights not loaded."""
        network: nn.Module = kornia_feature(cls.uses, cls.spec.name)(
            features=None,
            input_dim=WIDTHS[settings.features],
            depth_confidence=settings.depth_confidence,
            width_confidence=settings.width_confidence,
            filter_threshold=settings.filter_threshold,
            flash=False,  # it computes in half precision, whatever is asked for
        )
        return network

    @classmethod
    def checkpoint(cls, settings: LightGlueSettings) -> str:
        """Return the name of the published file."""
        return f"{settings.features}_lightglue.pth"

    def side(self, photo: Features) -> Side:
        """Return a photo as the network takes it; its size is width, then height."""
        descriptors = self.tensor(photo, "descriptors")
        width = WIDTHS[self.settings.features]
        if descriptors.shape[1] != width:
            raise PairError(
                f"lightglue with features={self.settings.features} takes descriptors of {width} components, "
                f"found {descriptors.shape[1]}; set features to the extractor's name"
            )
        size = torch.tensor(photo.image_size[::-1], dtype=torch.float32, device=self.device)
        inside = self.tensor(photo, "keypoints").clamp(min=0).minimum(size)  # others are refused
        return {"keypoints": inside[None], "descriptors": descriptors[None], "image_size": size[None]}

    def pair(self, query: Side, candidate: Side) -> Found:
        """Match two photos."""
        found = self.network({"image0": query, "image1": candidate})
        return Found(found["matches"][0], found["scores"][0])


def renamed(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return a state dict with today's names: files of the first release call layers by their kind first."""
    return {
        re.sub(r"^(self_attn|cross_attn)\.(\d+)\.", r"transformers.\2.\1.", key): tensor
        for key, tensor in state.items()
    }
