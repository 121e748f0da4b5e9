from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from data.errors import SettingsError
from extractors.conformance import extract
from extractors.d2net import D2Net, D2NetNetwork, within
from extractors.d2net_detection import Peaks, ban, find_peaks, sample
from tests.extractors.methods import build, photo


def bump(size: int, row: float, column: float, sharpness: tuple[float, float] = (1.0, 1.0)) -> torch.Tensor:
    """Return a map (size, size) that falls from 10 at a place as a paraboloid, down to zero."""
    i, j = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    return (10 - sharpness[0] * (i - row) ** 2 - sharpness[1] * (j - column) ** 2).clamp(min=0)


def brute_force_peaks(features: np.ndarray) -> list[tuple[int, int, int]]:
    """Apply the published rules cell by cell in every channel."""
    channels, height, width = features.shape
    padded = np.pad(features, ((0, 0), (1, 1), (1, 1)))
    outside = np.pad(features, ((0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    found = []
    for c in range(channels):
        for i in range(height):
            for j in range(width):
                value, p = features[c, i, j], padded[c, i : i + 3, j : j + 3]
                ii, jj = p[0, 1] - 2 * value + p[2, 1], p[1, 0] - 2 * value + p[1, 2]
                ij = (p[0, 0] - p[0, 2] - p[2, 0] + p[2, 2]) / 4
                det = ii * jj - ij * ij
                highest = value == features[:, i, j].max() == outside[c, i : i + 3, j : j + 3].max()
                if highest and det > 0 and (ii + jj) ** 2 / det <= 36 / 5:
                    found.append((c, i, j))
    return found


@pytest.mark.parametrize("lift", [0.0, -3.0])
def test_peaks_follow_the_published_rules_in_every_channel(lift: float) -> None:
    features = np.random.default_rng(0).standard_normal((4, 23, 31)).astype(np.float32) + np.float32(lift)
    peaks = find_peaks(torch.from_numpy(features))
    cells = list(zip(*(peaks[part].tolist() for part in range(3)), strict=True))
    assert cells == brute_force_peaks(features)
    assert len(cells) > 20


def test_the_step_leads_to_the_top_of_a_paraboloid() -> None:
    features = torch.stack([torch.zeros(12, 12), bump(12, 5.3, 6.8), torch.zeros(12, 12)])
    peaks = find_peaks(features)
    assert [peaks.channels.tolist(), peaks.rows.tolist(), peaks.columns.tolist()] == [[1], [5], [7]]
    np.testing.assert_allclose(peaks.steps, [[0.3, -0.2]], atol=1e-5)


@pytest.mark.parametrize(("sharpness", "found"), [((1.0, 4.9), 1), ((1.0, 5.1), 0)])
def test_peaks_on_sharp_edges_are_left_out(sharpness: tuple[float, float], found: int) -> None:
    assert len(find_peaks(bump(9, 4, 4, sharpness)[None]).rows) == found


def test_nothing_is_found_on_a_map_of_zeros_but_corners_are_on_a_constant_one() -> None:
    assert len(find_peaks(torch.zeros(5, 8, 8)).rows) == 0
    corners = find_peaks(torch.ones(1, 8, 9))
    assert set(zip(corners.rows.tolist(), corners.columns.tolist(), strict=True)) == {
        (0, 0),
        (0, 8),
        (7, 0),
        (7, 8),
    }


def peaks_at(*cells: tuple[int, int]) -> Peaks:
    rows, columns = torch.tensor(cells).T
    return Peaks(torch.arange(len(cells)), rows, columns, torch.zeros(len(cells), 2))


def test_a_place_found_on_one_map_is_banned_on_the_next() -> None:
    nowhere = torch.zeros((1, 1), dtype=torch.bool)
    free, banned = ban(peaks_at((1, 2), (1, 2), (0, 0)), nowhere, (3, 4))
    assert free.tolist() == [True, True, True]  # two channels of one cell do not ban one another
    # Rows 3 to 7 and columns 4 to 8: cell i of the new map is cell floor(i * old / new) of the old one.
    free, banned = ban(peaks_at((2, 4), (3, 4), (4, 5), (5, 4), (2, 0), (6, 7)), banned, (7, 8))
    assert free.tolist() == [True, False, False, True, False, True]
    assert banned[6, 7] and banned[5, 4] and banned[2, 0] and banned[3, 5] and not banned[2, 5]


def test_descriptors_are_interpolated_between_cells_and_not_beyond() -> None:
    i, j = torch.meshgrid(torch.arange(4.0), torch.arange(5.0), indexing="ij")
    places = torch.tensor([[1.25, 2.5], [0.0, 0.0], [3.0, 4.0], [-0.1, 1.0], [3.1, 1.0], [1.0, 4.01]])
    descriptors, kept = sample(torch.stack([i + 1, j + 1, torch.ones(4, 5)]), places)
    assert kept.tolist() == [True, True, True, False, False, False]
    expected = torch.tensor([[2.25, 3.5, 1.0], [1, 1, 1], [4, 5, 1]])
    torch.testing.assert_close(descriptors, expected / expected.norm(dim=1, keepdim=True))


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((480, 640), (480, 640)),
        ((1200, 1600), (1200, 1600)),
        ((2448, 3264), (1200, 1600)),
        ((6000, 8000), (1200, 1600)),
        ((1600, 1600), (1400, 1400)),
        ((2000, 1999), (1400, 1399)),
        ((1, 8000), (1, 1600)),
    ],
)
def test_photos_are_shrunk_to_the_published_limits(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert within(size, 1600, 2800) == expected


def test_the_network_sees_what_each_preprocessing_says() -> None:
    image = np.array([[[10, 20, 30]], [[40, 50, 60]]], np.uint8)
    caffe = build("d2net").prepare(image)[:, :, 0]
    np.testing.assert_allclose(caffe[:, 0], [30 - 103.939, 20 - 116.779, 10 - 123.68], rtol=1e-6)
    reference = build("d2net", preprocessing="reference").prepare(image)[:, :, 0]
    np.testing.assert_allclose(reference[:, 0], [40 - 103.939, 50 - 116.779, 60 - 123.68], rtol=1e-6)
    torch_like = build("d2net", preprocessing="torch").prepare(image)[:, :, 0]
    expected = (np.array([10, 20, 30]) / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    np.testing.assert_allclose(torch_like[:, 0], expected, rtol=1e-5)


def test_the_benchmarks_preprocessing_turns_keypoints_back() -> None:
    image = photo()[:96, :120]
    reference = extract(build("d2net", preprocessing="reference", scales=(1,)), image)[0]
    turned = np.ascontiguousarray(image[::-1, :, ::-1])  # upside down, red and blue swapped
    caffe = extract(build("d2net", scales=(1,)), turned)[0]
    np.testing.assert_array_equal(reference.descriptors, caffe.descriptors)
    np.testing.assert_array_equal(reference.keypoints[:, 0], caffe.keypoints[:, 0])
    np.testing.assert_allclose(reference.keypoints[:, 1], 95 - caffe.keypoints[:, 1], atol=1e-4)


def test_keypoints_of_a_shrunk_photo_are_in_pixels_of_the_original() -> None:
    extractor = build("d2net", resize=(80, 1000), scales=(1,))
    prepared = extractor.prepare(photo()[:96, :160])
    assert tuple(prepared.shape) == (3, 48, 80)
    shrunk, original = (extractor.extract(prepared[None], sizes)[0] for sizes in (None, [(96, 160)]))
    assert original.image_size == (96, 160)
    np.testing.assert_allclose(original.keypoints, 2 * shrunk.keypoints, rtol=1e-6)


def test_scores_and_scales_depend_on_the_level() -> None:
    one = extract(build("d2net", scales=(2,)), photo()[:64, :64])[0]
    second = extract(build("d2net", scales=(0.01, 2)), photo()[:64, :64])[0]  # the first is too small
    np.testing.assert_array_equal(second.keypoints, one.keypoints)
    np.testing.assert_allclose(second.scores, one.scores / 2, rtol=1e-6)
    assert set(one.scales.tolist()) == {0.5}


def test_the_cap_keeps_the_best_in_the_order_of_all() -> None:
    image = photo()[:96, :120]
    everything, few = (extract(build("d2net", max_keypoints=n), image)[0] for n in (None, 30))
    best = np.sort(np.argsort(-everything.scores, kind="stable")[:30])
    np.testing.assert_array_equal(few.keypoints, everything.keypoints[best])
    np.testing.assert_array_equal(few.descriptors, everything.descriptors[best])


def test_without_the_last_relu_the_map_has_both_signs() -> None:
    extractor = build("d2net", use_relu=False, scales=(1,))
    features = extractor.network(extractor.prepare(photo()[:64, :64])[None])
    assert features.min() < 0 < features.max()
    assert len(extract(extractor, photo()[:64, :64])[0]) > 0


@pytest.mark.parametrize("size", [(8, 8), (64, 63), (50, 71)])
def test_the_map_is_one_cell_smaller_than_a_quarter(size: tuple[int, int]) -> None:
    with torch.device("meta"):
        network = D2NetNetwork()
        assert network(torch.zeros(1, 3, *size)).shape == (1, 512, size[0] // 4 - 1, size[1] // 4 - 1)


class Played:
    """A network that gives one map after another, whatever the photo."""

    def __init__(self, maps: Sequence[torch.Tensor]) -> None:
        self.maps = iter(maps)

    def __call__(self, photos: torch.Tensor) -> torch.Tensor:
        return next(self.maps)[None].clone()


@pytest.mark.parametrize(
    ("heights", "found"),
    [
        # A first level without keypoints is not added to the second.
        ((0, 3, 0), [(3.0, 2)]),
        # A later one is: the second map, 3 high, is what the third lies on.
        ((1, 0, 2), [(1.0, 1)]),
        ((0, 0, 2), [(2.0, 3)]),
    ],
)
def test_levels_without_keypoints(heights: Sequence[float], found: list[tuple[float, int]]) -> None:
    extractor: D2Net = build("d2net", scales=(1, 1, 1))
    maps = [torch.cat([h / 10 * bump(9, 4, 4)[None], torch.zeros(511, 9, 9)]) for h in heights]
    extractor.network: Any = Played(maps)
    features = extractor.extract(torch.zeros(1, 3, 40, 40))[0]
    expected = [height / place for height, place in found]
    np.testing.assert_allclose(features.scores, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"scales": ()}, "scales"),
        ({"scales": (1, -1)}, "scales"),
        ({"preprocessing": "bgr"}, "preprocessing"),
        ({"resize": (1600,)}, "resize"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        build("d2net", **settings)
