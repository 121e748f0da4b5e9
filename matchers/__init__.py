"""Scorers of candidate photos: mutual neighbours, and one module for each method."""

from matchers.base import Matcher, MatcherSpec, Matches, Scores, check_pair, fits
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
    },
)
build = registry.build

__all__ = ["Matcher", "MatcherSpec", "Matches", "Scores", "build", "check_pair", "fits", "registry"]
