"""LoFTR, the half of a pair: tokens of two photos attend to one another; the score is the number of matches.

Source: Sun, Shen, Wang, Bao, Zhou, LoFTR, CVPR 2021 (arXiv 2104.00680), as Kornia has it, with the
settings of the re-ranking benchmark of Barbarani et al., CVPR Workshops 2023.
"""

import functools
import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from extractors import Features
from extractors.record import rescaled
from matchers.base import MatcherSpec, Matches, Scores, needed_map
from matchers.dual_softmax import mutual_cells
from networks.batching import equal_batches
from networks.cores import Indices, fill_by_batches
from networks.loftr import CELL_PX, FINE_PX, WIDTHS, LoFTRNetwork, configured, loaded, pair_tokens
from networks.loftr_folded import fold_layers
from networks.precision import inference
from networks.timing import Stopwatch

CENTRE_PX = 0.5  # where the network has the centre of the top-left pixel, in x and in y
WARN_BYTES = 4 * 10**9
LEAST_THR = 0.01  # below it too many confidences are held for `mutual_cells`

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LoFTRSettings:
    """Settings of LoFTR's half of a pair; the defaults are those of the published re-ranking benchmark.

    thr: a match's confidence, in [0, 1], lies above it. border_rm: cells of 8 pixels along every border
    that are in no match. dsmax_temperature: similarities are divided by it before their softmax.
    batch_memory_mib: rough bound of the memory of one batch of candidates on a GPU; a CPU takes pairs
    one by one.
    """

    thr: Annotated[float, Field(ge=0, le=1)] = 0.2
    border_rm: NonNegativeInt = 2
    dsmax_temperature: PositiveFloat = 0.1
    batch_memory_mib: PositiveInt = 2048


@dataclass(frozen=True)
class _Paired:
    """What queries and candidates became: their last tokens (B, L, 256) and (B, S, 256).

    found: the matches, by the names of Kornia's modules.
    """

    tokens0: torch.Tensor
    tokens1: torch.Tensor
    found: dict[str, Any]


