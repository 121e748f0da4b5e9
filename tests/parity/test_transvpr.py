"""TransVPR held to its fixture: input, maps, tokens, blocks, attention, selection, matched pairs.

Which grid of an array is stored, how photos are cut, and how sets may differ stand in words in
meta.json; they are read from there, and repeated in the constants.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

import extractors
import matchers
from extractors import Features
from extractors.transvpr import TransVPR, merge
from matchers.ransac import Ransac
from tests.parity.golden import Golden, assert_close, grid

SHARED = 0.95  # of the matches of either side
INLIERS = 1  # how far counts of inliers may lie outside the range over the orders of the matches
ENOUGH = 40  # matches, from which pairs have enough true ones for their inliers to be compared
CORNER_PX = 0.5  # the fixture's pixels have their corners at integers, the record's their centres

Stages = dict[str, np.ndarray]
Place = tuple[int, int]


@pytest.fixture(scope="module")
def fixture(golden: Callable[[str], Golden]) -> Golden:
    return golden("transvpr")


def build(fixture: Golden, config: Mapping[str, Any]) -> TransVPR:
    known = {item.name for item in fields(TransVPR.Settings)}
    return extractors.build(
        "transvpr", fixture.state(), **{name: value for name, value in config.items() if name in known}
    )


def ransac(config: Mapping[str, Any]) -> Ransac:
    assert config["scorer"] == "RANSAC"
    names = ("ransacReprojThreshold", "ransacIter", "match_threshold")
    return matchers.build("ransac", normalise="query_features", **{name: config[name] for name in names})


def photo(fixture: Golden, name: str) -> np.ndarray:
    """Return a photo, cut where the fixture's description of its name says so."""
    cut = re.search(
        rf"\b{name} is (\w+) cropped to columns (\d+)\.\. and rows (\d+)\.\.",
        fixture.meta["config"]["images"],
    )
    if cut is None:
        return fixture.image(name)
    return fixture.image(cut[1])[int(cut[3]) :, int(cut[2]) :]


def spec_of(fixture: Golden, stage: str, letters: Mapping[str, int]) -> dict[str, Any]:
    """Return the tolerance of a stage, and the grid that its description gives in letters."""
    outputs = fixture.meta["outputs"]
    spec = dict(outputs[stage] if stage in outputs else outputs["*_mean_std"])
    if found := re.search(r"\)(\[[^]]+\])", spec["what"]):
        spec["grid"] = re.sub("[a-z]", lambda letter: str(letters[letter[0]]), found[1])
    return spec


@contextmanager
def recorded(extractor: TransVPR) -> Iterator[Stages]:
    """Record what passes through the network while a photo is extracted."""
    stages: Stages = {}
    network = extractor.network

    def keep(name: str) -> Callable[..., None]:
        return lambda _module, _inputs, output: stages.update({name: output[0].numpy().copy()})

    hooks = [
        network.register_forward_pre_hook(lambda _, inputs: stages.update(input=inputs[0][0].numpy())),
        *(network.get_submodule(f"conv{n}").register_forward_hook(keep(f"map{n}")) for n in range(1, 5)),
        network.transformer.register_forward_pre_hook(
            lambda _, inputs: stages.update(tokens=inputs[0][0].numpy())
        ),
        network.transformer.blocks[0].register_forward_hook(keep("block0")),
        network.transformer.register_forward_hook(keep("layers")),
        network.pool.register_forward_hook(
            lambda _, __, output: stages.update(
                attention=output[0][0].numpy(), mask=merge(output[0])[0].numpy()
            )
        ),
    ]
    try:
        yield stages
    finally:
        for hook in hooks:
            hook.remove()


def places(features: Features) -> dict[Place, int]:
    """Return the row of each keypoint by its place in the frame, in the fixture's convention."""
    keypoints = features.in_frame().keypoints + CORNER_PX
    np.testing.assert_allclose(keypoints, np.round(keypoints), atol=1e-3)
    return {(int(x), int(y)): row for row, (x, y) in enumerate(np.round(keypoints))}


