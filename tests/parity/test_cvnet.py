"""CVNet held to its fixture: inputs, stages, descriptors, maps, correlations, 4-D blocks, scores.

How photos are cut stands in words in meta.json, and is read from there.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import pytest
import torch

import extractors
import matchers
from extractors import Features
from extractors.cvnet import CVNet as PhotoHalf
from matchers.cvnet import CVNet as PairHalf
from matchers.cvnet_network import correlate
from networks.cvnet import KEYS, LEVELS
from tests.parity.golden import Golden, assert_close

Stages = dict[str, np.ndarray]
PHOTO_SETTINGS = ("MODEL_DEPTH", "MODEL_HEADS_REDUCTION_DIM", "TEST_SCALE_LIST")


@pytest.fixture(scope="module")
def fixture(golden: Callable[[str], Golden]) -> Golden:
    return golden("cvnet")


def build(fixture: Golden, config: Mapping[str, Any]) -> tuple[PhotoHalf, PairHalf]:
    """Build both halves from one state, that of the published file."""
    assert config["scales_of_the_correlation"] == list(LEVELS.values())
    state = fixture.state()
    chosen = {name: config[name] for name in PHOTO_SETTINGS}
    return (
        extractors.build("cvnet", state, **chosen),
        matchers.build("cvnet", state, rerank_weight=config["rerank_weight"]),
    )


def photo(fixture: Golden, name: str) -> np.ndarray:
    """Return a photo, cut where the fixture's description of its name says so."""
    cut = re.search(
        rf"\b{name} is (\w+) cropped to columns (\d+)\.\. and rows (\d+)\.\.",
        fixture.meta["config"]["images"],
    )
    if cut is None:
        return fixture.image(name)
    return fixture.image(cut[1])[int(cut[3]) :, int(cut[2]) :]


def hold(stages: Stages, arrays: Stages, owner: str, fixture: Golden) -> None:
    """Hold every stage that is stored of a photo or a pair, and the statistics of the whole arrays."""
    outputs = fixture.meta["outputs"]
    for key in (key for key in arrays if key.startswith(f"{owner}.")):
        stage = key.partition(".")[2]
        if stage.endswith("_mean_std"):
            spec, whole = outputs["*_mean_std"], stages[stage.removesuffix("_mean_std")]
            axes = tuple(range(1, whole.ndim)) if arrays[key].ndim == 2 else None  # by channel, or of all
            found = np.array([whole.mean(axes, np.float64), whole.std(axes, np.float64)])
        else:
            spec = outputs[re.sub(r"^(input|compressed)\d", r"\1K", stage)]
            found = stages[stage]
        assert_close(found, arrays[key], spec, key)


@contextmanager
def recorded(network: torch.nn.Module, names: Iterable[str]) -> Iterator[dict[str, list[Any]]]:
    """Record what submodules give, call by call, and what the network is given as "inputs"."""
    taken: dict[str, list[Any]] = {}

    def keep(name: str) -> Callable[..., None]:
        return lambda _module, _inputs, output: taken.setdefault(name, []).append(output)

    hooks = [network.get_submodule(name).register_forward_hook(keep(name)) for name in names]
    try:
        yield taken
    finally:
        for hook in hooks:
            hook.remove()


def stages_of_photo(extractor: PhotoHalf, image: np.ndarray) -> tuple[Stages, Features]:
    """Extract a photo, and return every stage by the fixture's names."""
    stem, *blocks = ("stem", "s1", "s2", "s3", "s4")
    encoder = extractor.network.encoder_q
    of_level = [f"conv2ds.{number}" for number in range(len(LEVELS))]
    prepared = extractor.prepare(image)[None]
    with (
        recorded(encoder, ("", stem, *blocks, "head.pool", "head.fc")) as taken,
        recorded(extractor.network, of_level) as compressed,
    ):
        features = extractor.extract(prepared)[0]
    scales = list(extractor.settings.scales)
    order = list(dict.fromkeys((1.0, *scales)))  # of the passes, the first of which is of scale 1
    stages = {name: taken[name][0] for name in (stem, *blocks)}
    stages |= {name: stages[name].clamp(min=0) for name in blocks}
    stages |= {"featuremap": taken[""][0][0], "gem": taken["head.pool"][0], "whitened": taken["head.fc"][0]}
    stages |= {f"compressed{level}": compressed[name][0] for level, name in enumerate(of_level)}
    arrays = {name: tensor[0].numpy() for name, tensor in stages.items()}
    arrays["global_per_scale"] = np.stack([taken[""][order.index(scale)][1][0] for scale in scales])
    arrays["global"] = features.global_descriptor
    for number, scale in enumerate(scales):
        arrays[f"input{number}"] = extractor.network_input(prepared.numpy(), scale)[0].numpy()
        arrays[f"input{number}_size"] = np.array(arrays[f"input{number}"].shape[1:])
    return arrays, features


def stages_of_pair(matcher: PairHalf, query: Features, candidate: Features) -> Stages:
    """Score a pair, and return every stage by the fixture's names, channels first."""
    blocks = ("block1", "block2", "block3", "block4")
    last = ("block1.2", *blocks[1:])  # the first block is not called as a whole
    side0, side1 = (matcher._side(photo) for photo in (query, candidate))
    correlation = correlate(side0.flatten(0, 1), side1).unflatten(0, side0.shape[:2])
    with recorded(matcher.network.cv_learner, (*last, "mlp")) as taken:
        value = matcher.score(query, [candidate]).values[0]
    stages = {
        name: taken[module][0][0].permute(4, 0, 1, 2, 3) for name, module in zip(blocks, last, strict=True)
    }
    stages |= {"correlation": correlation.permute(2, 0, 1, 3, 4), "logits": taken["mlp"][0][0]}
    stages["rerank"] = stages["logits"].softmax(dim=0)[1]
    arrays = {name: tensor.numpy() for name, tensor in stages.items()}
    global_score = query.global_descriptor @ candidate.global_descriptor
    return arrays | {"global_score": np.array(global_score), "score": np.array(-value)}


def test_every_stage_of_every_photo_and_pair(fixture: Golden) -> None:
    for file, case in fixture.meta["files"].items():
        arrays = fixture.arrays(file)
        extractor, matcher = build(fixture, case["config"])
        owners = sorted({key.partition(".")[0] for key in arrays})
        found: dict[str, Features] = {}
        for name in (owner for owner in owners if not owner.startswith("pair_")):
            stages, found[name] = stages_of_photo(extractor, photo(fixture, name))
            hold(stages, arrays, name, fixture)
        for pair in (owner for owner in owners if owner.startswith("pair_")):
            query, candidate = (found[f"image{name}"] for name in pair.split("_")[1:])
            hold(stages_of_pair(matcher, query, candidate), arrays, pair, fixture)


def test_every_key_of_the_file_belongs_to_one_half(fixture: Golden) -> None:
    for key in fixture.meta["state_dict"]:
        owners = [half for half, patterns in KEYS.items() if any(fnmatchcase(key, p) for p in patterns)]
        assert len(owners) == 1, key
