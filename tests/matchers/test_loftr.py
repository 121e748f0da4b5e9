import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from kornia.feature.loftr import LoFTR as Published

import extractors
import matchers
from data.errors import PairError, SettingsError
from extractors import Features
from extractors.conformance import extract
from extractors.store import FeatureStore
from matchers import loftr
from matchers.loftr import LEAST_THR, LoFTR, LoFTRSettings
from networks.loftr import OF_PHOTO
from tests.extractors.methods import build as build_extractor
from tests.extractors.methods import photo, state

HALF = 1  # matches that may come or go with tokens stored in half precision


@pytest.fixture(scope="module")
def images() -> list[np.ndarray]:
    """The query, then candidates: shifted, of another size, another scene twice."""
    first, second = photo("image0"), photo("image2")
    query, shifted = first[16:112, 24:152], first[48:144, 80:208]
    return [query, shifted, first[10:121, 30:165], second[16:112, 24:152], second[80:176, 160:288]]


@pytest.fixture(scope="module")
def photos(images: list[np.ndarray]) -> list[Features]:
    """Maps under the position code with which the made-up weights find most."""
    extractor = build_extractor("loftr", keeps="coarse and fine", temp_bug_fix=True)
    return [extract(extractor, image)[0] for image in images]


@pytest.fixture(scope="module")
def matcher() -> LoFTR:
    return matchers.build("loftr", state("loftr"))


@pytest.fixture(scope="module")
def published(images: list[np.ndarray]) -> Callable[[int, int], dict[str, np.ndarray]]:
    """Matches of two photos, by their numbers, by Kornia's whole network."""
    config = {**Published(pretrained=None).config}
    config["coarse"] = {**config["coarse"], "temp_bug_fix": True}
    network = Published(pretrained=None, config=config)
    network.load_state_dict({key: torch.from_numpy(array) for key, array in state("loftr").items()})
    network.eval()
    prepare = build_extractor("loftr").prepare

    def matched(query: int, candidate: int) -> dict[str, np.ndarray]:
        with torch.inference_mode():
            found = network(
                {"image0": prepare(images[query])[None], "image1": prepare(images[candidate])[None]}
            )
        return {name: tensor.numpy() for name, tensor in found.items()}

    return matched


def without_fine(features: Features) -> Features:
    return replace(features, dense={"coarse": features.dense["coarse"]})


def test_matches_are_those_of_the_whole_network(
    matcher: LoFTR, photos: list[Features], published: Callable[[int, int], dict[str, np.ndarray]]
) -> None:
    for query, candidate in ((0, 1), (0, 2), (2, 0), (0, 3)):
        found, expected = matcher.match(photos[query], photos[candidate]), published(query, candidate)
        assert len(found.points0) > 10
        np.testing.assert_array_equal(found.points0, expected["keypoints0"] - 0.5)
        np.testing.assert_allclose(found.points1, expected["keypoints1"] - 0.5, atol=2e-3)
        np.testing.assert_allclose(found.confidences, expected["confidence"], atol=1e-3)
        assert found.inliers.all() and found.indices is None


def test_the_order_of_the_photos_matters(
    matcher: LoFTR, photos: list[Features], published: Callable[[int, int], dict[str, np.ndarray]]
) -> None:
    pairs = [(0, 2), (2, 0), (1, 3), (3, 1), (0, 4), (4, 0)]
    counts = [int(matcher.score(photos[one], [photos[other]]).values[0]) for one, other in pairs]
    assert counts == [len(published(*pair)["keypoints0"]) for pair in pairs]
    assert any(there != back for there, back in zip(counts[::2], counts[1::2], strict=True))


def test_batches_score_as_single_pairs(
    matcher: LoFTR, photos: list[Features], monkeypatch: pytest.MonkeyPatch
) -> None:
    query, candidates = photos[0], [*photos[1:], photos[0], photos[2]]
    alone = matcher.score(query, candidates).matches
    sizes: list[int] = []
    first = matcher.network.loftr_coarse.layers[OF_PHOTO]
    hook = first.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
    monkeypatch.setattr(LoFTR, "_batch_size", lambda _self, _bytes: 3)
    together = matcher.score(query, candidates).matches
    hook.remove()
    assert sorted(sizes) == [1, 1, 2, 2, 3, 3]  # the query's turn and the candidates'
    assert together.tolist() == alone.tolist()
    assert len(set(alone.tolist())) > 2  # else the order of the counts would not show


@pytest.mark.parametrize("border_rm", [0, 2])
def test_tiles_count_what_the_whole_matrix_gives(photos: list[Features], border_rm: int) -> None:
    matcher = matchers.build("loftr", state("loftr"), thr=LEAST_THR, border_rm=border_rm)
    counts = matcher.score(photos[0], photos[1:]).matches
    assert counts.max() > 0
    assert counts.tolist() == [len(matcher.match(photos[0], other).points0) for other in photos[1:]]


def test_batches_are_bounded_in_memory(matcher: LoFTR) -> None:
    on_gpu = object.__new__(LoFTR)
    on_gpu.device, on_gpu.settings = torch.device("cuda"), LoFTRSettings(batch_memory_mib=1000)
    assert [on_gpu._batch_size(mib * 2**20) for mib in (10, 400, 1000, 4000)] == [100, 2, 1, 1]
    assert matcher._batch_size(10 * 2**20) == 1  # a CPU gains nothing


