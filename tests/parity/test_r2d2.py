"""R2D2 held to its fixture: pyramid, blocks, maps, detections, keypoints, and matched pairs."""

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch

import extractors
from extractors import Features
from extractors.r2d2 import R2D2
from tests.parity.golden import Golden, assert_close
from tests.parity.selections import hold_keypoints, hold_pair, pair_names, pairs

Stages = dict[str, np.ndarray]
Specs = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def fixture(golden: Callable[[str], Golden]) -> Golden:
    return golden("r2d2")


@pytest.fixture(scope="module")
def features(fixture: Golden) -> Callable[[str, str], Features]:
    """Return what is found on a photo under a file's settings, computed once."""

    @functools.cache
    def found(file: str, image: str) -> Features:
        return extract(build(fixture, fixture.meta["files"][file]["config"]), fixture.image(image))

    return found


def build(fixture: Golden, config: Mapping[str, Any]) -> R2D2:
    return extractors.build("r2d2", fixture.state(), **config)


def extract(extractor: R2D2, image: np.ndarray) -> Features:
    return extractor.extract(extractor.prepare(image)[None])[0]


@contextmanager
def recorded_levels(extractor: R2D2) -> Iterator[Stages]:
    """Record what goes into the network and comes out of it at each level."""
    stages: Stages = {"level_sizes": np.zeros((0, 2), np.int64)}

    def keep(_module: Any, inputs: Any, maps: Any) -> None:
        level = f"level{len(stages['level_sizes'])}"
        size = np.array([inputs[0].shape[-2:]], np.int64)
        stages["level_sizes"] = np.concatenate([stages["level_sizes"], size])
        stages[f"{level}_input"] = inputs[0][0].numpy()
        stages[f"{level}_repeatability"] = maps.repeatability[0].numpy()
        stages[f"{level}_reliability"] = maps.reliability[0].numpy()
        stages[f"{level}_descriptors"] = torch.nn.functional.normalize(maps.features, dim=1)[0].numpy()

    hook = extractor.network.register_forward_hook(keep)
    try:
        yield stages
    finally:
        hook.remove()


def blocks(extractor: R2D2, prepared: torch.Tensor) -> Stages:
    """Run the photo at its own size and return what each convolution block gives."""
    stages: Stages = {}
    values, layers = prepared[None], list(extractor.network.ops)
    with torch.inference_mode():
        for layer, following in zip(layers, [*layers[1:], None], strict=True):
            values = layer(values.clone())  # a ReLU in place would change the block before
            if following is None or isinstance(following, torch.nn.Conv2d):
                stages[f"block{len(stages)}"] = values[0].numpy()
    return stages


def with_statistics(stages: Stages) -> Stages:
    """Add mean and population deviation of the maps."""
    statistics = {f"{name}_mean_std": _mean_std(whole) for name, whole in stages.items()}
    of_blocks = [_mean_std(whole) for name, whole in stages.items() if name.startswith("block")]
    return {**stages, **statistics, "block_mean_std": np.stack(of_blocks)}


def _mean_std(whole: np.ndarray) -> np.ndarray:
    return np.array([whole.mean(dtype=np.float64), whole.std(dtype=np.float64)], np.float32)


def hold_stages(stages: Stages, arrays: Stages, specs: Specs, photo: str, title: str) -> set[str]:
    """Hold all dense stages to the arrays; return the names of those that were held."""
    held = {name for name in specs if name.removeprefix(f"{photo}_") in stages}
    for name in held:
        assert_close(stages[name.removeprefix(f"{photo}_")], arrays[name], specs[name], f"{title} {name}")
    return held


def hold_detections(found: Features, arrays: Stages, specs: Specs, photo: str) -> set[str]:
    """Hold what an extractor without a cap finds: rows of x, y, scale and score."""
    name = f"{photo}_detections"
    rows = np.column_stack([found.keypoints, found.scales, found.scores])
    of_row = pairs(arrays[name][:, :3], rows[:, :3], specs[name], name)
    spec = {key: specs[name][key] for key in ("rtol", "atol")}
    assert_close(rows[list(of_row.values()), 3], arrays[name][list(of_row), 3], spec, name)
    return {name}


def test_every_stage_and_keypoint_of_every_photo(
    fixture: Golden, features: Callable[[str, str], Features]
) -> None:
    for file, case in fixture.meta["files"].items():
        arrays, specs = fixture.arrays(file), fixture.meta["outputs"][file]
        extractor = build(fixture, {**case["config"], "max_keypoints": 0})
        for image in case["images"]:
            photo, pixels = image.removesuffix(".png"), fixture.image(image)
            with recorded_levels(extractor) as stages:
                everything = extract(extractor, pixels)
            prepared = extractor.prepare(pixels)
            stages |= {"input": prepared.numpy(), **blocks(extractor, prepared)}
            held = hold_stages(with_statistics(stages), arrays, specs, photo, file)
            held |= hold_detections(everything, arrays, specs, photo)
            found = features(file, image)
            held |= hold_keypoints(found, arrays, specs, photo)
            assert np.all(np.diff(found.scores) >= 0), "scores do not rise"
            assert held == {name for name in specs if name.startswith(f"{photo}_")}


def test_matched_pairs(fixture: Golden, features: Callable[[str, str], Features]) -> None:
    for file in fixture.meta["files"]:
        arrays, specs = fixture.arrays(file), fixture.meta["outputs"][file]
        for name in pair_names(specs):
            query, candidate = (features(file, f"image{number}.png") for number in name[-2:])
            hold_pair(query, candidate, arrays, specs, name)
