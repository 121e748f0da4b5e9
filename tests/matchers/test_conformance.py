"""Every matcher of the project, held to the suite."""

import math
from typing import Any, ClassVar

import numpy as np

import matchers
from extractors import Features
from extractors.conformance import drawn_scene
from matchers import Matcher
from matchers.conformance import MatcherConformance, drawn_photo
from networks.registry import Weights
from networks.seeded import made_up_state
from tests.extractors.methods import state
from tests.matchers import cvnet_maps, geowarp_photos


class TestAffine(MatcherConformance):
    name = "affine"


class TestRansac(MatcherConformance):
    name = "ransac"


class TestRansacByLevel(MatcherConformance):
    name = "ransac"
    settings: ClassVar[dict[str, Any]] = {"levels": "weighted"}


class TestRansacByPoselib(MatcherConformance):
    name = "ransac"
    settings: ClassVar[dict[str, Any]] = {"estimator": "poselib"}


class TestRapid(MatcherConformance):
    name = "rapid"


class TestRapidByLevel(MatcherConformance):
    name = "rapid"
    settings: ClassVar[dict[str, Any]] = {"variant": "weighted", "relative_anchor": True}


class TestSuperGlue(MatcherConformance):
    name = "superglue"
    settings: ClassVar[dict[str, Any]] = {
        "descriptor_dim": 32,
        "keypoint_encoder": (8, 16),
        "GNN_layers": ("self", "cross"),
        "sinkhorn_iterations": 20,
        "match_threshold": 0.0,
    }

    def weights(self) -> Weights:
        chosen = matchers.registry.load(self.name)
        state = made_up_state(chosen.layers(chosen.Settings(**self.settings)))
        state["bin_score"][...] = 1.0  # else nothing is left unmatched
        return state


class TestRrt(MatcherConformance):
    name = "rrt"
    counts = False
    settings: ClassVar[dict[str, Any]] = {
        "d_global": 16,
        "d_model": 32,
        "nhead": 4,
        "num_encoder_layers": 2,
        "dim_feedforward": 16,
    }


class TestCVNet(MatcherConformance):
    name = "cvnet"
    counts = False

    def photo(self, count: int, seed: int) -> Features:
        return cvnet_maps.photo(seed, (max(1, count // 10), 5)) if count else cvnet_maps.empty()

    def blank(self) -> Features:
        return cvnet_maps.blank()


class TestLoFTR(MatcherConformance):
    name = "loftr"
    keypoints = False

    def weights(self) -> Weights:
        return state(self.name)

    def photo(self, count: int, seed: int) -> Features:
        """Return a square map of random tokens; the cells along its border are in no match."""
        side = max(1, math.isqrt(count))
        tokens = np.random.default_rng(seed).standard_normal((side, side, 256), np.float32)
        return Features((8 * side, 8 * side), dense={"coarse": tokens})

    def blank(self) -> Features:
        return Features((64, 64), dense={"coarse": np.ones((8, 8, 256), np.float32)})


class TestSMNN(MatcherConformance):
    name = "smnn"


class TestAdaLAM(MatcherConformance):
    name = "adalam"


class TestLightGlue(MatcherConformance):
    name = "lightglue"
    settings: ClassVar[dict[str, Any]] = {"features": "disk", "filter_threshold": 0.0}

    def photo(self, count: int, seed: int) -> Features:
        return drawn_photo(count, seed, width=128)


class TestGeoWarp(MatcherConformance):
    name = "geowarp"
    counts = False
    settings: ClassVar[dict[str, Any]] = {**geowarp_photos.SETTINGS, "first_n": None}

    def weights(self) -> Weights:
        return geowarp_photos.made_up_weights()

    def photo(self, count: int, seed: int) -> Features:
        return geowarp_photos.features_of(drawn_scene(1 + count, 40, seed))

    def blank(self) -> Features:
        return geowarp_photos.features_of(np.full((40, 60, 3), 128, np.uint8))

    def test_no_candidates_and_no_features_are_no_accident(
        self, matcher: Matcher, candidates: list[Features]
    ) -> None:
        """Every photo has local features, so the least is one of a single row."""
        least = self.photo(0, seed=9)
        assert matcher.score(least, []).values.shape == (0,)
        for pair in ((least, candidates[0]), (candidates[0], least), (least, least)):
            assert np.isfinite(matcher.score(pair[0], [pair[1]]).values).all()
            assert np.isfinite(matcher.match(*pair).points0).all()


def test_every_matcher_is_held_to_the_suite() -> None:
    held = {suite.name for suite in MatcherConformance.__subclasses__()}
    assert held == set(matchers.registry.builtins)
