from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import extractors
import matchers
from data.errors import PairError, SettingsError
from extractors import Features
from matchers.rrt import Rrt, RrtSettings
from matchers.rrt_network import RrtNetwork, scale_rows
from networks.seeded import seeded_state

SMALL = {"d_global": 16, "d_model": 32, "nhead": 4, "num_encoder_layers": 3, "dim_feedforward": 24}


def state() -> dict[str, np.ndarray]:
    with torch.device("meta"):
        network = RrtNetwork(16, 32, 4, 3, 24)
    shapes = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
    loud = {key: 2.5 for key in shapes if key.endswith("norm2.weight")}
    return seeded_state(shapes, overrides=loud)


def build(**settings: object) -> Rrt:
    return matchers.build("rrt", state(), **{**SMALL, **settings})


def photo(count: int, seed: int) -> Features:
    draw = np.random.default_rng(seed)
    descriptors = draw.standard_normal((count, 32)).astype(np.float32)
    whole = draw.standard_normal(16).astype(np.float32)
    return Features(
        (240, 320),
        keypoints=draw.uniform(0, 200, (count, 2)).astype(np.float32),
        descriptors=descriptors / np.maximum(np.linalg.norm(descriptors, axis=1, keepdims=True), 1e-6),
        scores=np.sort(draw.uniform(0, 1, count).astype(np.float32))[::-1],
        scales=draw.choice([0.5, 1, 2, 4], count).astype(np.float32),
        global_descriptor=whole / np.linalg.norm(whole),
    )


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_rows_of_scales_are_those_that_the_weights_were_trained_with(kind: torch.dtype) -> None:
    image_scales = torch.tensor([2, 1.4142135, 1, 0.70710677, 0.5, 0.35355338, 0.25], dtype=kind)
    assert scale_rows(1 / image_scales).tolist() == [0, 0, 2, 2, 4, 4, 6]
    others = torch.tensor([0.6, 0.9, 1.5, 3.0, 5.0, 0.99999], dtype=kind)
    assert scale_rows(others).tolist() == [0, 1, 3, 5, 6, 2]
    assert scale_rows(torch.zeros(0, dtype=kind)).shape == (0,)


@pytest.mark.parametrize("counts", [(5, 9, 0, 9, 1), (7, 7), (0, 0)])
def test_padded_batches_give_what_single_pairs_give(counts: tuple[int, ...]) -> None:
    rrt, query = build(), photo(6, seed=99)
    candidates = [photo(count, seed) for seed, count in enumerate(counts)]
    alone = rrt.score(query, candidates).values
    with torch.inference_mode():
        together = rrt._logits(rrt._side(query), [rrt._side(candidate) for candidate in candidates])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert np.ptp(alone) > 1e-3  # else the comparison says nothing


def test_only_the_first_features_count_and_their_places_do_not() -> None:
    rrt, query, candidate = build(max_sequence_len=4), photo(9, seed=1), photo(8, seed=2)
    rows = {name: array[:4] for name, array in candidate.per_keypoint().items()}
    elsewhere = candidate.keypoints + 50
    first = Features((99, 99), **rows, global_descriptor=candidate.global_descriptor)
    values = rrt.score(query, [candidate, first, replace(candidate, keypoints=elsewhere)]).values
    assert values[0] == values[1] == values[2]
    assert build().score(query, [candidate]).values[0] != values[0]


def test_the_order_of_the_photos_matters() -> None:
    rrt, query, candidate = build(), photo(9, seed=1), photo(8, seed=2)
    there, back = (rrt.score(*pair).values[0] for pair in ((query, [candidate]), (candidate, [query])))
    assert abs(there - back) > 1e-3


def test_features_stored_in_half_precision() -> None:
    rrt, query, candidate = build(), photo(9, seed=1), photo(8, seed=2)
    stored = [replace(item, descriptors=item.descriptors.astype(np.float16)) for item in (query, candidate)]
    whole, half = (rrt.score(*pair).values[0] for pair in ((query, [candidate]), (stored[0], stored[1:])))
    assert half == pytest.approx(whole, abs=5e-3)


def test_low_precision() -> None:
    query, candidate = photo(9, seed=1), photo(8, seed=2)
    half = matchers.build("rrt", state(), precision="bf16", **SMALL).score(query, [candidate]).values[0]
    assert half == pytest.approx(build().score(query, [candidate]).values[0], abs=0.1)


def test_there_are_no_correspondences() -> None:
    found = build().match(photo(3, seed=1), photo(4, seed=2))
    assert found.points0.shape == found.points1.shape == (0, 2)
    assert found.inliers.shape == (0,) and found.indices is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"descriptors": np.zeros((3, 8), np.float32)}, "local descriptors of 32 components, found 8"),
        ({"global_descriptor": np.zeros(3, np.float32)}, "global descriptors of 16 components, found 3"),
        ({"scales": np.float32([1, 0.25, 2])}, r"from 0.5 up, found 0\.25; extract with image_scales"),
    ],
)
def test_features_that_do_not_suit_are_refused(change: dict[str, np.ndarray], words: str) -> None:
    with pytest.raises(PairError, match=words):
        build().score(photo(3, seed=1), [replace(photo(3, seed=2), **change)])


def test_only_delg_goes_with_it() -> None:
    fitting = [
        name for name in extractors.registry.builtins
        if matchers.fits(extractors.registry.load(name).spec, Rrt.spec)
    ]  # fmt: skip
    assert fitting == ["delg"]


def test_the_published_container(tmp_path: Path) -> None:
    tensors = {key: torch.from_numpy(value) for key, value in state().items()}
    optimiser = {"state": {0: {"step": 4, "exp_avg": torch.ones(2)}}, "param_groups": [{"lr": 0.1}]}
    torch.save({"state": tensors, "optim": optimiser}, tmp_path / "r50_gldv2.pt")
    query, candidate = photo(9, seed=1), photo(8, seed=2)
    of_file = matchers.build("rrt", tmp_path / "r50_gldv2.pt", **SMALL).score(query, [candidate])
    assert of_file.values == build().score(query, [candidate]).values


def test_each_variant_has_its_file() -> None:
    assert Rrt.checkpoint(RrtSettings()) == "r50_gldv2.pt"
    assert Rrt.checkpoint(RrtSettings(variant="r101_gldv1")) == "r101_gldv1.pt"


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(SettingsError, match="d_model 32 is no multiple of nhead 5"):
        build(nhead=5)
    with pytest.raises(SettingsError, match="max_sequence_len"):
        build(max_sequence_len=0)
