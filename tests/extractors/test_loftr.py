import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from kornia.feature.loftr import LoFTR as Published
from kornia.feature.loftr import loftr as kornias

import extractors
import matchers
from data.errors import SettingsError
from extractors import Features
from extractors.conformance import extract
from extractors.loftr import LoFTR
from tests.extractors.methods import build, photo, state


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return photo()[60:161, 80:215]  # 101 x 135: no multiples of 8


@pytest.fixture(scope="module")
def published() -> Published:
    """Kornia's own network with the same weights."""
    network = Published(pretrained=None)
    network.load_state_dict({key: torch.from_numpy(array) for key, array in state("loftr").items()})
    return network.eval().requires_grad_(False)


def test_maps_are_those_of_the_whole_network(image: np.ndarray, published: Published) -> None:
    extractor = build("loftr", keeps="coarse and fine")
    whole = published.extract_features(extractor.prepare(image)[None])
    tokens = whole["coarse"].permute(0, 2, 3, 1).flatten(1, 2)
    tokens = published.loftr_coarse.layers[0](tokens, tokens)[0]
    features = extract(extractor, image)[0]
    assert features.dense["coarse"].shape == (13, 17, 256)
    assert features.dense["fine"].shape == (51, 68, 128)
    np.testing.assert_allclose(features.dense["coarse"].reshape(-1, 256), tokens, atol=1e-4)
    np.testing.assert_allclose(features.dense["fine"].transpose(2, 0, 1), whole["fine"][0], atol=1e-4)


def test_a_score_needs_no_more_than_half_of_the_backbone(image: np.ndarray) -> None:
    extractor = build("loftr")
    passed: list[str] = []
    for name, module in extractor.network.backbone.named_children():
        module.register_forward_hook(lambda _module, _inputs, _output, name=name: passed.append(name))
    alone = extract(extractor, image)[0].dense
    assert alone.keys() == {"coarse"} and passed[-1] == "layer3_outconv"
    assert not {"layer2_outconv", "layer2_outconv2", "layer1_outconv", "layer1_outconv2"} & set(passed)
    both = extract(build("loftr", keeps="coarse and fine"), image)[0].dense
    np.testing.assert_array_equal(alone["coarse"], both["coarse"])


@pytest.mark.parametrize("size", [(1, 1), (1, 70), (7, 90), (8, 8), (9, 16), (66, 65)])
def test_maps_of_any_size(size: tuple[int, int]) -> None:
    dense = extract(build("loftr", keeps="coarse and fine"), np.full((*size, 3), 90, np.uint8))[0].dense
    for name, cell_px in (("coarse", 8), ("fine", 2)):
        assert dense[name].shape[:2] == tuple(-(-side // cell_px) for side in size), name
        assert dense[name].dtype == np.float32 and np.isfinite(dense[name]).all()


def test_photos_are_longer_than_the_table_of_position_codes() -> None:
    extractor = build("loftr")
    long = extract(extractor, np.full((16, 2112, 3), 90, np.uint8))[0].dense["coarse"]
    assert long.shape == (2, 264, 256)
    assert np.ptp(long[0, 256:], axis=0).max() > 1e-3  # columns beyond it have codes of their own


def test_large_photos_are_shrunk_where_wanted(image: np.ndarray) -> None:
    extractor = build("loftr", max_edge_px=100)
    large = extract(extractor, image)[0]
    assert (large.image_size, large.frame_size) == ((101, 135), (75, 100))
    assert large.dense["coarse"].shape[:2] == (10, 13)
    small = extract(extractor, image[:64, :64])[0]
    assert (small.image_size, small.frame_size) == ((64, 64), (64, 64))
    np.testing.assert_array_equal(
        small.dense["coarse"], extract(build("loftr"), image[:64, :64])[0].dense["coarse"]
    )


def test_kornias_default_is_neither_changed_nor_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    before = copy.deepcopy(kornias.default_cfg)
    extractors.build("loftr", state("loftr"), temp_bug_fix=True)
    matchers.build("loftr", state("loftr"), thr=0.5, border_rm=0, dsmax_temperature=0.3)
    assert kornias.default_cfg == before
    monkeypatch.setitem(kornias.default_cfg["coarse"], "temp_bug_fix", True)  # as older Kornias did
    monkeypatch.setitem(kornias.default_cfg["match_coarse"], "thr", 0.9)
    assert build("loftr").network.pos_encoding.temp_bug_fix is False
    assert matchers.build("loftr", state("loftr")).network.coarse_matching.thr == 0.2


def hold_same_maps(one: Features, other: Features) -> None:
    for name, array in one.dense.items():
        np.testing.assert_array_equal(array, other.dense[name])


def test_weights_load_with_and_without_the_published_prefix(tmp_path: Path, image: np.ndarray) -> None:
    weights: dict[str, Any] = {key: torch.from_numpy(array) for key, array in state("loftr").items()}
    assert all(key.startswith("matcher.") for key in weights)
    plain = {key.removeprefix("matcher."): tensor for key, tensor in weights.items()}
    torch.save({"state_dict": weights, "epoch": 29, "global_step": 1}, tmp_path / "loftr_outdoor.ckpt")
    expected = extract(build("loftr"), image)[0]
    for given in (weights, plain, tmp_path / "loftr_outdoor.ckpt"):
        hold_same_maps(extract(extractors.build("loftr", given), image)[0], expected)
    assert all(key.startswith("matcher.") for key in weights)  # which Kornia would have renamed


def test_the_network_never_trains(image: np.ndarray) -> None:
    extractor = build("loftr")
    before = {key: tensor.clone() for key, tensor in extractor.network.state_dict().items()}
    extract(extractor, image)
    assert not any(module.training for module in extractor.network.modules())
    assert not any(parameter.requires_grad for parameter in extractor.network.parameters())
    for key, tensor in extractor.network.state_dict().items():
        assert torch.equal(tensor, before[key]), key


def test_impossible_settings_are_refused() -> None:
    for settings in ({"keeps": "fine"}, {"max_edge_px": 0}, {"temp_bug_fix": "maybe"}):
        with pytest.raises(SettingsError, match=next(iter(settings))):
            build("loftr", **settings)


def test_the_published_file() -> None:
    assert LoFTR.checkpoint(LoFTR.Settings()) == "loftr_outdoor.ckpt"
