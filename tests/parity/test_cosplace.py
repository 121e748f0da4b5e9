"""CosPlace held to its fixture: input, maps, pooling and descriptors of every variant, and candidates."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import retrieval
from data.datasets import open_dataset
from retrieval.candidates import check_candidates, labels_from_names, read_candidates
from retrieval.cosplace import CosPlace
from retrieval.index import Block, search
from retrieval.retrieve import retrieve
from tests.parity.golden import Golden, assert_close

Variant = Mapping[str, Any]


@pytest.fixture(scope="module")
def fixture(golden: Callable[[str], Golden]) -> Golden:
    return golden("cosplace")


def variant_of(fixture: Golden, name: str) -> Variant:
    """Return a variant, with an "as NAME" state dict filled in; the top level for names of none."""
    variant = fixture.meta.get("variants", {}).get(name, fixture.meta)
    shapes = variant["state_dict"]
    if isinstance(shapes, str):
        shapes = variant_of(fixture, shapes.removeprefix("as "))["state_dict"]
    return {**variant, "state_dict": shapes}


def build(fixture: Golden, variant: Variant) -> CosPlace:
    """Build a variant, its exponent of the pooling left to the weights."""
    config = dict(variant["config"])
    gem_p = config.pop("gem_p")
    retriever = retrieval.build("cosplace", weights=fixture.state(variant), **config)
    assert retriever.network.aggregation[1].p.item() == np.float32(gem_p)
    return retriever


def layer_after(retriever: CosPlace, name: str) -> int | None:
    """Return how many layers of the backbone lead to the map called `name`; None when it is no map."""
    if name == "stem":
        return 4
    if match := re.fullmatch(r"layer(\d)", name):
        return 4 + int(match[1])
    if match := re.fullmatch(r"conv(\d)_(\d)", name):
        block, position = int(match[1]), int(match[2])
        return position_in_vgg16(retriever, block, position)
    return None


def position_in_vgg16(retriever: CosPlace, block: int, position: int) -> int:
    """Count layers up to convolution `position` of `block` (from 1), with the ReLU after it if any."""
    blocks = convolutions = 0
    layers = list(retriever.network.backbone)
    for index, layer in enumerate(layers):
        if isinstance(layer, torch.nn.MaxPool2d):
            blocks, convolutions = blocks + 1, 0
        if isinstance(layer, torch.nn.Conv2d):
            convolutions += 1
            if (blocks + 1, convolutions) == (block, position):
                return min(index + 2, len(layers))
    raise AssertionError(f"no conv{block}_{position}")


def stages(retriever: CosPlace, photo: np.ndarray, names: list[str]) -> dict[str, np.ndarray]:
    """Compute the named stages of one photo."""
    prepared = retriever.prepare(photo)
    network = retriever.network
    found = {"input": prepared.numpy()}
    with torch.inference_mode():
        maps = network.backbone(prepared[None])
        normalised = network.aggregation[0](maps)
        found["l2"] = normalised[0].numpy()
        pooled = network.aggregation[:3](maps)
        found["gem"] = pooled[0].numpy()
        found["fc"] = network.aggregation[3](pooled)[0].numpy()
        for name in names:
            depth = layer_after(retriever, name)
            if depth is not None:
                found[name] = network.backbone[:depth](prepared[None])[0].numpy()
    found["descriptors"] = retriever.describe(prepared[None])[0]
    return found


def all_distances(vectors: np.ndarray) -> np.ndarray:
    found = search([Block(vectors, np.arange(len(vectors)))], vectors, len(vectors))
    return np.take_along_axis(found.distances, np.argsort(found.indices, axis=1), axis=1)


def test_every_variant_gives_the_published_numbers(fixture: Golden) -> None:
    for title in ("top level", *fixture.meta.get("variants", {})):
        variant = variant_of(fixture, title)
        retriever = build(fixture, variant)
        outputs = variant["outputs"]
        names = [name.partition("/")[2] for name in outputs if "/" in name]
        photos = range(outputs["descriptors"]["shape"][0])
        computed = [stages(retriever, fixture.image(f"image{i}"), names) for i in photos]
        for name, spec in outputs.items():
            stored = fixture.arrays(spec["file"])[name]
            if match := re.fullmatch(r"image(\d+)/(.+)", name):
                whole = computed[int(match[1])][match[2]]
                assert list(whole.shape) == spec["full_shape"], f"{title}: {name}"
            elif name == "squared_l2":
                whole = all_distances(np.stack([one["descriptors"] for one in computed]))
            else:
                whole = np.stack([one[name] for one in computed])
            assert_close(whole, stored, spec, f"{title}: {name}")


def rebuild_dataset(fixture: Golden, folder: Path) -> Path:
    """Write the crops that the published candidates were retrieved from."""
    for item in fixture.meta["candidates"]["images"]:
        left, top, right, bottom = item["box"]
        crop = fixture.image(f"image{item['source']}")[top:bottom, left:right]
        path = folder / item["kind"] / item["subfolder"] / item["name"]
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(crop).save(path, format="PNG")
    return folder


def test_retrieval_gives_the_published_candidates(fixture: Golden, tmp_path: Path) -> None:
    part = fixture.meta.get("candidates")
    if part is None:
        pytest.skip("this fixture has no candidates")
    variant = variant_of(fixture, part["config"]["variant"])
    dataset = open_dataset(rebuild_dataset(fixture, tmp_path / "images"))
    top_k = part["config"]["num_candidates"]

    ours = retrieve(dataset, build(fixture, variant), tmp_path / "out", top_k=top_k)
    theirs = read_candidates(fixture.folder / "candidates.h5")

    check_candidates(theirs, dataset)
    assert ours.query_names == theirs.query_names
    np.testing.assert_array_equal(ours.indices, theirs.indices)
    np.testing.assert_array_equal(ours.names, theirs.names)
    rtol, atol = (
        float(re.search(rf"{kind} ([\d.e-]+\d)", part["tolerance"])[1]) for kind in ("rtol", "atol")
    )
    np.testing.assert_allclose(ours.distances, theirs.distances, rtol=rtol, atol=atol)
    labels = labels_from_names(ours)
    recalls = [100 * labels[:, :n].any(axis=1).mean() for n in part["config"]["recall_values"]]
    printed = re.search(r"\[(.*)\]", part["recalls_txt"])[1].split()
    np.testing.assert_allclose(recalls, [float(text) for text in printed], atol=5e-9)
