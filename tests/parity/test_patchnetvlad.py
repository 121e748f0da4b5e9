"""Patch-NetVLAD held to its fixture: maps, windows, descriptors, resizing, and scored pairs.

Arrays are named `imageN/STAGE` and `pairAB/STAGE`; tolerances stand under `outputs`, in patterns, and
`tolerances`. What is in words only is repeated in the constants.
"""

import fnmatch
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch

import extractors
import matchers
from extractors import Features
from extractors.patchnetvlad import PatchNetVLAD
from extractors.patchnetvlad_network import uncompressed
from matchers.levels import Levels
from matchers.mutual import match_candidates
from tests.parity.golden import Golden, assert_close
from tests.parity.photos import rows

ENCODER = {"pool1": 4, "pool2": 9, "pool3": 16, "pool4": 23}  # layers of the encoder
CLEAR_MARGIN = 1e-4  # closer rivals may win
ANOTHER_SIZE = (333, 777)  # of the photo as taken: scores are measured in the resized one

Stages = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def fixture(golden: Callable[[str], Golden]) -> Golden:
    return golden("patchnetvlad")


def build(fixture: Golden, scale: Mapping[str, float] | None = None, **settings: Any) -> PatchNetVLAD:
    """Build the fixture's network; vladv2 and strides have no other values that work."""
    config = fixture.meta["config"]
    names = ("num_pcs", "resize_h", "resize_w", "return_pca")
    given = {name: config[name] for name in names} | {"patch_sizes": config["patch_sizes"].split(",")}
    state = fixture.state({} if scale is None else {"scale": scale})
    assert not config["vladv2"] and set(config["strides"].split(",")) == {"1"}
    assert len(state["pool.centroids"]) == config["clusters"]
    return extractors.build("patchnetvlad", state, **{**given, **settings})


def spec_of(fixture: Golden, file: str, name: str) -> dict[str, Any]:
    """Return the tolerance and the grid of an array; an exact one has the grid of the published one."""
    named = fixture.meta["outputs"]["NAMES"]
    stage = re.sub(r"^image\d+/", "", re.sub(r"^pair\d\d/", "pair0N/", name))
    pattern = re.sub(r"(matches|margin|vlad_local)\d", r"\1{level}", stage)
    if stage.endswith("_stats"):
        return dict(named.get(stage, named["pool1_stats"]))
    published = named.get(pattern.removesuffix("_exact"), {})
    special = (
        spec for wanted, spec in fixture.meta["tolerances"].items() if matches_name(wanted, file, name)
    )
    return {"grid": published.get("grid"), **named.get(pattern, {}), **next(special, {})}


def matches_name(pattern: str, file: str, name: str) -> bool:
    return fnmatch.fnmatch(f"{file}/{name}" if ".npz/" in pattern else name, pattern)


@contextmanager
def recorded(extractor: PatchNetVLAD) -> Iterator[Stages]:
    """Record what passes through the encoder and the assignment while a photo is extracted."""
    stages: Stages = {}
    network = extractor.network

    def keep(name: str) -> Callable[..., None]:
        return lambda _module, _inputs, output: stages.update({name: output[0].numpy().copy()})

    hooks = [
        *(network.encoder[layer].register_forward_hook(keep(name)) for name, layer in ENCODER.items()),
        network.encoder.register_forward_pre_hook(
            lambda _, inputs: stages.update(input=inputs[0][0].numpy())
        ),
        network.encoder.register_forward_hook(keep("conv5_3")),
        network.pool.conv.register_forward_hook(keep("assign_logits")),
    ]
    try:
        yield stages
    finally:
        for hook in hooks:
            hook.remove()


def with_statistics(stages: Stages) -> Stages:
    """Add size, mean and sample deviation of all stages; the input's without its three channels."""
    statistics = {
        f"{name}_stats": np.array(
            [*whole.shape, whole.mean(dtype=np.float64), whole.std(dtype=np.float64, ddof=1)]
        )
        for name, whole in stages.items()
    }
    statistics["input_stats"] = statistics["input_stats"][1:]
    return {**stages, **statistics}


