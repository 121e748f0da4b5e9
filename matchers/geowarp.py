"""GeoWarp, the half of a pair: both photos are warped to what they share, and compared cell by cell.

Source: Berton, Masone, Paolicelli, Caputo, "Viewpoint Invariant Dense Matching for Visual Geolocalization",
ICCV 2021 (arXiv 2109.09827).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from pydantic import PositiveInt

from extractors import Features
from extractors.record import rescaled
from matchers.base import MatcherSpec, Matches, Scores, needed_map
from matchers.geowarp_network import CELLS, GeoWarpNetwork, carry, homographies, warp
from networks.batching import equal_batches
from networks.cores import Indices, fill_by_batches
from networks.geowarp import CHANNELS, GRID, Arch, Pooling, joint_file, network_input
from networks.precision import inference, placed
from networks.state_dicts import load_strictly
from networks.timing import Stopwatch

LEAST = -float(CELLS)  # no score is lower
LEFT_ALONE = 2 * LEAST  # of the candidates that are not compared, below all that are


@dataclass(frozen=True)
class GeoWarpSettings:
    """Settings of GeoWarp's half of a pair; both halves must have the same weights.

    first_n: so many of the first candidates are compared; the others keep the retriever's order behind
    them. None for all. Features of the others are read in vain, which `candidates_per_query` spares.
    arch, pooling: the encoder, and the pooling that it was trained with: which published weights.
    batch_pairs: pairs with photos of the same sizes in one call of the network on a GPU; a CPU takes them
    one by one.
    """

    first_n: PositiveInt | None = 5
    arch: Arch = "resnet50"
    pooling: Pooling = "netvlad"
    batch_pairs: PositiveInt = 8


@dataclass(frozen=True)
class Side:
    """B photos of one size. photos: (B, 3, H, W), normalised. local: local features (B, C, 15, 15)."""

    photos: torch.Tensor
    local: torch.Tensor


@dataclass(frozen=True)
class Warped:
    """B pairs of warped photos.

    thetas0, thetas1: homographies (B, 3, 3) from the warped photo to the query and to the candidate.
    cells: (B, 15, 15), the products of local features of the warped photos.
    """

    thetas0: torch.Tensor
    thetas1: torch.Tensor
    cells: torch.Tensor

    def scores(self) -> torch.Tensor:
        """Return the scores (B,) of the pairs, the least possible where there is no homography."""
        sums = self.cells.sum(dim=(1, 2))
        sound = torch.isfinite(self.thetas0 + self.thetas1).all(dim=2).all(dim=1)
        return torch.where(sound & torch.isfinite(sums), sums, LEAST)


class GeoWarp:
    """GeoWarp's half of a pair as a matcher."""

    spec: ClassVar[MatcherSpec] = MatcherSpec(
        name="geowarp",
        summary="Homographies of both photos, by a network; similarity of what the warped photos show.",
        source="Berton et al., ICCV 2021, arXiv 2109.09827; gmberton/geo_warp",
        licence="code Apache-2.0; weights MIT (the repository's)",
        beyond_benchmark=True,
        deviations=(
            "candidates of equal score keep the retriever's order, which the published code turns round; "
            "pairs without a homography score least."
        ),
        needs=frozenset({"dense"}),
        families=("geowarp",),
    )
    Settings: ClassVar[type] = GeoWarpSettings

    def __init__(
        self,
        settings: GeoWarpSettings,
        state: dict[str, torch.Tensor],
        device: torch.device | str = "cpu",
        precision: str = "float32",
    ) -> None:
        self.settings = settings
        self.device = torch.device(device)
        self.precision = precision
        self.network = placed(load_strictly(self.layers(settings), state, self.spec.name), self.device)

    @classmethod
    def layers(cls, settings: GeoWarpSettings) -> GeoWarpNetwork:
        """Return encoder and regression, their weights not loaded."""
        return GeoWarpNetwork(settings.arch, settings.pooling)

    @classmethod
    def checkpoint(cls, settings: GeoWarpSettings) -> str:
        """Return the name of the file that both published ones are put together to."""
        return joint_file(settings.arch, settings.pooling)

    def score(self, query: Features, candidates: Sequence[Features]) -> Scores:
        """Compare the first candidates, those of equal size in batches on a GPU; the rest score below them.

        A score is the sum over 225 cells of cosines.
        """
        values = np.full(len(candidates), LEFT_ALONE)
        size = 1 if self.device.type == "cpu" else self.settings.batch_pairs
        clock = Stopwatch(self.device)
        with clock.measure("matching"):
            side0 = self._side([query])
            shapes = [self._map(photo, "photo").shape for photo in candidates[: self.settings.first_n]]

            def compared(batch: Indices) -> np.ndarray:
                with inference(self.device, self.precision):
                    side1 = self._side([candidates[index] for index in batch])
                    return self._warp(side0, side1).scores().cpu().numpy()

            fill_by_batches(
                values, equal_batches(range(len(shapes)), size, shapes.__getitem__), compared, self.device
            )
        return Scores(values, matching_s=clock.seconds["matching"])

    def match(self, query: Features, candidate: Features) -> Matches:
        """Return the centres of the cells that are compared, where both photos show them, with their cosines.

        The regression learned to align photos, not to point: places are rough.
        """
        with inference(self.device, self.precision):
            warped = self._warp(self._side([query]), self._side([candidate]))
        points0 = _places(query, warped.thetas0[0])
        points1 = _places(candidate, warped.thetas1[0])
        shown = _inside(points0, query.image_size) & _inside(points1, candidate.image_size)
        cosines = warped.cells[0].flatten().cpu().numpy()
        return Matches(points0[shown], points1[shown], np.ones(shown.sum(), bool), confidences=cosines[shown])

    def _warp(self, query: Side, candidates: Side) -> Warped:
        """Warp one query and B candidates to what they share, in float32 whatever the precision."""
        count = len(candidates.photos)
        with torch.autocast(self.device.type, enabled=False):
            local0 = query.local.expand(count, -1, -1, -1)
            corners = self.network.quadrilaterals(local0, candidates.local)
            thetas0, thetas1 = (homographies(of_photo) for of_photo in corners)
            warped0 = warp(query.photos.expand(count, -1, -1, -1), thetas0)
            warped1 = warp(candidates.photos, thetas1)
        first, second = (self.network.local_features(photos) for photos in (warped0, warped1))
        return Warped(thetas0, thetas1, (first * second).sum(dim=1))

    def _side(self, photos: Sequence[Features]) -> Side:
        inputs = torch.stack([network_input(self._map(photo, "photo")) for photo in photos])
        local = torch.stack(
            [
                torch.tensor(self._map(photo, "local"), dtype=torch.float32).permute(2, 0, 1)
                for photo in photos
            ]
        )
        return Side(inputs.to(self.device), local.to(self.device))

    def _map(self, photo: Features, name: str) -> np.ndarray:
        channels = 3 if name == "photo" else CHANNELS[self.settings.arch]
        return needed_map(photo, name, channels, self.spec.name)


def _places(photo: Features, theta: torch.Tensor) -> np.ndarray:
    """Return where (225, 2) a photo shows the cells of its warped self, in pixels of the original."""
    frame = photo.dense["photo"].shape[:2]
    size = torch.tensor(frame[::-1], dtype=torch.float32)
    rows, columns = torch.meshgrid(torch.arange(GRID), torch.arange(GRID), indexing="ij")
    pixels = (torch.stack([columns, rows], dim=2).flatten(0, 1) + 0.5) / GRID * size - 0.5
    carried = carry(2 * pixels / (size - 1).clamp(min=1) - 1, theta.cpu()[None])[0]
    return rescaled((((carried + 1) * size - 1) / 2).numpy(), frame, photo.image_size)


def _inside(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Tell which points (M, 2) lie in a photo of `size` (H, W)."""
    return np.all((points >= -0.5) & (points <= np.array(size[::-1]) - 0.5), axis=1)