def hold_selection(
    found: Features, arrays: Stages, fixture: Golden, name: str, case: Mapping[str, Any]
) -> None:
    """Hold keypoints as sets, but for patches whose attention is near the threshold; then descriptors."""
    here = places(found)
    stored = [(int(x), int(y)) for x, y in arrays[f"{name}.keypoints"]]
    mask, threshold = arrays[f"{name}.mask"], case["config"]["threshold"]
    near = np.abs(mask - threshold) <= fixture.meta["outputs"]["mask"]["atol"]
    columns = case["config"]["resize"][1] // 16
    doubtful = {(16 * (p % columns) + 8, 16 * (p // columns) + 8) for p in np.flatnonzero(near).tolist()}
    assert here.keys() ^ set(stored) <= doubtful, name

    spec = spec_of(fixture, "descriptors", case["grid"])
    described = grid(np.arange(len(stored)), spec.pop("grid"))
    shared = [(k, here[stored[row]]) for k, row in enumerate(described.tolist()) if stored[row] in here]
    ours, theirs = (np.array(rows) for rows in zip(*((here_, k) for k, here_ in shared), strict=True))
    assert_close(found.descriptors[ours], arrays[f"{name}.descriptors"][theirs], spec, f"{name} descriptors")


def hold_pair(
    query: Features, candidate: Features, arrays: Stages, fixture: Golden, name: str, case: Mapping[str, Any]
) -> None:
    """Hold matches as sets, similarities through the pairs, and inliers where there are enough."""
    scorer = ransac(case["config"])
    found, scores = scorer.match(query, candidate), scorer.score(query, [candidate])
    of_row0, of_row1 = (list(places(features)) for features in (query, candidate))
    here = {(*of_row0[i], *of_row1[j]): (i, j) for i, j in found.indices.tolist()}
    stored = [tuple(row) for row in arrays[f"{name}.matches"].tolist()]
    shared = [row for row in stored if row in here]
    assert len(shared) >= SHARED * max(len(stored), len(here)), name

    first, second = np.array([here[row] for row in shared]).T
    similarity = np.sum(query.descriptors[first] * candidate.descriptors[second], axis=1)
    expected = arrays[f"{name}.similarity"][[stored.index(row) for row in shared]]
    assert_close(similarity, expected, spec_of(fixture, "pairAB.similarity", {}), name)

    inliers = int(arrays[f"{name}.inliers"])
    assert float(arrays[f"{name}.score"]) == pytest.approx(-inliers / len(query), rel=0.02)
    if len(stored) >= ENOUGH:
        low, high = fixture.meta["facts"][f"{case['name']}.{name}"]["inliers_in_20_match_orders"]
        assert low - INLIERS <= found.inliers.sum() <= high + INLIERS, name
        assert scores.values[0] == pytest.approx(found.inliers.sum() / len(query))


def test_every_stage_selection_and_pair(fixture: Golden) -> None:
    for file, case in fixture.meta["files"].items():
        arrays, case = fixture.arrays(file), {**case, "name": file.removesuffix(".npz")}
        extractor = build(fixture, case["config"])
        names = sorted({name.partition(".")[0] for name in arrays if name.startswith("image")})
        found: dict[str, Features] = {}
        for name in names:
            pixels = photo(fixture, name)
            with recorded(extractor) as stages:
                prepared = extractor.prepare(pixels)
                found[name] = extractor.extract(prepared[None], [pixels.shape[:2]])[0]
            stages["global"] = found[name].global_descriptor
            stages |= {f"{stage}_mean_std": mean_std(whole) for stage, whole in stages.items()}
            of_photo = [key for key in arrays if key.startswith(f"{name}.")]
            for key in of_photo:
                stage = key.partition(".")[2]
                if stage not in ("keypoints", "descriptors"):
                    assert_close(stages[stage], arrays[key], spec_of(fixture, stage, case["grid"]), key)
            hold_selection(found[name], arrays, fixture, name, case)
        for pair in sorted({name.partition(".")[0] for name in arrays if name.startswith("pair")}):
            first, second = re.fullmatch(r"pair(\d)(\d\w*)", pair).groups()
            hold_pair(found[f"image{first}"], found[f"image{second}"], arrays, fixture, pair, case)


def mean_std(whole: np.ndarray) -> np.ndarray:
    return np.array([whole.mean(dtype=np.float64), whole.std(dtype=np.float64)])
