"""SuperPoint held to its fixture: input, feature maps, score map, suppression, keypoints, descriptors.

The share of keypoints that may differ stands in words in meta.json (`compare`); the constant here
repeats it.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch

import extractors
from extractors import Features
from extractors.superpoint import SuperPoint, SuperPointSettings, sample_descriptors, select
from networks.keypoints import suppress_non_maxima
from tests.parity.golden import Golden, assert_close, grid

SHARED = 0.99  # of the stored keypoints, and of those found

Stages = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def fixture(golden: Callable[[str], Golden]) -> Golden:
    return golden("superpoint")


def build(fixture: Golden, config: Mapping[str, Any]) -> SuperPoint:
    settings = {name: value for name, value in config.items() if name != "crop_height_width"}
    return extractors.build("superpoint", fixture.state(), **settings)


def photos(fixture: Golden, case: str) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the names of a case's photos in its arrays, with their pixels."""
    height, width = fixture.meta["config"][case].get("crop_height_width", (None, None))
    found = {name.partition("_")[0] for name in fixture.meta["outputs"][f"{case}.npz"]}
    for name in sorted(found):
        yield name, fixture.image(name)[:height, :width]


@contextmanager
def recorded(extractor: SuperPoint) -> Iterator[Stages]:
    """Record what passes through the network while a photo is extracted."""
    stages: Stages = {}
    network = extractor.network
    counts: dict[str, int] = defaultdict(int)

    def keep(name: str, value: torch.Tensor) -> None:
        stages[name] = value[0].numpy().copy()

    def keep_pooled(_module: Any, _inputs: Any, output: torch.Tensor) -> None:
        counts["pool"] += 1
        keep(f"pool{counts['pool']}", output)

    hooks = [
        network.register_forward_pre_hook(lambda _, inputs: keep("input", inputs[0][0])),
        network.pool.register_forward_hook(keep_pooled),
        network.convPa.register_forward_pre_hook(lambda _, inputs: keep("encoder", inputs[0])),
        network.convPb.register_forward_hook(lambda _, __, output: keep("logits", output)),
        network.register_forward_hook(lambda _, __, output: keep("scoremap", output[0])),
        network.register_forward_hook(lambda _, __, output: keep("dense", output[1])),
    ]
    try:
        yield stages
    finally:
        for hook in hooks:
            hook.remove()


def pixels(keypoints: np.ndarray) -> dict[tuple[int, int], int]:
    """Return the row of each keypoint by its place."""
    assert np.array_equal(keypoints, np.round(keypoints)), "keypoints off the pixel grid"
    return {(int(x), int(y)): row for row, (x, y) in enumerate(keypoints)}


def pairs(stored: np.ndarray, found: np.ndarray, title: str) -> tuple[np.ndarray, np.ndarray]:
    """Hold two sets of keypoints to one another; return the rows in each of those shared."""
    there, here = pixels(stored), pixels(found)
    shared = [place for place in there if place in here]
    assert len(shared) >= SHARED * len(there), f"{title}: {len(there) - len(shared)} keypoints missing"
    assert len(here) - len(shared) <= (1 - SHARED) * len(there), f"{title}: too many other keypoints"
    return np.array([there[p] for p in shared], int), np.array([here[p] for p in shared], int)


def hold_rows(
    found: Features, arrays: Mapping[str, np.ndarray], specs: Mapping[str, Any], photo: str, title: str
) -> None:
    """Hold keypoints as a set, scores and descriptors through the pairs."""
    assert found.keypoints is not None and found.scores is not None and found.descriptors is not None
    keypoints = arrays[f"{photo}_keypoints"]
    stored_rows, rows = pairs(keypoints, found.keypoints, title)
    spec = specs[f"{photo}_scores"]
    assert_close(found.scores[rows], arrays[f"{photo}_scores"][stored_rows], spec, f"{title} scores")
    spec = specs[f"{photo}_descriptors"]
    kept = grid(np.arange(len(keypoints))[None], spec["grid"])[0]
    of_row = dict(zip(stored_rows.tolist(), rows.tolist(), strict=True))
    columns = [column for column, row in enumerate(kept.tolist()) if row in of_row]
    actual = found.descriptors[[of_row[row] for row in kept[columns].tolist()]].T
    tolerance = {name: value for name, value in spec.items() if name != "grid"}
    assert_close(actual, arrays[f"{photo}_descriptors"][:, columns], tolerance, f"{title} descriptors")


