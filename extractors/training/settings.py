"""Settings of a SuperPoint training; the losses' defaults are the published ones (arXiv 1712.07629)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from data.errors import SettingsError
from extractors.superpoint_network import CELL_PX
from extractors.training.homographies import HomographyRange
from extractors.training.losses import Hinge
from extractors.training.pairs import PairSettings
from extractors.training.photometric import LightRange
from networks.training.settings import Schedule, TrainingSettings

# Settings of the weights that come with the project.
SMALL: Mapping[str, Any] = MappingProxyType(
    {
        "epochs": 50,
        "steps_per_epoch": 100,
        "batch_size": 6,
        "learning_rate": 2e-3,
        "shapes_steps": 600,
        "height": 160,
        "width": 208,
        "descriptor_weight": 0.5,
        "positive_weight": 100.0,
        "contrast_weight": 0.5,
        "night_share": 0.1,
        "blur_share": 0.2,
        "noise": 0.015,
        "scale": 2.2,
        "perspective": 0.4,
    }
)


@dataclass(frozen=True)
class SuperPointTraining(TrainingSettings):
    """Settings of a SuperPoint training; the others are those of every training.

    batch_size: pairs of a step. height, width: pixels of their crops, multiples of 8. shapes_steps: steps
    at first in which the detector alone is trained, on drawn shapes; random weights need them to learn where
    in a cell keypoints are. descriptor_weight: of the descriptor's loss against the detector's two.
    contrast_weight: of `contrast_loss`, which is not published, against the descriptor's; temperature: its
    own. night_share, blur_share, noise: see `LightRange`. turn_deg, scale, shift, perspective: see
    `HomographyRange`. positive_margin, negative_margin, positive_weight, reach_px: see `Hinge`.
    validation_pairs: measured after each epoch.
    """

    epochs: PositiveInt = 20
    steps_per_epoch: PositiveInt = 200
    batch_size: PositiveInt = 6
    learning_rate: PositiveFloat = 1e-3
    schedule: Schedule = "cosine"
    warmup_steps: int = 100
    height: PositiveInt = 240
    width: PositiveInt = 320
    shapes_steps: NonNegativeInt = 0
    descriptor_weight: NonNegativeFloat = 1.0
    contrast_weight: NonNegativeFloat = 0.0
    temperature: PositiveFloat = 0.07
    night_share: NonNegativeFloat = 0.3
    blur_share: NonNegativeFloat = 0.5
    noise: NonNegativeFloat = 0.03
    turn_deg: NonNegativeFloat = 25.0
    scale: NonNegativeFloat = 1.5
    shift: NonNegativeFloat = 0.15
    perspective: NonNegativeFloat = 0.3
    positive_margin: NonNegativeFloat = 1.0
    negative_margin: NonNegativeFloat = 0.2
    positive_weight: NonNegativeFloat = 250.0
    reach_px: NonNegativeFloat = 8.0
    validation_pairs: PositiveInt = 60

    def __post_init__(self) -> None:
        if self.height % CELL_PX or self.width % CELL_PX:
            raise SettingsError(
                f"superpoint training: crops of {self.width} x {self.height} pixels; both must be multiples "
                f"of {CELL_PX}"
            )

    @property
    def pairs(self) -> PairSettings:
        """Return how pairs are made."""
        reach = HomographyRange(self.turn_deg, self.scale, self.shift, self.perspective)
        light = LightRange(self.night_share, self.blur_share, self.noise)
        return PairSettings(self.height, self.width, reach, light)

    @property
    def hinge(self) -> Hinge:
        """Return the descriptor loss's constants."""
        return Hinge(self.positive_margin, self.negative_margin, self.positive_weight, self.reach_px)
