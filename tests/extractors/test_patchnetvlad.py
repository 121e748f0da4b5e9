from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import extractors
from data.errors import SettingsError, WeightsError
from extractors import patchnetvlad_cells
from extractors.conformance import extract
from extractors.patchnetvlad import PatchNetVLAD, patch_centres
from extractors.patchnetvlad_network import (
    PatchNetVLADNetwork,
    direct_means,
    integral_means,
    uncompressed,
)
from matchers.levels import Levels
from networks.seeded import seeded_state
from tests.extractors.methods import build, photo, state


def small_network(clusters: int = 11, components: int = 6) -> PatchNetVLADNetwork:
    """Return a network with drawn weights; 11 clusters are no whole number of groups."""
    network = PatchNetVLADNetwork(clusters, components)
    draw = torch.Generator().manual_seed(0)
    for parameter in (*network.pool.parameters(), *network.WPCA.parameters()):
        parameter.data = torch.randn(parameter.shape, generator=draw) / 16
    return network.requires_grad_(False)


def drawn_map(rows: int = 7, columns: int = 9) -> torch.Tensor:
    return torch.randn((512, rows, columns), generator=torch.Generator().manual_seed(1))


def windows_by_definition(network: PatchNetVLADNetwork, features: torch.Tensor, size: int) -> torch.Tensor:
    """Return the descriptors before the PCA of all windows, window after window, in double precision."""
    cells = F.normalize(features.double(), dim=0)
    shares = torch.einsum("kc,chw->khw", network.pool.conv.weight[:, :, 0, 0].double(), cells).softmax(dim=0)
    residuals = shares[:, None] * (cells[None] - network.pool.centroids.double()[:, :, None, None])
    rows, columns = features.shape[1] - size + 1, features.shape[2] - size + 1
    windows = [residuals[..., i : i + size, j : j + size] for i in range(rows) for j in range(columns)]
    vlads = torch.stack([window.sum(dim=(2, 3)) for window in windows])
    return F.normalize(F.normalize(vlads, dim=2).flatten(1), dim=1)


@pytest.mark.parametrize("pooling", ["direct", "integral"])
def test_descriptors_of_windows_follow_the_definition(pooling: Any) -> None:
    network, features = small_network(), drawn_map()
    found = uncompressed(network.parts(features, (2, 5), pooling))
    twos, fives = windows_by_definition(network, features, 2), windows_by_definition(network, features, 5)
    assert len(found) == 6 * 8 + 3 * 5 + 1
    torch.testing.assert_close(found[:-1], torch.cat([twos, fives]).float(), atol=1e-5, rtol=0)


def test_the_last_descriptor_is_of_the_whole_map() -> None:
    network, features = small_network(), drawn_map(5, 5)
    found = uncompressed(network.parts(features, (5,)))
    torch.testing.assert_close(found[0], found[1])


def test_the_pca_is_a_matrix_and_a_bias_and_unit_length() -> None:
    network, features = small_network(), drawn_map()
    layer = network.WPCA[0]
    vlads = uncompressed(network.parts(features, (2,)))
    expected = F.normalize(vlads @ layer.weight[:, :, 0, 0].T + layer.bias, dim=1)
    torch.testing.assert_close(network.compress(network.parts(features, (2,))), expected)


@pytest.mark.parametrize("size", [(9, 7), (5, 3), (2, 4)])
def test_the_pca_of_cells_is_that_of_windows(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patchnetvlad_cells, "COMPONENTS_AT_ONCE", 3)
    network, features = small_network(), drawn_map(*size)
    sizes = (1, 2, 3, 5)
    expected = network.compress(network.parts(features, sizes))
    found = network._from_cells(features, sizes)
    torch.testing.assert_close(found, expected, atol=2e-6, rtol=0)
    assert torch.equal(network.compressed(features, sizes), found)


@pytest.mark.parametrize("size", range(1, 10))
def test_sums_of_neighbours(size: int) -> None:
    maps = drawn_map(9, 7)
    sums = patchnetvlad_cells.window_sums(maps, size, 1)
    torch.testing.assert_close(sums, maps.unfold(1, size, 1).sum(dim=3))


def test_windows_that_do_not_fit_are_left_out() -> None:
    for means in (direct_means, integral_means):
        shapes = [means(torch.ones(2, 3, 4, 6), size).flatten(2).shape[2] for size in (1, 2, 4, 5, 6, 9)]
        assert shapes == [24, 15, 3, 0, 0, 0]


def test_direct_means_keep_residuals_beside_much_larger_ones() -> None:
    maps = torch.full((1, 1, 6, 6), 1e-12)
    maps[0, 0, 0, 0] = 1.0
    direct, integral = (means(maps, 2)[0, 0, 4, 4].item() for means in (direct_means, integral_means))
    assert direct == pytest.approx(1e-12, rel=1e-6, abs=0)
    assert integral != pytest.approx(1e-12, rel=1e-2, abs=0)