class LoFTR:
    """LoFTR's half of a pair as a matcher."""

    spec: ClassVar[MatcherSpec] = MatcherSpec(
        name="loftr",
        summary="Tokens of two photos attend to one another; number of cells that choose each other.",
        source="Sun et al., CVPR 2021, arXiv 2104.00680; zju3dv/LoFTR, as kornia.feature.LoFTR",
        licence="code Apache-2.0; weights Apache-2.0 (the repository's)",
        needs=frozenset({"dense"}),
        families=("loftr",),
    )
    Settings: ClassVar[type] = LoFTRSettings

    def __init__(
        self,
        settings: LoFTRSettings,
        state: dict[str, torch.Tensor],
        device: torch.device | str = "cpu",
        precision: str = "float32",
    ) -> None:
        self.settings = settings
        self.device = torch.device(device)
        self.precision = precision
        network = loaded(self.layers(settings), state, self.spec.name)
        fold_layers(network)
        self.network = network.to(self.device)

    @classmethod
    def layers(cls, settings: LoFTRSettings) -> LoFTRNetwork:
        """Return the whole network, its weights not loaded."""
        names = ("thr", "border_rm", "dsmax_temperature")
        return configured(match_coarse={name: getattr(settings, name) for name in names})

    @classmethod
    def checkpoint(cls, settings: LoFTRSettings) -> str:
        """Return the name of the published file."""
        return "loftr_outdoor.ckpt"

    def score(self, query: Features, candidates: Sequence[Features]) -> Scores:
        """Count the matches of each candidate, in batches of candidates of equal size on a GPU."""
        counts = np.zeros(len(candidates), np.int64)
        clock = Stopwatch(self.device)
        with clock.measure("matching"):
            map0 = self._map(query, "coarse")

            def count(batch: Indices) -> np.ndarray:
                maps1 = torch.cat([self._map(candidates[index], "coarse") for index in batch])
                with inference(self.device, self.precision):
                    return self._counts(map0, maps1)

            fill_by_batches(counts, self._batches(query, candidates), count, self.device)
        return Scores(counts.astype(np.float64), matches=counts, matching_s=clock.seconds["matching"])

    def match(self, query: Features, candidate: Features) -> Matches:
        """Return the matches of a pair with their confidences, by rows of the query's cells.

        Points are centres of cells, those of the candidate refined where both photos have fine maps.
        """
        photos = query, candidate
        with inference(self.device, self.precision):
            paired = self._pair(*(self._map(photo, "coarse") for photo in photos))
            found = paired.found
            if all("fine" in photo.dense for photo in photos):
                self._refine(paired, *(self._map(photo, "fine") for photo in photos))
        points0, points1 = found["mkpts0_c"], found.get("mkpts1_f", found["mkpts1_c"])
        return Matches(
            _in_original(points0, query),
            _in_original(points1, candidate),
            np.ones(len(points0), bool),
            confidences=found["mconf"].cpu().numpy(),
        )

    def _counts(self, map0: torch.Tensor, maps1: torch.Tensor) -> np.ndarray:
        """Count the matches (B,) of a query's map (1, h, w, 256) with those of candidates (B, h, w, 256).

        A CPU takes tiles of the matrix of all pairs of cells, in half the time of the whole.
        """
        if not self._takes_tiles:
            pairs = self._pair(map0, maps1).found["b_ids"]
            return torch.bincount(pairs, minlength=len(maps1)).cpu().numpy()
        settings, inside0, inside1 = self.settings, *(self._inside(maps) for maps in (map0, maps1))
        counts = []
        for tokens in zip(*self._tokens(map0, maps1), strict=True):
            with torch.autocast(self.device.type, enabled=False):
                cells = mutual_cells(*tokens, settings.dsmax_temperature, settings.thr)
            counts.append(int((inside0[cells.index0] & inside1[cells.index1]).sum()))
        return np.array(counts)

    @property
    def _takes_tiles(self) -> bool:
        """Whether scores come without the matrix of all pairs of cells."""
        return self.device.type == "cpu" and self.settings.thr >= LEAST_THR

    def _inside(self, maps: torch.Tensor) -> torch.Tensor:
        """Return which cells (h w,) of maps (B, h, w, 256) lie off the border, bool."""
        inside = torch.zeros(maps.shape[1:3], dtype=torch.bool, device=self.device)
        border = self.settings.border_rm
        height, width = inside.shape
        inside[border : max(0, height - border), border : max(0, width - border)] = True
        return inside.flatten()

    def _tokens(self, map0: torch.Tensor, maps1: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the last tokens (B, L, 256) and (B, S, 256) of a query's map and those of candidates.

        They are float32 whatever the precision: in half precision many confidences would be equal.
        """
        map0 = map0.expand(len(maps1), -1, -1, -1)
        tokens0, tokens1 = pair_tokens(self.network, map0.flatten(1, 2), maps1.flatten(1, 2))
        return tokens0.float(), tokens1.float()

    def _pair(self, map0: torch.Tensor, maps1: torch.Tensor) -> _Paired:
        """Match the map (1, h, w, 256) of a query with those of candidates (B, h, w, 256)."""
        tokens0, tokens1 = self._tokens(map0, maps1)
        found = {
            "hw0_c": map0.shape[1:3],
            "hw1_c": maps1.shape[1:3],
            "stride_c": CELL_PX,
            "stride_f": FINE_PX,
        }
        with torch.autocast(self.device.type, enabled=False):
            self.network.coarse_matching(tokens0, tokens1, found)
        return _Paired(tokens0, tokens1, found)

    def _refine(self, paired: _Paired, fine0: torch.Tensor, fine1: torch.Tensor) -> None:
        """Add the refined points of the candidate to the matches; fine maps are (1, h, w, 128)."""
        network, found = self.network, paired.found
        fine0, fine1 = (maps.permute(0, 3, 1, 2) for maps in (fine0, fine1))
        with torch.autocast(self.device.type, enabled=False):
            windows = network.fine_preprocess(fine0, fine1, paired.tokens0, paired.tokens1, found)
            if len(found["b_ids"]):
                windows = network.loftr_fine(*windows)
            network.fine_matching(*windows, found)

    def _map(self, photo: Features, name: str) -> torch.Tensor:
        """Return a map of a photo as a batch of one."""
        return torch.tensor(_stored(photo, name), dtype=torch.float32, device=self.device)[None]

    def _batches(self, query: Features, candidates: Sequence[Features]) -> Iterator[list[int]]:
        """Group candidates of equal size, by index, so many that the largest of them fit the memory."""
        length0, *lengths = (math.prod(_stored(photo, "coarse").shape[:2]) for photo in (query, *candidates))
        size = self._batch_size(self._pair_bytes(length0, max(lengths, default=0)))
        return equal_batches(
            range(len(candidates)), size, lambda index: candidates[index].dense["coarse"].shape
        )

    def _pair_bytes(self, length0: int, length1: int) -> int:
        """Estimate the memory of a pair: two matrices of all its cells, a dozen maps for each photo."""
        matrices = 0 if self._takes_tiles else 2 * length0 * length1
        return 4 * (matrices + 12 * WIDTHS["coarse"] * (length0 + length1))

    def _batch_size(self, pair_bytes: int) -> int:
        """Return how many pairs go in one call, of which one takes `pair_bytes`."""
        if pair_bytes > WARN_BYTES:
            _warn_of_memory(round(pair_bytes / 1e9))
        if self.device.type == "cpu":
            return 1
        return max(1, self.settings.batch_memory_mib * 2**20 // pair_bytes)


def _stored(photo: Features, name: str) -> np.ndarray:
    return needed_map(photo, name, WIDTHS[name], LoFTR.spec.name)


def _in_original(points: torch.Tensor, photo: Features) -> np.ndarray:
    """Carry points (M, 2) of the network over to pixels of the original photo."""
    frame = photo.frame_size or photo.image_size
    return rescaled(points.cpu().numpy() - CENTRE_PX, frame, photo.image_size)


@functools.cache
def _warn_of_memory(gigabytes: int) -> None:
    """Warn once for each number of gigabytes."""
    log.warning(
        "loftr takes about %d GB for a pair of photos so large; the extractor's max_edge_px shrinks them",
        gigabytes,
    )
