"""GeoWarp held to its fixture: encoder, local features, similarities, points, homographies, warps, scores."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import extractors
import matchers
from extractors import Features
from extractors.geowarp import GeoWarp as PhotoHalf
from matchers.geowarp import GeoWarp as PairHalf
from matchers.geowarp_network import homographies, similarity, warp
from networks.geowarp import GRID, network_input
from networks.seeded import seeded_state
from tests.parity.golden import Golden, assert_close, grid

Stages = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def fixture(golden: Callable[[str], Golden]) -> Golden:
    return golden("geowarp")


def variants(fixture: Golden) -> list[Mapping[str, Any]]:
    """Return the metas of all networks: the one at the top, and those under `variants`."""
    return [fixture.meta, *fixture.meta.get("variants", {}).values()]


def build(meta: Mapping[str, Any], **settings: Any) -> tuple[PhotoHalf, PairHalf]:
    """Build both halves; the state dicts of the two published files have keys of their own."""
    encoder, regression = (
        seeded_state(part["state_dict"], part["overrides"], part["scale"])
        for part in (meta, meta["homography_regression"])
    )
    joint = encoder | {f"regression.{key}": tensor for key, tensor in regression.items()}
    chosen = {name: meta["config"][name] for name in ("arch", "pooling")}
    return (
        extractors.build("geowarp", encoder, **chosen),
        matchers.build("geowarp", joint, **chosen, **settings),
    )


def arrays_of(fixture: Golden, meta: Mapping[str, Any]) -> Stages:
    files = {spec["file"] for spec in meta["outputs"].values()}
    assert len(files) == 1
    return fixture.arrays(files.pop())


def hold(found: np.ndarray, arrays: Stages, meta: Mapping[str, Any], name: str) -> None:
    """Hold an array to what is stored of it; where a share of values is given, to that share of them."""
    spec, stored = meta["outputs"][name], arrays[name]
    share = re.match(r"([\d.]+)% of values within tolerance", spec.get("compare", ""))
    if share is None:
        assert_close(found, stored, spec, name)
        return
    near = np.isclose(grid(found, spec["grid"]), stored, spec["rtol"], spec["atol"])
    assert near.mean() >= float(share[1]) / 100, name
    for value, statistic in ((found.mean(), "full_mean"), (found.std(), "full_std")):
        assert value == pytest.approx(spec[statistic], rel=1e-3, abs=1e-3), f"{name} {statistic}"


def extract(extractor: PhotoHalf, image: np.ndarray) -> Features:
    return extractor.extract(extractor.prepare(image)[None])[0]


def stages_of_photo(extractor: PhotoHalf, image: np.ndarray) -> Stages:
    photo = network_input(image)
    maps = extractor.network.encoder(photo[None])
    pooled = F.adaptive_avg_pool2d(maps, GRID)
    local = extract(extractor, image).dense["local"].transpose(2, 0, 1)
    return {"input": photo.numpy(), "encoder": maps[0].numpy(), "pooled": pooled[0].numpy(), "local": local}


def whole_descriptor(extractor: PhotoHalf, image: np.ndarray) -> np.ndarray:
    """Return what the encoder's pooling gives, by which the weights that re-ranking leaves out are proven."""
    maps = extractor.network.encoder(network_input(image)[None])
    if extractor.settings.pooling == "gem":
        return extractor.network.pool(maps)[0].numpy()
    sums = torch.cat([residuals.sum(dim=(2, 3)) for residuals in extractor.network.pool(maps[0])])
    return F.normalize(F.normalize(sums, dim=1).flatten(), dim=0).numpy()


