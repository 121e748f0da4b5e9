"""Scorers of candidate photos: mutual neighbours, and one module for each method."""

from matchers.base import Matcher, MatcherSpec, Matches, Scores, check_pair, fits, settings_in_pair
from networks.registry import Registry

registry = Registry(
    kind="matcher",
    group="rerank.matchers",
    builtins={
        "affine": "matchers.affine:Affine",
        "ransac": "matchers.ransac:Ransac",
        "rapid": "matchers.rapid:Rapid",
        "superglue": "matchers.superglue:SuperGlue",
        "rrt": "matchers.rrt:Rrt",
        "loftr": "matchers.loftr:LoFTR",
        "cvnet": "matchers.cvnet:CVNet",
        "lightglue": "matchers.lightglue:LightGlue",
        "smnn": "matchers.smnn:SMNN",
        "adalam": "matchers.adalam:AdaLAM",
        "geowarp": "matchers.geowarp:GeoWarp",
    },
)
build = registry.build

__all__ = [
    "Matcher",
    "MatcherSpec",
    "Matches",
    "Scores",
    "build",
    "check_pair",
    "fits",
    "registry",
    "settings_in_pair",
]
