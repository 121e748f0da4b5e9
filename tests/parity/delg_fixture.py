"""The form of DELG's two fixtures: the released network's, and inside its folder the training code's.

The second one writes tolerances in words alone, the same words that stand beside numbers in the first.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch

import extractors
from extractors import Features
from extractors.delg import Delg, DelgSettings
from extractors.delg_network import Architecture, DelgNetwork, Maps
from networks.settings import make_settings
from tests.parity.golden import Golden, assert_close

FOLDERS = {"released": "delg", "training": "delg/keras"}
NUMBERS = ("atol", "rtol", "atol_of_std", "atol_of_max", "compare")

# settings that a fixture may fix for all its configurations; the values of two are the first of some words
SHARED = (
    "variant", "image_scales", "global_scales_ind", "batch_norm_eps", "gem_power", "block3_stride",
    "attention_input", "reduction_activation", "resize",
)  # fmt: skip
IN_WORDS = ("variant", "resize")

Arrays = Mapping[str, np.ndarray]


class DelgFixture:
    """A variant's arrays, tolerances and photos, and its network."""

    def __init__(self, variant: str, golden: Callable[[str], Golden]) -> None:
        released, self.golden = golden("delg"), golden(FOLDERS[variant])
        self.meta, self.config = self.golden.meta, self.golden.meta["config"]
        self.image = released.image  # the photos lie beside the outer folder
        outputs = released.meta["outputs"].values()
        self.numbers = {spec["tolerance"]: _numbers(spec) for spec in outputs}
        self._built: dict[Architecture, Delg] = {}
        if self.config["iou"] != 1:
            pytest.skip(f"suppression by overlap ({self.config['iou']}) is not offered")

    def arrays(self, file: str = "outputs.npz") -> Arrays:
        return self.golden.arrays(file)

    def hold(self, whole: np.ndarray, name: str, stored: np.ndarray | None = None) -> None:
        """Hold a whole computed array to the slice of it in outputs.npz, or to `stored` as closely."""
        described, arrays = self.meta["outputs"][name], self.arrays()
        expected = arrays[name] if stored is None else stored
        spec = {**self.numbers.get(described["tolerance"], {}), **_numbers(described)}
        if "atol_of_std" in spec:
            deviation = arrays[re.sub(r"_s\d$", "", name) + "_stats"][1]
            spec["atol"] = spec.pop("atol_of_std") * float(deviation)
        if grid := re.search(r"\[[:,\d ]+\]", described["what"]):
            spec["grid"] = grid[0]
        if not isinstance(spec.get("rtol"), list):
            assert_close(whole, expected, spec, name)
            return
        for actual, number, rtol in zip(whole, expected, spec["rtol"], strict=True):  # mean, std, min, max
            assert_close(actual, number, {"rtol": rtol}, name)

    def extractor(self, **settings: Any) -> Delg:
        """Return the extractor with settings of its own beside the fixture's; one network for all of them."""
        given = {name: self.config[name] for name in SHARED if name in self.config}
        given |= {name: given[name].split()[0] for name in IN_WORDS}
        chosen = make_settings(DelgSettings, given | settings, "delg")
        if chosen.architecture not in self._built:
            built = extractors.build("delg", self.golden.state(), **given | settings)
            remember(built.network)
            self._built[chosen.architecture] = built
        extractor = self._built[chosen.architecture]
        extractor.settings = chosen
        return extractor

    def features(self, configuration: str, photo: int) -> Features:
        """Extract photo `photo` as one of the fixture's configurations says."""
        chosen = self.config["configurations"][configuration]
        extractor = self.extractor(max_image_size=chosen["max_image_size"], **chosen["local"])
        return extract(extractor, self.image(f"image{photo}"))


def extract(extractor: Delg, image: np.ndarray) -> Features:
    return extractor.extract(extractor.prepare(image)[None], [image.shape[:2]])[0]


def remember(network: DelgNetwork) -> None:
    """Let a network compute the maps of the same photos once, whatever is then chosen of them."""
    seen: dict[bytes, Maps] = {}

    def forward(photos: torch.Tensor) -> Maps:
        key = photos.numpy().tobytes()
        if key not in seen:
            seen[key] = DelgNetwork.forward(network, photos)
        return seen[key]

    network.forward = forward  # type: ignore[method-assign]


def _numbers(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {name: spec[name] for name in NUMBERS if name in spec}