def test_every_stage_and_keypoint_of_every_photo(fixture: Golden) -> None:
    for case, config in fixture.meta["config"].items():
        arrays, specs = fixture.arrays(f"{case}.npz"), fixture.meta["outputs"][f"{case}.npz"]
        extractor = build(fixture, config)
        for photo, image in photos(fixture, case):
            with recorded(extractor) as stages:
                features = extractor.extract(extractor.prepare(image)[None])[0]
            survivors = suppress_non_maxima(torch.tensor(stages["scoremap"])[None], config["nms_radius"])[0]
            for name in (name for name in specs if name.startswith(f"{photo}_")):
                stage, title = name.removeprefix(f"{photo}_"), f"{case}: {name}"
                if stage in stages:
                    assert list(stages[stage].shape) == specs[name]["full_shape"], title
                    assert_close(stages[stage], arrays[name], specs[name], title)
                elif stage == "nms_xy":
                    pairs(arrays[name], np.argwhere(survivors.numpy() > 0)[:, ::-1], title)
                else:
                    assert stage in ("keypoints", "scores", "descriptors"), f"nothing to hold {title} to"
            hold_rows(features, arrays, specs, photo, f"{case}: {photo}")


def test_suppression_and_selection_alone_are_exact(fixture: Golden) -> None:
    for case, config in fixture.meta["config"].items():
        arrays, specs = fixture.arrays(f"{case}.npz"), fixture.meta["outputs"][f"{case}.npz"]
        settings = build(fixture, config).settings
        for name, spec in specs.items():
            if name.endswith("_scoremap") and spec["shape"] == spec["full_shape"]:
                kept = suppress_non_maxima(torch.tensor(arrays[name])[None], settings.nms_radius)[0]
                keypoints, _ = select(kept, settings)
                assert pixels(keypoints.numpy()).keys() == pixels(arrays[f"{name[:-9]}_keypoints"]).keys()


def test_suppression_of_plateaus_and_ties(fixture: Golden) -> None:
    arrays = fixture.arrays("units.npz")
    for name, spec in fixture.meta["outputs"]["units.npz"].items():
        if match := re.fullmatch(r"nms_out_r(\d+)", name):
            kept = suppress_non_maxima(torch.tensor(arrays["nms_in"])[None], int(match[1]))[0]
            assert_close(kept.numpy(), arrays[name], spec, name)


def test_sampling_of_descriptors(fixture: Golden) -> None:
    arrays = fixture.arrays("units.npz")
    dense, keypoints = torch.tensor(arrays["sample_map"]), torch.tensor(arrays["sample_xy"]).float()
    sampled = sample_descriptors(dense, keypoints, "published")
    assert_close(sampled.numpy().T, arrays["sample_out"], fixture.meta["outputs"]["units.npz"]["sample_out"])


def test_selection_by_threshold_border_and_cap(fixture: Golden) -> None:
    arrays, specs = fixture.arrays("units.npz"), fixture.meta["outputs"]["units.npz"]
    match = re.search(r"\{.*\}", specs["select_in"]["what"])
    assert match, "the settings of the selection stand in its description"
    top = json.loads(match[0])
    for case, config in (("all", {**top, "max_keypoints": -1}), ("top", top)):
        settings = SuperPointSettings(**config)
        kept = suppress_non_maxima(torch.tensor(arrays["select_in"])[None], settings.nms_radius)[0]
        keypoints, scores = select(kept, settings)
        assert_close(keypoints.numpy(), arrays[f"select_{case}_xy"], specs[f"select_{case}_xy"])
        assert_close(scores.numpy(), arrays[f"select_{case}_scores"], specs[f"select_{case}_scores"])
