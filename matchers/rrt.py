"""RRT: a transformer reads DELG's features of both photos and says how similar they are.

Source: Tan, Yuan, Ordonez, "Instance-level Image Retrieval using Reranking Transformers", ICCV 2021
(arXiv 2103.12236), the model for landmarks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from pydantic import PositiveInt

from data.errors import PairError, SettingsError
from extractors import Features
from matchers.base import MatcherSpec, Matches, Scores, needed
from matchers.rrt_network import SAME_SCALE, SCALES, RrtNetwork, Side, pad_sides, scale_rows
from networks.cores import Indices, fill_by_batches
from networks.precision import inference
from networks.state_dicts import load_strictly
from networks.timing import Stopwatch


@dataclass(frozen=True)
class RrtSettings:
    """Settings of RRT; the defaults are those of the published weights.

    variant: the weights, which go with DELG's of the same depth and data set. max_sequence_len: local
    features of each photo that are read, the first ones, which are DELG's best. d_global, d_model, nhead,
    num_encoder_layers, dim_feedforward: the architecture, which the weights must fit. batch_pairs: pairs
    in one call of the network on a GPU.
    """

    variant: Literal["r50_gldv2", "r50_gldv1", "r101_gldv2", "r101_gldv1"] = "r50_gldv2"
    max_sequence_len: PositiveInt = 500
    d_global: PositiveInt = 2048
    d_model: PositiveInt = 128
    nhead: PositiveInt = 4
    num_encoder_layers: PositiveInt = 6
    dim_feedforward: PositiveInt = 1024
    batch_pairs: PositiveInt = 32

    def __post_init__(self) -> None:
        if self.d_model % self.nhead:
            raise SettingsError(f"rrt: d_model {self.d_model} is no multiple of nhead {self.nhead}")


class Rrt:
    """RRT as a matcher."""

    spec: ClassVar[MatcherSpec] = MatcherSpec(
        name="rrt",
        summary="Transformer over DELG's global and local features of both photos; its logit.",
        source="Tan et al., ICCV 2021, arXiv 2103.12236; uvavision/RerankingTransformer",
        licence="code Apache-2.0; weights GPL-3.0 (the repository's)",
        needs=frozenset({"descriptors", "scales", "global_descriptor"}),
        families=("delg",),
    )
    Settings: ClassVar[type] = RrtSettings

    def __init__(
        self,
        settings: RrtSettings,
        state: dict[str, torch.Tensor],
        device: torch.device | str = "cpu",
        precision: str = "float32",
    ) -> None:
        self.settings = settings
        self.device = torch.device(device)
        self.precision = precision
        self.network = load_strictly(self.layers(settings), state, self.spec.name).to(self.device)

    @classmethod
    def layers(cls, settings: RrtSettings) -> RrtNetwork:
        """Return the network, its weights not loaded."""
        return RrtNetwork(
            settings.d_global,
            settings.d_model,
            settings.nhead,
            settings.num_encoder_layers,
            settings.dim_feedforward,
        )

    @classmethod
    def checkpoint(cls, settings: RrtSettings) -> str:
        """Return the name of the published file."""
        return f"{settings.variant}.pt"

    def score(self, query: Features, candidates: Sequence[Features]) -> Scores:
        """Return the logits of the candidates; a photo without local features has its global one.

        A CPU takes pairs one by one, which costs no time and keeps a score from depending on the others.
        """
        size = 1 if self.device.type == "cpu" else self.settings.batch_pairs
        clock = Stopwatch(self.device)
        with clock.measure("matching"):
            side0 = self._side(query)
            sides = [self._side(candidate) for candidate in candidates]
            order = np.argsort([-side.descriptors.shape[1] for side in sides], kind="stable")
            values = np.zeros(len(sides))

            def logits(batch: Indices) -> np.ndarray:
                with inference(self.device, self.precision):
                    return self._logits(side0, [sides[index] for index in batch])

            batches = (order[start : start + size] for start in range(0, len(sides), size))
            fill_by_batches(values, batches, logits, self.device)
        return Scores(values, matching_s=clock.seconds["matching"])

    def match(self, query: Features, candidate: Features) -> Matches:
        """Return no correspondences: the network compares photos as wholes."""
        none = np.zeros((0, 2), np.float32)
        return Matches(none, none, np.zeros(0, bool))

    def _logits(self, query: Side, candidates: list[Side]) -> np.ndarray:
        return self.network(query, pad_sides(candidates)).cpu().numpy()

    def _side(self, photo: Features) -> Side:
        whole, descriptors, scales = (
            torch.tensor(array, dtype=torch.float32, device=self.device)
            for array in (
                needed(photo, "global_descriptor", self.spec.name),
                needed(photo, "descriptors", self.spec.name)[: self.settings.max_sequence_len],
                needed(photo, "scales", self.spec.name)[: self.settings.max_sequence_len],
            )
        )
        self._check(whole, descriptors, scales)
        return Side(whole[None], descriptors[None], scale_rows(scales)[None])

    def _check(self, whole: torch.Tensor, descriptors: torch.Tensor, scales: torch.Tensor) -> None:
        widths = {"global": (whole, self.settings.d_global), "local": (descriptors, self.settings.d_model)}
        for kind, (given, width) in widths.items():
            if given.shape[-1] != width:
                raise PairError(
                    f"rrt takes {kind} descriptors of {width} components, found {given.shape[-1]}; use "
                    "features of delg"
                )
        if len(scales) and float(scales.min()) < float(SCALES[0]) - SAME_SCALE:
            raise PairError(
                f"rrt knows feature scales from {float(SCALES[0])} up, found {float(scales.min()):.4g}; "
                "extract with image_scales of at most 2"
            )