def vlads(extractor: PatchNetVLAD, features: np.ndarray, levels: np.ndarray) -> Stages:
    """Return the descriptors before the PCA, (dimension, patch) of each level and of the whole photo."""
    settings = extractor.settings
    with torch.inference_mode():
        parts = extractor.network.parts(torch.tensor(features), settings.patch_sizes, settings.pooling)
        patches = uncompressed(parts).T.numpy()
    found = {f"vlad_local{level}": patches[:, :-1][:, levels == level] for level in np.unique(levels)}
    return {**found, "vlad_global": patches[:, -1]}


def computed(extractor: PatchNetVLAD, image: np.ndarray) -> Stages:
    """Return all stages of a photo under the fixture's names, those stored as exact twice."""
    prepared = extractor.prepare(image)
    with recorded(extractor) as stages:
        features = extractor.extract(prepared[None], [image.shape[:2]])[0]
    stages = with_statistics(stages) | vlads(extractor, stages["conv5_3"], features.levels)
    stages["global"], stages["descriptors"] = features.global_descriptor, features.descriptors.T
    stages["keypoints"], stages["levels"] = features.in_frame().keypoints, features.levels
    stages["descriptors_every4th"] = stages["descriptors"]
    return {**stages, **{f"{name}_exact": whole for name, whole in stages.items()}}


@pytest.mark.parametrize("pooling", ["direct", "integral"])
def test_every_stage_of_every_photo(fixture: Golden, pooling: str) -> None:
    """Running sums reproduce what was published only, not its exact version."""
    extractor = build(fixture, pooling=pooling)
    arrays = fixture.arrays("default.npz")
    for photo in sorted({name.partition("/")[0] for name in arrays if name.startswith("image")}):
        stages = computed(extractor, fixture.image(photo))
        for name in (name for name in arrays if name.startswith(f"{photo}/")):
            if name.endswith("_exact") and pooling == "integral":
                continue
            spec = spec_of(fixture, "default.npz", name)
            whole = stages[name.partition("/")[2]]
            if name.endswith("/keypoints"):
                np.testing.assert_allclose(whole, arrays[name], atol=1e-3)  # were rounded, and came back
                whole = np.round(whole)
            assert_close(whole, arrays[name], spec, name)


def test_sharp_assignments_are_exact(fixture: Golden) -> None:
    about = fixture.meta["outputs"].get("sharp.npz")
    if about is None:
        pytest.skip("this fixture has no sharp assignment")
    photo = re.search(r"image\d+", about["what"])[0]
    image = fixture.image(photo)
    stages = computed(build(fixture, about["scale"]), image)
    for name, stored in fixture.arrays("sharp.npz").items():
        if name.endswith("_exact"):
            spec = {**spec_of(fixture, "sharp.npz", name), "grid": about["grid"]}
            assert_close(stages[name.rpartition("/")[2]], stored, spec, name)


def test_resizing_with_and_without_antialias(fixture: Golden) -> None:
    about = fixture.meta["outputs"].get("preprocess.npz")
    if about is None:
        pytest.skip("this fixture has no resized photos")
    arrays = fixture.arrays("preprocess.npz")
    image = fixture.image(re.search(r"image\d+", about["what"])[0])
    for name in (name for name in arrays if not name.endswith("_stats")):
        height, width, how = re.fullmatch(r"(\d+)x(\d+)_(plain|antialias)", name).groups()
        extractor = build(fixture, resize_h=height, resize_w=width, antialias=how == "antialias")
        prepared = extractor.prepare(image).numpy()
        assert_close(prepared, arrays[name], about, name)
        statistics = np.array([prepared.mean(dtype=np.float64), prepared.std(dtype=np.float64, ddof=1)])
        assert_close(statistics, arrays[f"{name}_stats"], {**about, "grid": None}, f"{name}_stats")