def stages_of_pair(matcher: PairHalf, query: Features, candidate: Features) -> Stages:
    """Compare a pair, and return every stage by the fixture's names."""
    side0, side1 = matcher._side([query]), matcher._side([candidate])
    network = matcher.network
    there, back = similarity(side0.local, side1.local), similarity(side1.local, side0.local)
    corners = network.quadrilaterals(side0.local, side1.local)
    warped = [
        warp(side.photos, homographies(points)) for side, points in zip((side0, side1), corners, strict=True)
    ]
    stages = {"similarity_1to2": there[0], "similarity_2to1": back[0]}
    stages |= {"points_1to2": network.regression(there)[0], "points_2to1": network.regression(back)[0]}
    for letter, points, photo in zip("ab", corners, warped, strict=True):
        stages[f"points_{letter}"], stages[f"theta_{letter}"] = points[0], homographies(points)[0]
        stages[f"warped_{letter}"] = photo[0]
        stages[f"warped_local_{letter}"] = network.local_features(photo)[0]
    stages["score_unwarped"] = (side0.local * side1.local).sum()[None]
    arrays = {name: tensor.numpy() for name, tensor in stages.items()}
    return arrays | {"score": matcher.score(query, [candidate]).values}


def test_every_stage_of_every_photo_and_pair(fixture: Golden) -> None:
    for meta in variants(fixture):
        arrays = arrays_of(fixture, meta)
        with torch.inference_mode():
            extractor, matcher = build(meta)
            images = {
                owner: fixture.image(owner)
                for owner in {name.partition("/")[0] for name in meta["outputs"]}
                if owner.startswith("image")
            }
            stages = {owner: stages_of_photo(extractor, image) for owner, image in images.items()}
            photos = {owner: extract(extractor, image) for owner, image in images.items()}
            for name in meta["outputs"]:
                if pair := re.fullmatch(r"pair(\d)(\d)", name.partition("/")[0]):
                    query, candidate = (photos[f"image{number}"] for number in pair.groups())
                    owner = pair[0]
                    if owner not in stages:
                        stages[owner] = stages_of_pair(matcher, query, candidate)
                owner, _, stage = name.partition("/")
                if owner in stages:
                    hold(stages[owner][stage], arrays, meta, name)
            if "global" in meta["outputs"]:
                whole = [whole_descriptor(extractor, images[owner]) for owner in sorted(images)]
                hold(np.stack(whole), arrays, meta, "global")


def test_warps_of_given_corners(fixture: Golden) -> None:
    for meta in variants(fixture):
        arrays = arrays_of(fixture, meta)
        for owner in sorted({name.partition("/")[0] for name in arrays if name.startswith("warp_")}):
            described = meta["outputs"][f"{owner}/warped"]["what"]
            image = network_input(fixture.image(re.match(r"image\d+", described)[0]))
            theta = homographies(torch.from_numpy(arrays[f"{owner}/points"])[None])
            warped = warp(image[None], theta)[0].numpy()
            hold(theta[0].numpy(), arrays, meta, f"{owner}/theta")
            hold(warped, arrays, meta, f"{owner}/warped")
            corner = arrays[f"{owner}/top_left"].shape[1:]
            hold(warped[:, : corner[0], : corner[1]], arrays, meta, f"{owner}/top_left")


def test_candidates_are_reordered(fixture: Golden) -> None:
    for meta in (meta for meta in variants(fixture) if "rerank/before" in meta["outputs"]):
        arrays, outputs = arrays_of(fixture, meta), meta["outputs"]
        first_n = int(re.search(r"(\d+) of them re-ranked", outputs["rerank/before"]["what"])[1])
        asked = re.search(r"the query is (image\d+)", outputs["rerank/gallery_images"]["what"])[1]
        extractor, matcher = build(meta, first_n=first_n)
        numbers = arrays["rerank/gallery_images"].tolist()
        photos = {number: extract(extractor, fixture.image(f"image{number}")) for number in set(numbers)}
        query = extract(extractor, fixture.image(asked))
        for before, after in zip(arrays["rerank/before"], arrays["rerank/after"], strict=True):
            candidates = [photos[numbers[entry]] for entry in before]
            order = np.argsort(-matcher.score(query, candidates).values, kind="stable")
            # entries that show the same photo score alike, in whatever order they come
            assert [numbers[entry] for entry in before[order]] == [numbers[entry] for entry in after]
            np.testing.assert_array_equal(before[order][first_n:], after[first_n:])