def test_patches_of_the_published_size() -> None:
    centres, levels = patch_centres(30, 40, (2, 5, 8))
    assert np.bincount(levels).tolist() == [1131, 936, 759]
    firsts = np.flatnonzero(np.diff(levels, prepend=-1))
    assert centres[firsts].tolist() == [[15, 15], [39, 39], [63, 63]]
    assert centres[1].tolist() == [31, 15]
    assert centres.max(axis=0).tolist() == [623, 463]


def test_keypoints_are_in_pixels_of_the_original_and_the_frame_is_told() -> None:
    extractor = build("patchnetvlad")  # frame 128 x 160
    features = extractor.extract(extractor.prepare(photo()[:64, :80])[None], [(64, 80)])[0]
    assert (features.image_size, features.frame_size) == ((64, 80), (128, 160))
    np.testing.assert_array_equal(features.keypoints[0], [15.5 / 2 - 0.5, 15.5 / 2 - 0.5])
    np.testing.assert_allclose(features.in_frame().keypoints[-1], [16 * 2 + 63, 63], atol=1e-4)


def test_photos_left_at_their_size_have_the_patches_that_fit() -> None:
    extractor = build("patchnetvlad", resize_h=0)
    features = extract(extractor, photo()[:100, :110])[0]  # 6 x 6 cells
    assert np.bincount(features.levels).tolist() == [25, 4]
    assert features.frame_size == (100, 110)
    nothing = extract(extractor, photo()[:15, :200])[0]
    assert len(nothing) == 0 and nothing.descriptors.shape == (0, 128)
    assert nothing.global_descriptor.shape == (128,)


def test_without_the_pca_descriptors_have_all_clusters() -> None:
    extractor = build("patchnetvlad", return_pca=False, patch_sizes=(5,))
    features = extract(extractor, photo()[:128, :160])[0]
    assert features.descriptors.shape == (4 * 6, 512 * 64)
    np.testing.assert_allclose(np.linalg.norm(features.descriptors, axis=1), 1, atol=1e-5)
    tiny = extract(build("patchnetvlad", return_pca=False, resize_w=0), photo()[:9, :9])[0]
    assert tiny.descriptors.shape == (0, 512 * 64) and tiny.global_descriptor.shape == (512 * 64,)


def test_weights_of_sixteen_clusters_and_in_double_precision_are_taken() -> None:
    shapes = {key: list(tensor.shape) for key, tensor in PatchNetVLADNetwork(16, 8).state_dict().items()}
    weights: dict[str, np.ndarray] = seeded_state(shapes)
    double = {key: value.astype(np.float64) if "WPCA" in key else value for key, value in weights.items()}
    settings = {"num_pcs": 8, "resize_h": 128, "resize_w": 128}
    first, second = (
        extract(extractors.build("patchnetvlad", given, **settings), photo())[0]
        for given in (weights, double)
    )
    assert first.descriptors.dtype == second.descriptors.dtype == np.float32
    np.testing.assert_array_equal(first.descriptors, second.descriptors)


def test_weights_with_another_number_of_components_are_refused() -> None:
    with pytest.raises(WeightsError, match=r"WPCA.0.weight \(found \(128, 32768, 1, 1\), expected \(512,"):
        extractors.build("patchnetvlad", state("patchnetvlad"), num_pcs=512)


def test_each_published_file_belongs_to_settings() -> None:
    def file(**settings: Any) -> str:
        return PatchNetVLAD.checkpoint(PatchNetVLAD.Settings(**settings))

    assert file() == "pitts_WPCA4096.pth.tar"
    assert file(trained_on="mapillary", num_pcs=128) == "mapillary_WPCA128.pth.tar"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"resize_h": 112}, "have no patch of 8 cells; use at least 128 x 128"),
        ({"patch_sizes": ()}, "patch_sizes"),
        ({"patch_sizes": (2, 0)}, "patch_sizes"),
        ({"trained_on": "tokyo"}, "trained_on"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        build("patchnetvlad", **settings)


def test_levels_are_views_of_the_descriptors() -> None:
    features = extract(build("patchnetvlad"), photo()[:128, :160])[0]
    parts = Levels("the test", (1.0, 1.0, 1.0), "weighted").split(features)
    assert [len(part) for part in parts] == [63, 24, 3]
    assert all(np.shares_memory(part.descriptors, features.descriptors) for part in parts)
    np.testing.assert_array_equal(np.concatenate([part.keypoints for part in parts]), features.keypoints)
