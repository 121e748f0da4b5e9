"""AdaLAM: nearest neighbours kept where they move as those around them do; their number.

Source: Cavalli, Larsson, Oswald, Sattler, Pollefeys, AdaLAM, ECCV 2020 (arXiv 2006.04250);
`kornia.feature.match_adalam`.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, NamedTuple

import torch
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from extractors import Features
from matchers.base import MatcherSpec
from matchers.kornia_adapter import Found, KorniaMatcher
from networks.kornia_features import kornia_feature
from networks.settings import settings_dict

ROUNDING = 1e-6


@dataclass(frozen=True)
class AdaLAMSettings:
    """Settings of AdaLAM; the defaults are those of the published code.

    area_ratio: the photo's area over that of the disc in which a seed outdoes other matches.
    search_expansion: the surroundings of a seed over that disc, in radius. ransac_iters: samples for each
    seed. min_inliers, min_confidence: least number of matches that agree with a seed's affine map, and
    least number of them over what chance gives. detected_scale_rate_threshold, scale_rate_threshold:
    largest change in size of a match, and how far that of its surroundings may be from it, as factors;
    they count where features have scales. refit: affine maps are fitted again to all that agree.
    force_seed_mnn: only mutual neighbours are seeds.
    fallback: what a pair scores where no seed holds: "zero", or "counted": the matches whose squared
    distance is at most 0.95 of the second smallest, as Kornia returns them, unchecked.

    Photos are taken to be upright: features here have no orientations.
    """

    area_ratio: PositiveFloat = 100
    search_expansion: PositiveFloat = 4
    ransac_iters: PositiveInt = 128
    min_inliers: PositiveInt = 6
    min_confidence: Annotated[float, Field(gt=1)] = 200
    detected_scale_rate_threshold: NonNegativeFloat = 5
    scale_rate_threshold: NonNegativeFloat = 1.5
    refit: bool = True
    force_seed_mnn: bool = True
    fallback: Literal["zero", "counted"] = "zero"


class Side(NamedTuple):
    """A photo: descriptors (N, D), affine frames (1, N, 2, 3) and its height and width."""

    descriptors: torch.Tensor
    frames: torch.Tensor
    size: tuple[int, int]


class AdaLAM(KorniaMatcher):
    """AdaLAM as a matcher."""

    spec: ClassVar[MatcherSpec] = MatcherSpec(
        name="adalam",
        summary="Nearest neighbours that an affine map of their surroundings explains; their number.",
        source="Cavalli et al., ECCV 2020, arXiv 2006.04250; kornia.feature.match_adalam",
        beyond_benchmark=True,
    )
    Settings: ClassVar[type] = AdaLAMSettings
    uses = "match_adalam"

    def side(self, photo: Features) -> Side:
        """Return the descriptors of a photo and its keypoints as frames."""
        keypoints = self.tensor(photo, "keypoints")[None]
        scales = None if photo.scales is None else self.tensor(photo, "scales")[None, :, None, None]
        frames = kornia_feature("laf_from_center_scale_ori", self.spec.name)(keypoints, scales)
        return Side(self.tensor(photo, "descriptors"), frames, photo.image_size)

    def pair(self, query: Side, candidate: Side) -> Found:
        """Match two photos; confidences are those of the affine maps that agree with the matches."""
        config = settings_dict(self.settings)
        counted = config.pop("fallback") == "counted"
        doubts, indices = self.kornia(
            query.descriptors,
            candidate.descriptors,
            query.frames,
            candidate.frames,
            config=config,
            hw1=query.size,
            hw2=candidate.size,
        )
        # Where seeds held, every doubt is at most 1 / min_confidence; those of the fallback are ratios.
        held = bool((doubts <= (1 + ROUNDING) / self.settings.min_confidence).all())
        kept = slice(None) if held or counted else slice(0)
        return Found(indices[kept], 1 / doubts[kept, 0].clamp(min=ROUNDING))
