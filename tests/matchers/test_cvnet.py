"""CVNet's half of a pair, on made-up maps."""

import re
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import extractors
import matchers
from data.errors import PairError, SettingsError
from extractors import Features
from extractors.store import FeatureStore
from matchers.cvnet import CVNet
from matchers.cvnet_network import CVNetPairNetwork, PivotConvolution, correlate, make_side
from networks.cvnet import LEVELS
from networks.seeded import seeded_state
from tests.matchers.cvnet_maps import photo

HALF_TOLERANCE = 1e-4  # how far float16 maps may move a probability; measured: 5e-5 here, 2e-5 on photos
GRIDS = ((13, 17), (9, 12), (13, 17), (5, 5), (13, 17))  # of candidates; the sides 13 and 17 tie when halved


def made_up_weights() -> dict[str, np.ndarray]:
    """Return weights under which pairs do not all score alike."""
    shapes = {key: tuple(tensor.shape) for key, tensor in CVNetPairNetwork().state_dict().items()}
    late_norms = [key for key in shapes if re.search(r"block[234]\.\d\.bias", key)]
    return seeded_state(shapes, overrides=dict.fromkeys(late_norms, -0.75))


def built(**settings: Any) -> CVNet:
    return matchers.build("cvnet", made_up_weights(), **settings)


@pytest.fixture(scope="module")
def cvnet() -> CVNet:
    return built()


@pytest.fixture(scope="module")
def query() -> Features:
    return photo(0)


@pytest.fixture(scope="module")
def candidates(query: Features) -> list[Features]:
    unlike = [photo(seed, grid) for seed, grid in enumerate(GRIDS, 1)]
    return [*unlike, photo(9, like=query), query]


def side(features: Features) -> torch.Tensor:
    return make_side([torch.from_numpy(features.dense[name]) for name in LEVELS])


def test_a_correlation_is_resized_before_negative_values_are_cut() -> None:
    """The short cut against the long way: correlate, resize the query, then the candidate, then cut."""
    first, second = photo(1), photo(2, (9, 12))
    levels = [[torch.from_numpy(item.dense[name]) for name in LEVELS] for item in (first, second)]
    expected = []
    for maps0, maps1 in product(*levels):
        cosines = torch.einsum("abc,xyc->abxy", maps0, maps1)
        of_query = _resized(cosines.flatten(2).permute(2, 0, 1), (13, 17)).permute(1, 2, 0)
        of_both = _resized(of_query.flatten(0, 1).unflatten(1, maps1.shape[:2]), (9, 12))
        expected.append(of_both.clamp(min=0))
    found = correlate(side(first).flatten(0, 1), side(second))
    np.testing.assert_allclose(found, torch.stack(expected, dim=1), atol=1e-6)


