"""CVNet's half of a photo, and the file that it shares with the half of a pair."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import extractors
import matchers
from data.errors import SettingsError, WeightsError
from extractors import Features
from extractors.conformance import drawn_scene, extract
from extractors.cvnet import CVNet, at_scale
from extractors.cvnet_network import CVNetPhotoNetwork, level_size
from matchers.cvnet import CVNet as PairHalf
from matchers.cvnet_network import CVNetPairNetwork
from networks.seeded import made_up_state

SMALLEST = (1, 8, 16, 17)  # sides, pixels: up to 16 have one position


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    """Return the whole file: both halves."""
    arrays = made_up_state(CVNetPhotoNetwork(50, 2048)) | made_up_state(CVNetPairNetwork())
    return {key: torch.from_numpy(array) for key, array in arrays.items()}


@pytest.fixture(scope="module")
def cvnet(state: dict[str, torch.Tensor]) -> CVNet:
    return extractors.build("cvnet", state)


def built(state: dict[str, torch.Tensor], **settings: Any) -> CVNet:
    return extractors.build("cvnet", state, **settings)


def described(extractor: CVNet, image: np.ndarray) -> Features:
    return extract(extractor, image)[0]


@pytest.mark.parametrize(
    ("size", "share", "expected"),
    [
        ((13, 17), 0.25, (6, 8)),  # both halves tie, and go to the even number
        ((15, 21), 0.25, (8, 10)),
        ((13, 17), 0.5, (9, 12)),
        ((30, 40), 0.5, (21, 28)),
        ((30, 40), 1.0, (30, 40)),
        ((1, 2), 0.25, (1, 1)),
    ],
)
def test_sizes_of_levels(size: tuple[int, int], share: float, expected: tuple[int, int]) -> None:
    assert level_size(size, share) == expected


def test_maps_are_of_unit_length_and_have_a_position_for_each_16_pixels(
    state: dict[str, torch.Tensor],
) -> None:
    features = described(built(state, scales=(1.0,)), drawn_scene()[:200, :260])
    shapes = {name: maps.shape for name, maps in features.dense.items()}
    assert shapes == {"quarter": (6, 8, 256), "half": (9, 12, 256), "full": (13, 17, 256)}
    for maps in features.dense.values():
        np.testing.assert_allclose(np.linalg.norm(maps, axis=2), 1, atol=1e-5)
    assert np.linalg.norm(features.global_descriptor) == pytest.approx(1, abs=1e-5)
    assert features.frame_size is None


@pytest.mark.parametrize("height", SMALLEST)
@pytest.mark.parametrize("width", SMALLEST)
def test_tiny_photos_have_one_position_at_least(cvnet: CVNet, height: int, width: int) -> None:
    features = described(cvnet, drawn_scene()[:height, :width])
    rows, columns = -(-height // 16), -(-width // 16)
    assert features.dense["full"].shape == (rows, columns, 256)
    assert features.dense["quarter"].shape == (1, 1, 256)
    assert all(np.isfinite(maps).all() for maps in features.dense.values())
    assert np.linalg.norm(features.global_descriptor) == pytest.approx(1, abs=1e-5)


def test_the_global_descriptor_is_the_mean_of_those_of_the_scales(state: dict[str, torch.Tensor]) -> None:
    image = drawn_scene()[:96, :128]
    whole = described(built(state), image)
    single = [described(built(state, scales=(scale,)), image) for scale in CVNet.Settings().scales]
    mean = np.mean([features.global_descriptor for features in single], axis=0)
    np.testing.assert_allclose(whole.global_descriptor, mean / np.linalg.norm(mean), atol=1e-6)
    distances = np.linalg.norm(single[0].global_descriptor - single[2].global_descriptor)
    assert distances > 1e-3  # else the scales say nothing
    for features in single:  # whichever scales make the descriptor, the maps are of the photo's own size
        np.testing.assert_array_equal(features.dense["full"], whole.dense["full"])


def test_blue_comes_first(cvnet: CVNet) -> None:
    blue = np.zeros((32, 32, 3), np.uint8)
    blue[..., 2] = 255
    means = cvnet.network_input(blue[None], 1.0)[0].mean(dim=(1, 2))
    np.testing.assert_allclose(means, [(1 - 0.406) / 0.225, -0.456 / 0.224, -0.485 / 0.229], rtol=1e-5)


def test_scales_are_whole_grey_levels_of_one_pixel_at_least() -> None:
    photo = drawn_scene()[:33, :47]
    for scale, size in ((0.7071, (23, 33)), (1.4142, (47, 66)), (0.01, (1, 1))):
        scaled = at_scale(photo, scale)
        assert scaled.shape == (*size, 3) and scaled.dtype == np.uint8
    assert at_scale(photo, 1.0) is photo


def test_large_photos_are_shrunk_where_asked(state: dict[str, torch.Tensor]) -> None:
    limited = built(state, max_edge_px=96, scales=(1.0,))
    prepared = limited.prepare(drawn_scene())
    features = limited.extract(prepared[None], [(240, 320)])[0]
    assert (features.image_size, features.frame_size) == ((240, 320), (72, 96))
    assert features.dense["full"].shape == (5, 6, 256)
    small = described(limited, drawn_scene()[:40, :50])
    assert (small.image_size, small.frame_size) == ((40, 50), (40, 50))


def test_one_published_file_serves_both_halves(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    counters = {key for key in state if key.endswith("num_batches_tracked")}
    torch.save({"epoch": 3, "model_state": state}, tmp_path / "CVPR2022_CVNet_R50.pyth")
    torch.save({key: state[key] for key in state.keys() - counters}, tmp_path / "bare.pyth")
    assert counters
    for file in tmp_path.iterdir():
        assert isinstance(extractors.build("cvnet", file), CVNet)
        assert isinstance(matchers.build("cvnet", file), PairHalf)
    assert CVNet.checkpoint(CVNet.Settings()) == PairHalf.checkpoint(PairHalf.Settings())


def test_a_key_that_neither_half_knows_is_refused_by_both(state: dict[str, torch.Tensor]) -> None:
    strange = {**state, "decoder.weight": torch.zeros(1)}
    for registry in (extractors, matchers):
        with pytest.raises(WeightsError, match=r"unknown: decoder\.weight"):
            registry.build("cvnet", strange)


@pytest.mark.parametrize(
    ("key", "registry"), [("conv2ds.3.weight", extractors), ("cv_learner.block5.0.conv1.weight", matchers)]
)
def test_each_half_is_strict_with_its_own_keys(
    state: dict[str, torch.Tensor], key: str, registry: Any
) -> None:
    with pytest.raises(WeightsError, match=f"unknown: {key}"):
        registry.build("cvnet", {**state, key: torch.zeros(1)})
    first = next(known for known in state if known.split(".")[0] == key.split(".")[0])
    with pytest.raises(WeightsError, match=f"missing: {first}"):
        registry.build("cvnet", {known: tensor for known, tensor in state.items() if known != first})


def test_the_deeper_network_has_its_own_file_and_layers() -> None:
    assert CVNet.checkpoint(CVNet.Settings(depth=101)) == "CVPR2022_CVNet_R101.pyth"
    names = CVNet.layers(CVNet.Settings(depth=101)).state_dict()
    assert "encoder_q.s3.b23.f.c.weight" in names and "encoder_q.s3.b24.f.c.weight" not in names


@pytest.mark.parametrize("settings", [{"scales": ()}, {"scales": (0,)}, {"depth": 18}, {"max_edge_px": 0}])
def test_impossible_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=next(iter(settings))):
        extractors.build("cvnet", "seeded", **settings)