def test_a_pair_too_large_for_most_machines_is_told_once(
    matcher: LoFTR, photos: list[Features], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(loftr, "WARN_BYTES", 1000)
    loftr._warn_of_memory.cache_clear()
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            matcher.score(photos[0], photos[1:2])
    assert [record.message.count("max_edge_px") for record in caplog.records] == [1]


def test_stored_tokens_give_the_same_ranking_but_for_near_ties(
    matcher: LoFTR, photos: list[Features], tmp_path: Path
) -> None:
    store = FeatureStore(tmp_path, {"extractor": "loftr"})
    keys = [f"{number}.jpg" for number in range(len(photos))]
    with store.writer() as writer:
        for key, features in zip(keys, photos, strict=True):
            writer.add(key, features)
    stored = store.read(keys)
    assert {array.dtype for features in stored for array in features.dense.values()} == {np.dtype(np.float16)}
    for query in range(len(photos)):
        exact, half = (matcher.score(of[query], of).values for of in (photos, stored))
        np.testing.assert_allclose(half, exact, rtol=0, atol=HALF)
        apart = exact[:, None] > exact + 2 * HALF
        assert apart.sum() > len(photos)  # of 10 pairs of candidates
        assert np.all((half[:, None] > half)[apart])


def test_points_are_centres_of_cells_where_either_photo_has_no_fine_map(
    matcher: LoFTR, photos: list[Features]
) -> None:
    query, candidate = photos[0], photos[2]
    fine = matcher.match(query, candidate)
    offsets = np.abs(fine.points1 - np.round((fine.points1 + 0.5) / 8) * 8 + 0.5)
    assert offsets.max() > 0.1
    for pair in ((without_fine(query), candidate), (query, without_fine(candidate))):
        coarse = matcher.match(*pair)
        np.testing.assert_array_equal(coarse.points0, fine.points0)
        assert np.all((coarse.points1 + 0.5) % 8 == 0)
        assert 0.1 < np.abs(coarse.points1 - fine.points1).max() <= 4


def test_points_of_shrunk_photos_are_in_pixels_of_the_original(
    matcher: LoFTR, images: list[np.ndarray]
) -> None:
    extractor = build_extractor("loftr", temp_bug_fix=True, max_edge_px=96)
    features = extract(extractor, images[0])[0]  # 96 x 128 to 72 x 96
    found = matcher.match(features, features)
    assert len(found.points0) > 5
    np.testing.assert_allclose(((found.points0 + 0.5) * 0.75) % 8, 0, atol=1e-4)
    assert found.points0[:, 0].max() > 80  # in the original's right part, near its border


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (1, 70), (24, 200)])
@pytest.mark.parametrize("keeps", ["coarse", "coarse and fine"])
def test_photos_of_fewer_than_five_cells_have_no_matches(
    matcher: LoFTR, photos: list[Features], size: tuple[int, int], keeps: str
) -> None:
    image = np.random.default_rng(0).integers(0, 255, (*size, 3), np.uint8)
    tiny = extract(build_extractor("loftr", keeps=keeps), image)[0]
    for pair in ((photos[0], tiny), (tiny, photos[0]), (tiny, tiny)):
        assert matcher.score(pair[0], [pair[1]]).values.tolist() == [0]
        found = matcher.match(*pair)
        assert found.points0.shape == found.points1.shape == (0, 2)
        assert found.inliers.shape == found.confidences.shape == (0,)


def test_low_precision_counts_nearly_the_same(matcher: LoFTR, photos: list[Features]) -> None:
    half = matchers.build("loftr", state("loftr"), precision="bf16")
    exact, low = (each.score(photos[0], photos[1:]).values for each in (matcher, half))
    np.testing.assert_allclose(low, exact, rtol=0.2)
    confidences = half.match(photos[0], photos[1]).confidences
    assert confidences.dtype == np.float32 and len(set(confidences.tolist())) == len(confidences)


def test_the_network_never_trains(matcher: LoFTR, photos: list[Features]) -> None:
    before = {key: tensor.clone() for key, tensor in matcher.network.state_dict().items()}
    matcher.match(photos[0], photos[1])
    assert not any(module.training for module in matcher.network.modules())
    for key, tensor in matcher.network.state_dict().items():
        assert torch.equal(tensor, before[key]), key


@pytest.mark.parametrize(
    ("dense", "words"),
    [
        ({}, "found none"),
        ({"stage3": np.zeros((4, 4, 256), np.float32)}, r"found stage3 \(4, 4, 256\)"),
        ({"coarse": np.zeros((4, 4, 128), np.float32)}, r"coarse \(h, w, 256\), found coarse \(4, 4, 128\)"),
        ({"coarse": np.zeros((256, 16), np.float32)}, r"found coarse \(256, 16\)"),
    ],
)
def test_maps_of_other_methods_are_refused(
    matcher: LoFTR, photos: list[Features], dense: dict[str, Any], words: str
) -> None:
    other = replace(photos[0], dense=dense)
    for query, candidate in ((photos[0], other), (other, photos[0])):
        with pytest.raises(
            PairError, match=f"loftr needs dense map .*{words}; use features of the extractor"
        ):
            matcher.score(query, [candidate])


def test_only_its_own_extractor_goes_with_it() -> None:
    fitting = [
        name for name in extractors.registry.builtins
        if matchers.fits(extractors.registry.load(name).spec, LoFTR.spec)
    ]  # fmt: skip
    assert fitting == ["loftr"]


def test_both_halves_take_one_file() -> None:
    chosen = extractors.registry.load("loftr")
    assert LoFTR.checkpoint(LoFTRSettings()) == chosen.checkpoint(chosen.Settings()) == "loftr_outdoor.ckpt"


@pytest.mark.parametrize(
    "settings",
    [{"thr": -0.1}, {"thr": 2}, {"border_rm": -1}, {"dsmax_temperature": 0}, {"batch_memory_mib": 0}],
)
def test_impossible_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=next(iter(settings))):
        matchers.build("loftr", state("loftr"), **settings)
