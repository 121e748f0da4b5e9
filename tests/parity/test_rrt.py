"""RRT held to its fixture: slots, scale rows, tokens, layers, logits of all pairs, ranking."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import matchers
from extractors import Features
from matchers.rrt import Rrt
from matchers.rrt_network import Side, scale_rows
from tests.parity.golden import Golden, assert_close

FILE = "outputs.npz"
BEFORE_LOCALS = 2  # tokens: CLS, a global one
INPUTS = ("global", "locations", "scales", "descriptors", "scores", "size")
UNUSED = ("positions",)  # which the published data set makes, and the model does not read

Arrays = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def fixture(golden: Callable[[str], Golden]) -> Golden:
    return golden("rrt")


@pytest.fixture(scope="module")
def rrt(fixture: Golden) -> Rrt:
    config = fixture.meta["config"]
    names = ("d_global", "d_model", "nhead", "num_encoder_layers", "dim_feedforward", "max_sequence_len")
    return matchers.build("rrt", fixture.state(), **{name: config[name] for name in names})


@pytest.fixture(scope="module")
def photos(fixture: Golden) -> dict[str, Features]:
    arrays = fixture.arrays(FILE)
    return {name[2]: photo(arrays, name[:3]) for name in arrays if re.fullmatch(r"im\d_global", name)}


def photo(arrays: Arrays, name: str) -> Features:
    width, height = arrays[f"{name}_size"].tolist()
    return Features(
        (height, width),
        keypoints=arrays[f"{name}_locations"][:, ::-1],
        descriptors=arrays[f"{name}_descriptors"],
        scores=arrays[f"{name}_scores"],
        scales=arrays[f"{name}_scales"],
        global_descriptor=arrays[f"{name}_global"],
    )


def without_locals(features: Features) -> Features:
    rows = {name: array[:0] for name, array in features.per_keypoint().items()}
    return Features(features.image_size, **rows, global_descriptor=features.global_descriptor)


def hold(fixture: Golden, name: str, whole: Any) -> None:
    assert_close(np.asarray(whole), fixture.arrays(FILE)[name], fixture.meta["outputs"][name], name)


def test_what_a_photo_gives(fixture: Golden, rrt: Rrt, photos: dict[str, Features]) -> None:
    for number, features in photos.items():
        side = rrt._side(features)
        slots = np.arange(fixture.meta["config"]["max_sequence_len"])
        count = side.descriptors.shape[1]
        hold(fixture, f"im{number}_mask", slots >= count)
        rows = np.zeros(len(slots), np.int32)
        rows[:count] = side.scale_rows[0].numpy()
        hold(fixture, f"im{number}_scale_index", rows)
        with torch.inference_mode():
            hold(fixture, f"im{number}_global_token", rrt.network.global_token(side.whole)[0])


def test_scales_of_the_list_give_the_rows_that_are_stored(fixture: Golden) -> None:
    arrays = fixture.arrays(FILE)
    for name in [name for name in arrays if name.endswith("_scale_index")]:
        scales = arrays[name.replace("scale_index", "scales")]
        stored = arrays[name][: len(scales)]
        in_double = scale_rows(torch.from_numpy(scales.astype(np.float64).round(4)))
        np.testing.assert_array_equal(in_double[: len(stored)].numpy(), stored)


def test_tokens_and_layers_of_every_pair(fixture: Golden, rrt: Rrt, photos: dict[str, Features]) -> None:
    arrays = fixture.arrays(FILE)
    for name in [name.removesuffix("_rows") for name in arrays if name.endswith("_rows")]:
        query, gallery = (rrt._side(photos[number]) for number in name.removeprefix("pair"))
        with torch.inference_mode():
            tokens = rrt.network.tokens(query, gallery)[0][0].numpy()
            outputs = outputs_of_layers(rrt, query, gallery)
        rows = without_padding(arrays[f"{name}_rows"], query.descriptors.shape[1], fixture)
        hold(fixture, f"{name}_tokens", tokens[rows])
        hold(fixture, f"{name}_cls", np.stack([output[0] for output in outputs]))
        for layer in [key for key in arrays if re.fullmatch(rf"{name}_layer\d+", key)]:
            hold(fixture, layer, outputs[int(layer.rpartition("layer")[2]) - 1][rows])


def outputs_of_layers(rrt: Rrt, query: Side, gallery: Side) -> list[np.ndarray]:
    """Return what each encoder layer gives of a pair, the last one of CLS alone."""
    outputs: list[np.ndarray] = []
    hooks = [
        layer.register_forward_hook(lambda _module, _inputs, output: outputs.append(output[0].numpy()))
        for layer in rrt.network.encoder.layers
    ]
    rrt.network(query, gallery)
    for hook in hooks:
        hook.remove()
    return outputs


def without_padding(rows: np.ndarray, query_locals: int, fixture: Golden) -> np.ndarray:
    """Return where stored rows of the padded sequence lie in one whose query is not padded."""
    slots = fixture.meta["config"]["max_sequence_len"]
    return np.where(rows < BEFORE_LOCALS + slots, rows, rows - slots + query_locals)


def test_logits_of_all_ordered_pairs(fixture: Golden, rrt: Rrt, photos: dict[str, Features]) -> None:
    gallery = list(photos.values())
    logits = np.stack([rrt.score(query, gallery).values for query in gallery])
    hold(fixture, "logits", logits)
    hold(fixture, "ranking", np.argsort(-logits[0], kind="stable"))


def test_logits_of_padded_batches(fixture: Golden, rrt: Rrt, photos: dict[str, Features]) -> None:
    sides = [rrt._side(features) for features in photos.values()]
    with torch.inference_mode():
        hold(fixture, "logits", np.stack([rrt._logits(query, sides) for query in sides]))


def test_logits_without_local_features(fixture: Golden, rrt: Rrt, photos: dict[str, Features]) -> None:
    whole, bare = photos["0"], without_locals(photos["0"])
    found = [rrt.score(*pair).values[0] for pair in ((whole, [bare]), (bare, [whole]))]
    hold(fixture, "logits_no_local", np.array(found))


def test_no_array_is_left_out(fixture: Golden) -> None:
    held = ("mask", "scale_index", "global_token", "rows", "tokens", "cls", "logits", "logits_no_local")
    known = (*INPUTS, *UNUSED, *held, "ranking")
    names = [re.sub(r"^(im\d|pair\d\d)_", "", name) for name in fixture.arrays(FILE)]
    assert all(name in known or re.fullmatch(r"layer\d+", name) for name in names)
