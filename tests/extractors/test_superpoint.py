import logging

import numpy as np
import pytest
import torch

import extractors
import extractors.superpoint
from data.errors import SettingsError, WeightsError
from extractors.conformance import extract
from extractors.superpoint import SuperPointSettings, sample_descriptors, select
from networks.seeded import seeded_state
from tests.extractors.methods import build, photo, state


def interpolated_by_hand(dense: np.ndarray, u: float, v: float) -> np.ndarray:
    """Interpolate a map (D, h, w) at column u and row v, zeros outside, and normalise."""
    total = np.zeros(len(dense))
    for row in (int(np.floor(v)), int(np.floor(v)) + 1):
        for column in (int(np.floor(u)), int(np.floor(u)) + 1):
            if 0 <= row < dense.shape[1] and 0 <= column < dense.shape[2]:
                total += (1 - abs(u - column)) * (1 - abs(v - row)) * dense[:, row, column]
    return total / np.linalg.norm(total)


@pytest.mark.parametrize("sampling", ["published", "exact"])
def test_descriptors_are_interpolated_where_the_formula_says(sampling: str) -> None:
    dense = np.random.default_rng(0).normal(size=(6, 3, 4)).astype(np.float32)
    keypoints = np.array([[0, 0], [31, 23], [3.5, 3.5], [10, 17], [27, 5]], np.float32)
    found = sample_descriptors(torch.tensor(dense), torch.tensor(keypoints), sampling).numpy()
    for (x, y), descriptor in zip(keypoints, found, strict=True):
        u, v = (x - 3.5) / 8, (y - 3.5) / 8
        if sampling == "published":
            u, v = (x - 3.5) * 3 / (8 * 4 - 4.5), (y - 3.5) * 2 / (8 * 3 - 4.5)
        np.testing.assert_allclose(descriptor, interpolated_by_hand(dense, u, v), atol=1e-5)


def test_exact_sampling_is_a_setting_that_changes_descriptors_alone() -> None:
    published, exact = (
        extract(build("superpoint", sampling=sampling), photo())[0] for sampling in ("published", "exact")
    )
    np.testing.assert_array_equal(published.keypoints, exact.keypoints)
    assert 0.005 < np.abs(published.descriptors - exact.descriptors).max() < 0.5


def test_upsampled_photos_give_keypoints_in_pixels_of_the_original() -> None:
    plain, upsampled = build("superpoint"), build("superpoint", upsample=1.5)
    enlarged = upsampled.prepare(photo()[:60, :81])
    assert enlarged.shape == (1, 90, 122)
    in_frame = plain.extract(enlarged[None])[0]
    found = upsampled.extract(enlarged[None], [(60, 81)])[0]
    assert found.image_size == (60, 81) and len(found) > 20
    expected = (in_frame.keypoints + 0.5) * [81 / 122, 60 / 90] - 0.5
    np.testing.assert_allclose(found.keypoints, expected, rtol=1e-6)
    np.testing.assert_array_equal(found.descriptors, in_frame.descriptors)


def test_photos_are_not_shrunk() -> None:
    with pytest.raises(SettingsError, match="upsample"):
        build("superpoint", upsample=0.5)


def test_borders_are_those_of_the_score_map() -> None:
    odd = photo()[:61, :79]  # score map 56 x 72
    found = extract(build("superpoint", nms_radius=0, remove_borders=3, max_keypoints=-1), odd)[0]
    assert found.keypoints.min(axis=0).tolist() == [3, 3]
    assert found.keypoints.max(axis=0).tolist() == [68, 52]


def test_threshold_is_exclusive_and_a_cut_sorts_by_score() -> None:
    scores = torch.tensor([[0.0, 0.5, 0.25], [0.75, 1.0, 0.5]])
    settings = {"keypoint_threshold": 0.25, "remove_borders": 0}
    keypoints, values = select(scores, SuperPointSettings(**settings, max_keypoints=-1))
    assert keypoints.tolist() == [[1, 0], [0, 1], [1, 1], [2, 1]]
    assert values.tolist() == [0.5, 0.75, 1.0, 0.5]
    keypoints, values = select(scores, SuperPointSettings(**settings, max_keypoints=3))
    assert keypoints.tolist() == [[1, 1], [0, 1], [1, 0]]
    assert values.tolist() == [1.0, 0.75, 0.5]


def test_low_precision_stays_near_full_precision() -> None:
    full, half = (extract(build("superpoint", p), photo())[0] for p in ("float32", "bf16"))
    shared = {tuple(k) for k in full.keypoints} & {tuple(k) for k in half.keypoints}
    assert len(shared) > 0.6 * len(full)
    assert len(np.unique(half.scores)) > 0.95 * len(half)  # no plateaus


def test_huge_photos_are_announced_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(extractors.superpoint, "WARN_PIXELS", 40 * 48 - 1)
    extractor = build("superpoint")
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            extract(extractor, photo()[:40, :48])
    assert [record.getMessage() for record in caplog.records] == [
        "superpoint takes about 0.0 GB for a photo of 48 x 40 pixels"
    ]


@pytest.mark.parametrize("count", [0, -2])
def test_numbers_of_keypoints_that_the_published_code_refuses(count: int) -> None:
    with pytest.raises(SettingsError, match="-1 for all"):
        build("superpoint", max_keypoints=count)


def test_another_descriptor_width_is_a_setting() -> None:
    shapes = {key: list(value.shape) for key, value in state("superpoint").items()}
    narrow = seeded_state({**shapes, "convDb.weight": [32, 256, 1, 1], "convDb.bias": [32]})
    extractor = extractors.build("superpoint", narrow, descriptor_dim=32)
    assert extract(extractor, photo()[:64, :64])[0].descriptors.shape[1] == 32
    with pytest.raises(WeightsError, match=r"convDb.*expected \(256"):
        extractors.build("superpoint", narrow)
