"""D2-Net held to its fixture: input, levels, maps, detections, displacements, keypoints, matched pairs."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import extractors
import extractors.d2net
from extractors import Features
from extractors.d2net import D2Net
from tests.parity.golden import Golden, assert_close
from tests.parity.selections import hold_keypoints, hold_pair, pair_names

LARGEST_STEP = 1.0  # cells; greater displacements are not compared, in words in meta.json

Stages = dict[str, np.ndarray]
Specs = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def fixture(golden: Callable[[str], Golden]) -> Golden:
    return golden("d2net")


def build(fixture: Golden, config: Mapping[str, Any]) -> D2Net:
    return extractors.build("d2net", fixture.state(), **config)


def extract(extractor: D2Net, image: np.ndarray) -> Features:
    return extractor.extract(extractor.prepare(image)[None], [image.shape[:2]])[0]


@contextmanager
def recorded_levels(extractor: D2Net) -> Iterator[Stages]:
    """Record what goes into the network, its map, the fused map and what is found there, level by level."""
    stages: Stages = {"level_sizes": np.zeros((0, 4), np.int64)}
    find_peaks = extractors.d2net.find_peaks

    def keep_maps(_module: Any, inputs: Any, maps: Any) -> None:
        level = f"level{len(stages['level_sizes'])}"
        sizes = np.array([[*inputs[0].shape[-2:], *maps.shape[-2:]]], np.int64)
        stages["level_sizes"] = np.concatenate([stages["level_sizes"], sizes])
        stages[f"{level}_input"] = inputs[0][0].numpy().copy()
        stages[f"{level}_raw"] = maps[0].numpy().copy()  # the map before is added in place

    def keep_peaks(features: Any) -> Any:
        level = f"level{len(stages['level_sizes']) - 1}"
        peaks = find_peaks(features)
        stages[f"{level}_fused"] = features.numpy().copy()
        stages[f"{level}_detections"] = np.column_stack([peaks.channels, peaks.rows, peaks.columns])
        stages[f"{level}_displacements"] = peaks.steps.numpy()
        return peaks

    hook = extractor.network.register_forward_hook(keep_maps)
    extractors.d2net.find_peaks = keep_peaks
    try:
        yield stages
    finally:
        extractors.d2net.find_peaks = find_peaks
        hook.remove()


def hold_peaks(stages: Stages, arrays: Stages, specs: Specs, photo: str, level: str) -> None:
    """Hold detections as a set of cells and channels, displacements through the pairs."""
    name = f"{photo}_{level}_detections"
    stored = {tuple(row): number for number, row in enumerate(arrays[name].tolist())}
    found = {tuple(row): number for number, row in enumerate(stages[f"{level}_detections"].tolist())}
    shared = stored.keys() & found.keys()
    assert len(shared) >= specs[name]["least_overlap"] * max(len(stored), len(found)), name

    name = f"{photo}_{level}_displacements"
    expected = arrays[name][[stored[row] for row in shared]]
    actual = stages[f"{level}_displacements"][[found[row] for row in shared]]
    small = np.abs(expected).max(axis=1) < LARGEST_STEP
    assert_close(actual[small], expected[small], specs[name], name)


def hold_stages(stages: Stages, arrays: Stages, specs: Specs, photo: str) -> set[str]:
    """Hold all stages that the fixture has; return the names of those that were held."""
    means = {
        f"{name}_channel_means": whole.mean(axis=(1, 2)) for name, whole in stages.items() if whole.ndim == 3
    }
    stages = {**stages, **means}
    held = {name for name in specs if name.removeprefix(f"{photo}_") in stages}
    for name in held:
        if name.endswith("_detections"):
            hold_peaks(stages, arrays, specs, photo, name.split("_")[1])
        elif not name.endswith("_displacements"):
            assert_close(stages[name.removeprefix(f"{photo}_")], arrays[name], specs[name], name)
    return held


def upright(arrays: Stages, config: Mapping[str, Any], image: np.ndarray) -> Stages:
    """Turn keypoints and matches that lie in upside-down photos back, as the extractor does."""
    if config["preprocessing"] != "reference":
        return arrays
    turned = dict(arrays)
    for name, array in arrays.items():
        if name.endswith(("_keypoints", "_matches")):
            turned[name] = array.copy()
            turned[name][:, 1::2] = len(image) - 1 - array[:, 1::2]
    return turned


def test_every_stage_and_keypoint_of_every_photo(fixture: Golden) -> None:
    for file, case in fixture.meta["files"].items():
        specs, extractor = fixture.meta["outputs"][file], build(fixture, case["config"])
        found: dict[str, Features] = {}
        for image in case["images"]:
            photo, pixels = image.removesuffix(".png"), fixture.image(image)
            arrays = upright(fixture.arrays(file), case["config"], pixels)
            with recorded_levels(extractor) as stages:
                found[photo] = extract(extractor, pixels)
            stages["input"] = extractor.prepare(pixels).numpy()
            held = hold_stages(stages, arrays, specs, photo)
            held |= hold_keypoints(found[photo], arrays, specs, photo)
            assert held == {name for name in specs if name.startswith(f"{photo}_")}
        for name in pair_names(specs):
            hold_pair(found[f"image{name[-2]}"], found[f"image{name[-1]}"], arrays, specs, name)
