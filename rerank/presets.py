"""Presets: lists of pairs, each with the settings that it was published with."""

from collections.abc import Mapping
from typing import Any

from data.errors import SettingsError
from networks.settings import nearest

PairSettings = dict[str, dict[str, dict[str, Any]]]  # "EXTRACTOR+MATCHER" -> method -> its settings

_RANSAC = {"estimator": "ransac", "iterations": 2000}
_RANSAC_BY_LEVEL = {
    **_RANSAC,
    "reprojection_px": 30.0,
    "levels": "weighted",
    "normalise": "query_features",
}

# The ten rows of Barbarani et al., CVPR Workshops 2023; what is not said here is a method's default.
THESIS: PairSettings = {
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
PRESETS: Mapping[str, PairSettings] = {"thesis": THESIS}


def preset_pairs(name: str, chosen: list[str] | None = None) -> PairSettings:
    """Return the pairs of preset `name` with their settings, or those that were `chosen` of them.

    Raises SettingsError for an unknown preset, or pairs that it does not have.
    """
    if name not in PRESETS:
        raise SettingsError(f"no preset is called {name!r}{nearest(name, PRESETS)}")
    pairs = PRESETS[name]
    for pair in chosen or []:
        if pair not in pairs:
            raise SettingsError(f"preset {name} has no pair {pair!r}{nearest(pair, pairs)}")
    return {pair: pairs[pair] for pair in chosen or pairs}
