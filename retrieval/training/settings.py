"""Settings of a CosPlace training; the defaults are the published ones.

Source: github gmberton/CosPlace, `train.py` (arXiv 2204.02287).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from networks.training.settings import TrainingSettings
from retrieval.cosplace import STAGES, Backbone, CosPlaceSettings
from retrieval.training.augmentation import Augmentation
from retrieval.training.margins import Margin
from retrieval.training.places import Grid

# Settings of the weights that come with the project.
SMALL: Mapping[str, Any] = MappingProxyType(
    {
        "epochs": 32,
        "steps_per_epoch": 100,
        "learning_rate": 7e-4,
        "schedule": "cosine",
        "warmup_steps": 50,
        "backbone": "ResNet18",
        "fc_output_dim": 256,
        "last_stage": 3,
        "frozen_stages": 0,
        "cells_apart": 2,
        "min_photos": 5,
        "margin_warmup_steps": 800,
        "height": 120,
        "width": 160,
        "brightness": 0.5,
        "contrast": 0.5,
        "saturation": 0.4,
        "hue": 0.05,
        "smallest_crop": 0.6,
        "validation_shorter_px": 120,
    }
)


@dataclass(frozen=True)
class CosPlaceTraining(TrainingSettings):
    """Settings of a CosPlace training; the others are those of every training.

    backbone, fc_output_dim, last_stage: see `CosPlaceSettings`. frozen_stages: of a ResNet, and its stem,
    that keep the weights they begin with. groups: that take turns, one in each epoch. cell_m, heading_deg,
    cells_apart, headings_apart, min_photos: see `Grid`. margin_kind, logit_scale, margin: see `MarginHead`.
    margin_warmup_steps: in which the margin grows from none, which random weights need; as published 0.
    classifier_learning_rate: of Adam for the class weights. height, width: pixels of what the network sees.
    brightness, contrast, saturation, hue, smallest_crop, widest, flip_share: see `Augmentation`.
    validation_shorter_px: shorter side of validation photos; None leaves them as they are.
    validation_threshold_m: metres within which a photo shows the place.
    """

    epochs: PositiveInt = 50
    steps_per_epoch: PositiveInt = 10_000
    batch_size: PositiveInt = 32
    learning_rate: PositiveFloat = 1e-5
    backbone: Backbone = "ResNet50"
    fc_output_dim: PositiveInt = 512
    last_stage: Annotated[int, Field(ge=1, le=STAGES)] = STAGES
    frozen_stages: NonNegativeInt = 2
    groups: PositiveInt = 8
    cell_m: PositiveInt = 10
    heading_deg: PositiveInt = 30
    cells_apart: PositiveInt = 5
    headings_apart: PositiveInt = 2
    min_photos: PositiveInt = 10
    margin_kind: Margin = "cosface"
    logit_scale: PositiveFloat = 30.0
    margin: NonNegativeFloat | None = None
    margin_warmup_steps: NonNegativeInt = 0
    classifier_learning_rate: PositiveFloat = 0.01
    height: PositiveInt = 512
    width: PositiveInt = 512
    brightness: NonNegativeFloat = 0.7
    contrast: NonNegativeFloat = 0.7
    saturation: NonNegativeFloat = 0.7
    hue: NonNegativeFloat = 0.5
    smallest_crop: NonNegativeFloat = 0.5
    widest: NonNegativeFloat = 4 / 3
    flip_share: NonNegativeFloat = 0.0
    validation_shorter_px: PositiveInt | None = None
    validation_threshold_m: PositiveFloat = 25.0

    @property
    def network(self) -> CosPlaceSettings:
        """Return the settings of the retriever that is trained."""
        return CosPlaceSettings(
            backbone=self.backbone,
            fc_output_dim=self.fc_output_dim,
            last_stage=self.last_stage,
            pil_resize_shorter_side=self.validation_shorter_px,
        )

    @property
    def grid(self) -> Grid:
        """Return how places are cut into classes."""
        return Grid(self.cell_m, self.heading_deg, self.cells_apart, self.headings_apart, self.min_photos)

    @property
    def augmentation(self) -> Augmentation:
        """Return how photos vary."""
        return Augmentation(
            self.brightness,
            self.contrast,
            self.saturation,
            self.hue,
            self.smallest_crop,
            self.widest,
            self.flip_share,
        )