def _resized(maps: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    return F.interpolate(maps[None], size, mode="bilinear", align_corners=True)[0]


@pytest.mark.parametrize("stride", [1, 2])
def test_a_pivot_convolution_is_a_sparse_4d_convolution(stride: int) -> None:
    """conv1 is its part at the candidate's own position, conv2 that at the query's; both biases count."""
    torch.manual_seed(0)
    layer, x = PivotConvolution(2, 3, 3, stride), torch.randn(1, 3, 4, 5, 3, 2)
    with torch.inference_mode():
        found = layer(x)
        assert found.shape == (1, *(-(-side // stride) for side in x.shape[1:5]), 3)
        padded = F.pad(x, (0, 0, *(1, 1) * 4))
        for i, j, k, m in product(*(range(side) for side in found.shape[1:5])):
            row, column, row1, column1 = (1 + stride * index for index in (i, j, k, m))
            near0 = padded[0, row - 1 : row + 2, column - 1 : column + 2, row1, column1]
            near1 = padded[0, row, column, row1 - 1 : row1 + 2, column1 - 1 : column1 + 2]
            value = torch.einsum("hwc,ochw->o", near0, layer.conv1.weight) + layer.conv1.bias
            value += torch.einsum("hwc,ochw->o", near1, layer.conv2.weight) + layer.conv2.bias
            np.testing.assert_allclose(found[0, i, j, k, m], value, atol=1e-5)


@pytest.mark.parametrize("memory_bytes", [1, 4_000, 10**9])
def test_slices_of_a_correlation_give_what_the_whole_gives(
    cvnet: CVNet, memory_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, side0 = cvnet.network.cv_learner.block1[0], side(photo(0, (5, 7)))
    sides1 = torch.stack([side(photo(seed, (6, 4))) for seed in (1, 2)])
    with torch.inference_mode():
        whole = torch.stack([correlate(side0.flatten(0, 1), side1) for side1 in sides1])
        expected = first(whole.unflatten(1, (5, 7)).permute(0, 1, 2, 4, 5, 3))
        held: list[int] = []

        def recorded(rows: torch.Tensor, against: torch.Tensor) -> torch.Tensor:
            held.append(len(rows) * 9 * 4 * against.shape[0] * against.shape[1])
            return correlate(rows, against)

        monkeypatch.setattr("matchers.cvnet_network.correlate", recorded)
        found = first.of_sides(side0, sides1, memory_bytes)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    one_row = 9 * 4 * 5 * 7
    assert max(held) <= max(memory_bytes, one_row)
    assert (len(held) == 3) == (memory_bytes == 10**9)  # the candidates' rows, and the query's for each


def test_batches_give_what_single_pairs_give(cvnet: CVNet, query: Features) -> None:
    others = [photo(1), photo(2), photo(3, like=query)]
    alone = cvnet.score(query, others).values
    with torch.inference_mode():
        together = cvnet.network(side(query), torch.stack([side(item) for item in others]), 10**8).numpy()
    similarities = [float(query.global_descriptor @ item.global_descriptor) for item in others]
    np.testing.assert_allclose(similarities + 0.5 * together, alone, atol=1e-6)
    assert np.ptp(together) > 1e-3  # else the comparison says nothing


def test_candidates_of_all_sizes_keep_their_places(
    cvnet: CVNet, query: Features, candidates: list[Features]
) -> None:
    scores = cvnet.score(query, candidates)
    alone = [cvnet.score(query, [candidate]).values[0] for candidate in candidates]
    np.testing.assert_array_equal(scores.values, alone)
    assert len(set(alone)) == len(alone) and scores.matches is None


def test_query_and_candidate_are_not_exchanged(cvnet: CVNet, query: Features) -> None:
    other = photo(1, (9, 12))
    there, back = (cvnet.score(*pair).values[0] for pair in ((query, [other]), (other, [query])))
    assert abs(there - back) > 1e-4
    with torch.inference_mode():
        by_hand = float(cvnet.network(side(query), side(other)[None], 10**8))
    assert there - float(query.global_descriptor @ other.global_descriptor) == pytest.approx(0.5 * by_hand)


def test_fusion_is_a_setting(query: Features) -> None:
    other = photo(1)
    similarity = float(query.global_descriptor @ other.global_descriptor)
    probability = built(fusion="rerank").score(query, [other]).values[0]
    assert 0 < probability < 1
    for weight in (0.0, 0.5, 2.0):
        score = built(rerank_weight=weight).score(query, [other]).values[0]
        assert score == pytest.approx(similarity + weight * probability)


def test_stored_features_rank_candidates_alike(
    query: Features, candidates: list[Features], tmp_path: Path
) -> None:
    cvnet = built(fusion="rerank")
    store = FeatureStore(tmp_path, {"extractor": "cvnet"})
    keys = [str(number) for number in range(len(candidates) + 1)]
    with store.writer() as writer:
        for key, features in zip(keys, [query, *candidates], strict=True):
            writer.add(key, features)
    first, *others = store.read(keys)
    assert first.dense["full"].dtype == np.float16
    exact, stored = cvnet.score(query, candidates).values, cvnet.score(first, others).values
    np.testing.assert_allclose(stored, exact, rtol=0, atol=HALF_TOLERANCE)
    assert np.argsort(stored).tolist() == np.argsort(exact).tolist()


def test_correspondences_are_peaks_in_pixels_of_the_original(cvnet: CVNet) -> None:
    query = photo(0, (6, 7))
    dense = {name: np.roll(maps, (1, 2), axis=(0, 1)) for name, maps in query.dense.items()}
    moved = replace(query, dense=dense, image_size=(192, 208), frame_size=(96, 104))
    found = cvnet.match(query, moved)
    np.testing.assert_allclose(found.confidences, 1, atol=1e-5)
    assert len(found.points0) == 6 * 7 and found.inliers.all() and found.indices is None
    assert {(float(x), float(y)) for x, y in found.points0} == set(
        product(range(0, 112, 16), range(0, 96, 16))
    )
    cells = found.points0 / 16
    shifted = np.stack([(cells[:, 0] + 2) % 7, (cells[:, 1] + 1) % 6], axis=1)
    np.testing.assert_allclose(found.points1, 32 * shifted + 0.5)  # of a photo twice as large as its frame


def test_maps_that_do_not_suit_are_refused(cvnet: CVNet, query: Features) -> None:
    narrow = {name: maps[:, :, :64] for name, maps in query.dense.items()}
    for dense, words in (
        ({}, "found none"),
        ({"full": query.dense["full"]}, "map quarter"),
        (narrow, r"256\), found quarter \(6, 8, 64\).*use features of the extractor cvnet"),
    ):
        with pytest.raises(PairError, match=words):
            cvnet.score(query, [replace(query, dense=dense)])


def test_only_its_own_extractor_goes_with_it() -> None:
    fitting = [
        name for name in extractors.registry.builtins
        if matchers.fits(extractors.registry.load(name).spec, CVNet.spec)
    ]  # fmt: skip
    assert fitting == ["cvnet"]


@pytest.mark.parametrize(
    "settings", [{"fusion": "sum"}, {"rerank_weight": -1}, {"batch_memory_mib": 0}, {"depth": 18}]
)
def test_impossible_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=next(iter(settings))):
        built(**settings)


def test_low_precision(query: Features) -> None:
    half = matchers.build("cvnet", made_up_weights(), precision="bf16").score(query, [photo(1)]).values[0]
    assert half == pytest.approx(built().score(query, [photo(1)]).values[0], abs=0.01)
