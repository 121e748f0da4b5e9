"""Presets: lists of pairs, each with its settings, and the retriever that goes with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from data.errors import SettingsError
from networks.settings import nearest

PairSettings = dict[str, dict[str, dict[str, Any]]]  # "EXTRACTOR+MATCHER" -> method -> its settings


@dataclass(frozen=True)
class Preset:
    """pairs: those of the preset, with settings of their own.

    retriever: its registry name, None where the preset has none of its own; retriever_settings: its settings.
    """

    pairs: PairSettings
    retriever: str | None = None
    retriever_settings: dict[str, Any] = field(default_factory=dict)


_RANSAC = {"estimator": "ransac", "iterations": 2000}
_RANSAC_BY_LEVEL = {
    **_RANSAC,
    "reprojection_px": 30.0,
    "levels": "weighted",
    "normalise": "query_features",
}

# The ten rows of Barbarani et al., CVPR Workshops 2023; what is not said here is a method's default.
THESIS = Preset(
    {
        "superpoint+superglue": {},
        "d2net+ransac": {"d2net": {"preprocessing": "reference", "resize": None}, "ransac": _RANSAC},
        "r2d2+ransac": {"ransac": _RANSAC},
        "delg+affine": {},
        "delg+rrt": {},
        "patchnetvlad+ransac": {"ransac": _RANSAC_BY_LEVEL},
        "patchnetvlad+rapid": {},
        "transvpr+ransac": {"ransac": _RANSAC},
        "loftr+loftr": {},
        "cvnet+cvnet": {},
    }
)

# Learned without a download: the weights that come with the project, trained on drawn cities, with
# descriptors where the training had them, and keypoints placed as finely as it allows.
_SUPERPOINT_SMALL = {"variant": "small", "sampling": "exact", "refine_px": 1, "upsample": 1.5}
SMALL = Preset(
    {"superpoint+ransac": {"superpoint": _SUPERPOINT_SMALL}, "rootsift+ransac": {}},
    retriever="cosplace",
    retriever_settings={"backbone": "ResNet18", "fc_output_dim": 256, "last_stage": 3},
)
PRESETS: Mapping[str, Preset] = {"thesis": THESIS, "small": SMALL}


def find_preset(name: str, chosen: list[str] | None = None) -> Preset:
    """Return preset `name`, with all its pairs or those that were `chosen` of them.

    Raises SettingsError for an unknown preset, or pairs that it does not have.
    """
    if name not in PRESETS:
        raise SettingsError(f"no preset is called {name!r}{nearest(name, PRESETS)}")
    preset = PRESETS[name]
    for pair in chosen or []:
        if pair not in preset.pairs:
            raise SettingsError(f"preset {name} has no pair {pair!r}{nearest(pair, preset.pairs)}")
    return replace(preset, pairs={pair: preset.pairs[pair] for pair in chosen or preset.pairs})
