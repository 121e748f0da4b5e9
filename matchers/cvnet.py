"""CVNet, the half of a pair: a network reads the correlation of two photos' maps.

Source: Lee, Seong, Lee, Kim, "Correlation Verification for Image Retrieval", CVPR 2022 (arXiv 2204.01458),
with the fusion of the re-ranking benchmark of Barbarani et al., CVPR Workshops 2023.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field, PositiveInt

from extractors import Features
from extractors.record import rescaled
from matchers.base import MatcherSpec, Matches, Scores, needed, needed_map
from matchers.cvnet_network import CVNetPairNetwork, make_side
from matchers.mutual import match_candidates
from networks.batching import equal_batches
from networks.cores import Indices, fill_by_batches
from networks.cvnet import CELL_PX, CHANNELS, LEVELS, load_half, published_file
from networks.precision import inference
from networks.timing import Stopwatch

# of a pair, for each position of the query and position of the candidate: the first block gives 16 channels
# of a sixteenth of them, in float32, and takes four copies of it
BYTES_PER_POSITIONS = 16
LEAST_COSINE = float(np.finfo(np.float32).tiny)  # of a correspondence: above zero, as the network reads them


@dataclass(frozen=True)
class CVNetSettings:
    """Settings of CVNet's half of a pair; the defaults are those of the published re-ranking benchmark.

    fusion: what a score is: "global+rerank", the similarity of CVNet's own global descriptors and
    `rerank_weight` times the probability that the network gives; "rerank", that probability alone.
    depth: layers of the extractor's ResNet, whose file holds this half's weights too.
    batch_memory_mib: rough bound of the memory of one batch of candidates of equal size on a GPU, and of
    the part of a correlation that is held at a time; a CPU takes pairs one by one.
    """

    fusion: Literal["global+rerank", "rerank"] = "global+rerank"
    rerank_weight: Annotated[float, Field(ge=0)] = 0.5
    depth: Literal[50, 101] = field(default=50, metadata={"published": "MODEL_DEPTH"})
    batch_memory_mib: PositiveInt = 512


class CVNet:
    """CVNet's half of a pair as a matcher."""

    spec: ClassVar[MatcherSpec] = MatcherSpec(
        name="cvnet",
        summary="4-D convolutions over the correlation of two photos; a probability beside the global score.",
        source="Lee et al., CVPR 2022, arXiv 2204.01458; sungonce/CVNet",
        licence="code Apache-2.0; weights of no stated licence, nor the authors' code",
        needs=frozenset({"global_descriptor", "dense"}),
        families=("cvnet",),
    )
    Settings: ClassVar[type] = CVNetSettings

    def __init__(
        self,
        settings: CVNetSettings,
        state: dict[str, torch.Tensor],
        device: torch.device | str = "cpu",
        precision: str = "float32",
    ) -> None:
        self.settings = settings
        self.device = torch.device(device)
        self.precision = precision
        self._memory_bytes = settings.batch_memory_mib * 2**20
        self.network = load_half(self.layers(settings), state, "pair", self.spec.name).to(self.device)

    @classmethod
    def layers(cls, settings: CVNetSettings) -> CVNetPairNetwork:
        """Return this half's network, its weights not loaded."""
        return CVNetPairNetwork()

    @classmethod
    def checkpoint(cls, settings: CVNetSettings) -> str:
        """Return the name of the published file, which holds both halves."""
        return published_file(settings.depth)

    def score(self, query: Features, candidates: Sequence[Features]) -> Scores:
        """Score all candidates, in batches of candidates of equal size on a GPU."""
        values = np.zeros(len(candidates))
        clock = Stopwatch(self.device)
        with clock.measure("matching"):
            with inference(self.device, self.precision):
                side0 = self._side(query)
            sizes = [self._map(candidate, "full").shape for candidate in candidates]

            def evidence(batch: Indices) -> np.ndarray:
                with inference(self.device, self.precision):
                    sides1 = torch.stack([self._side(candidates[index]) for index in batch])
                    return self.network(side0, sides1, self._memory_bytes).cpu().numpy()

            batches = equal_batches(range(len(sizes)), self._batch_size(side0, sizes), sizes.__getitem__)
            fill_by_batches(values, batches, evidence, self.device)
        if self.settings.fusion == "global+rerank":
            similarities = [self._global_score(query, candidate) for candidate in candidates]
            values = np.array(similarities) + self.settings.rerank_weight * values
        return Scores(values, matching_s=clock.seconds["matching"])

    def match(self, query: Features, candidate: Features) -> Matches:
        """Return the positions of both full maps that are each other's most similar, with their cosines.

        The network itself gives no correspondences: these are the peaks of its finest correlation, on a
        grid of 16 pixels.
        """
        map0, map1 = (self._map(photo, "full") for photo in (query, candidate))
        rows0, rows1 = (maps.reshape(-1, CHANNELS) for maps in (map0, map1))
        found = match_candidates(rows0, [rows1], threshold=LEAST_COSINE, device=self.device)[0]
        return Matches(
            _places(found.indices[:, 0], map0.shape[1], query),
            _places(found.indices[:, 1], map1.shape[1], candidate),
            np.ones(len(found), bool),
            confidences=found.similarity,
        )

    def _batch_size(self, side0: torch.Tensor, sizes: Sequence[tuple[int, ...]]) -> int:
        """Return how many of the largest candidates fit the memory."""
        if self.device.type == "cpu":
            return 1
        largest = max((height * width for height, width, _ in sizes), default=1)
        positions = side0.shape[0] * side0.shape[1] * largest
        return max(1, self._memory_bytes // (BYTES_PER_POSITIONS * positions))

    def _side(self, photo: Features) -> torch.Tensor:
        maps = (self._map(photo, level) for level in LEVELS)
        return make_side([torch.tensor(array, dtype=torch.float32, device=self.device) for array in maps])

    def _map(self, photo: Features, level: str) -> np.ndarray:
        return needed_map(photo, level, CHANNELS, self.spec.name)

    def _global_score(self, query: Features, candidate: Features) -> float:
        whole0, whole1 = (needed(photo, "global_descriptor", self.spec.name) for photo in (query, candidate))
        return float(whole0.astype(np.float64) @ whole1.astype(np.float64))


def _places(cells: np.ndarray, columns: int, photo: Features) -> np.ndarray:
    """Return where (M, 2) cells (M,) of a full map have their centres, in pixels of the original photo."""
    centres = CELL_PX * np.stack([cells % columns, cells // columns], axis=1)
    return rescaled(centres, photo.frame_size or photo.image_size, photo.image_size)