def margins(similarity: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Return how far each pair is more similar than the nearest rival in its row or column."""
    best = similarity[tuple(pairs.T)]
    alone = similarity.copy()
    alone[tuple(pairs.T)] = -np.inf
    return best - np.maximum(alone.max(axis=1)[pairs[:, 0]], alone.max(axis=0)[pairs[:, 1]])


def hold_matches(query: np.ndarray, candidate: np.ndarray, fixture: Golden, pair: str, part: str) -> None:
    """Hold the clear ones of the stored matches, and the margins of those shared."""
    arrays = fixture.arrays("default.npz")
    stored, margin = arrays[f"{pair}/matches{part}"], arrays[f"{pair}/margin{part}"]
    found = rows(match_candidates(query, [candidate])[0].indices)
    clear = margin > CLEAR_MARGIN
    assert rows(stored[clear]) <= found, f"{pair} {part}"
    assert len(found) <= len(stored) + 2 * np.count_nonzero(~clear), f"{pair} {part}"
    shared = np.array([tuple(row) in found for row in stored.tolist()])
    computed_margin = margins(query @ candidate.T, stored[shared])
    spec = spec_of(fixture, "default.npz", f"{pair}/margin{part}")
    assert_close(computed_margin, margin[shared], spec, f"{pair} {part}")


def hold_score(values: Any, fixture: Golden, name: str) -> None:
    """Hold scores to array `name`, where smaller is better."""
    stored, spec = fixture.arrays("default.npz")[name], spec_of(fixture, "default.npz", name)
    assert_close(-np.asarray(values), stored, spec, name)


def hold_scores(query: Features, candidate: Features, fixture: Golden, pair: str) -> None:
    """Hold the scores by each level and together, of both scorers and both who published them."""
    config = fixture.meta["config"]
    weights, published = config["pair weights"], fixture.meta["outputs"]["NAMES"]["pair0N/published_RANSAC"]
    threshold = float(re.search(r"threshold (\d+)", published["what"])[1])
    ransac = {"normalise": "query_features", **config["pair ransac"]}
    by_authors = {**ransac, "ransacReprojThreshold": threshold, "few_matches": "zero"}
    joint, weighted, by_grid = (
        matchers.build("rapid", variant=variant, level_weights=weights)
        for variant in ("joint", "weighted", "published")
    )
    levels = Levels("the test", weights, "weighted")
    parts = list(zip(levels.split(query), levels.split(candidate), strict=True))
    scorers = {
        "ransac_per_level": matchers.build("ransac", **ransac).score,
        "published_RANSAC": matchers.build("ransac", **by_authors).score,
        "rapid_per_level": weighted.score_level,
        "published_spatialApproximator": by_grid.score_level,
    }
    for name, score in scorers.items():
        per_level = [score(of_query, [of_candidate]).values[0] for of_query, of_candidate in parts]
        hold_score(per_level, fixture, f"{pair}/{name}")
    fused = matchers.build("ransac", levels="weighted", level_weights=weights, **ransac)
    for name, scorer in {"ransac": fused, "rapid": joint, "rapid_multi": weighted}.items():
        hold_score(scorer.score(query, [candidate]).values[0], fixture, f"{pair}/{name}")


def test_matches_and_scores_of_pairs(fixture: Golden) -> None:
    extractor = build(fixture)
    pairs = {name.partition("/")[0] for name in fixture.arrays("default.npz") if name.startswith("pair")}
    found = {
        number: extractor.extract(extractor.prepare(fixture.image(f"image{number}"))[None], [ANOTHER_SIZE])[0]
        for number in {number for pair in pairs for number in pair[-2:]}
    }
    for pair in sorted(pairs):
        query, candidate = (found[number] for number in pair[-2:])
        hold_matches(query.descriptors, candidate.descriptors, fixture, pair, "_joint")
        for level in range(len(extractor.settings.patch_sizes)):
            parts = (photo.descriptors[photo.levels == level] for photo in (query, candidate))
            hold_matches(*parts, fixture, pair, str(level))
        hold_scores(query, candidate, fixture, pair)
