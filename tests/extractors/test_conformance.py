"""Every extractor of the project, held to the suite."""

from typing import Any, ClassVar

import numpy as np

import extractors
from extractors.conformance import ExtractorConformance, drawn_scene
from networks.registry import Weights
from tests.extractors.methods import SMALL, state


class _Builtin(ExtractorConformance):
    """With the fixtures' made-up weights, where a method has them."""

    def weights(self) -> Weights:
        return state(self.name)


class TestRootSIFT(_Builtin):
    name = "rootsift"
    uncapped: ClassVar[dict[str, Any]] = {"max_keypoints": 100_000}
    follows_half_pixels = True


class TestSuperPoint(_Builtin):
    name = "superpoint"
    uncapped: ClassVar[dict[str, Any]] = {"max_keypoints": -1}


class TestR2D2(_Builtin):
    name = "r2d2"
    settings = SMALL["r2d2"]
    precise: ClassVar[dict[str, Any]] = {"min_size": 304}
    uncapped: ClassVar[dict[str, Any]] = {"max_keypoints": 0}


class TestD2Net(_Builtin):
    name = "d2net"
    settings = SMALL["d2net"]
    precise: ClassVar[dict[str, Any]] = {"scales": (1,)}
    uncapped: ClassVar[dict[str, Any]] = {"max_keypoints": None}
    follows_half_pixels = True


class TestDelg(_Builtin):
    name = "delg"
    settings = SMALL["delg"]
    precise: ClassVar[dict[str, Any]] = {"image_scales": (2,), "global_scales_ind": (0,)}  # a finer grid
    uncapped: ClassVar[dict[str, Any]] = {"max_keypoints": 100_000}


class TestTransVPR(_Builtin):
    name = "transvpr"
    settings = SMALL["transvpr"]
    precise: ClassVar[dict[str, Any]] = {"resize": (240, 304), "threshold": 0.0}  # attention is not local
    unit = False


class TestPatchNetVLAD(_Builtin):
    name = "patchnetvlad"
    settings = SMALL["patchnetvlad"]
    precise: ClassVar[dict[str, Any]] = {"resize_h": 240, "resize_w": 304}
    descriptor_dim = 128


class TestCVNet(_Builtin):
    name = "cvnet"


class TestLoFTR(_Builtin):
    name = "loftr"


class TestALIKED(_Builtin):
    name = "aliked"
    steady = 0.93

    def weights(self) -> Weights:
        """Return weights whose samples stay where they are, since made-up offsets lead anywhere, and without
        the coarse maps, which are stretched over the whole photo."""
        weights = {key: array.copy() for key, array in state(self.name).items()}
        for key in weights:
            if "offset_conv" in key or key in ("conv3.weight", "conv4.weight"):
                weights[key][...] = 0
        return weights


class TestDISK(_Builtin):
    name = "disk"
    uncapped: ClassVar[dict[str, Any]] = {"max_keypoints": None}
    steady = 0.93


class TestDeDoDe(_Builtin):
    name = "dedode"
    settings: ClassVar[dict[str, Any]] = {"max_keypoints": 200}
    precise: ClassVar[dict[str, Any]] = {"max_keypoints": 2000}
    uncapped: ClassVar[dict[str, Any]] = {"max_keypoints": None}


class TestXFeat(_Builtin):
    name = "xfeat"
    uncapped: ClassVar[dict[str, Any]] = {"max_keypoints": None}
    shift_px = 32
    steady = 0.93

    def photo(self) -> np.ndarray:
        return drawn_scene(256, 352)  # multiples of its grid, to which it resizes


class TestKeyNet(_Builtin):
    name = "keynet"
    uncapped: ClassVar[dict[str, Any]] = {"max_keypoints": 4000}
    steady = 0


class TestGeoWarp(_Builtin):
    name = "geowarp"


def test_every_extractor_is_held_to_the_suite() -> None:
    held = {suite.name for suite in _Builtin.__subclasses__()}
    assert held == set(extractors.registry.builtins)
