"""Robust homographies: known maps, degenerate points, threads, refused settings."""

from typing import Any, get_args

import numpy as np
import pytest
import torch

from data.errors import SettingsError
from matchers.geometry import Estimator, Robust, estimate_homography, forward_errors, scaled
from networks.cores import on_cores

ESTIMATORS = get_args(Estimator)
HOMOGRAPHY = np.array([[0.9, 0.1, 20.0], [-0.05, 1.1, -10.0], [1e-4, -5e-5, 1.0]])


def seen(count: int, true: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return points, their places under HOMOGRAPHY for the first `true`, far places for the rest."""
    draw = np.random.default_rng(seed)
    source = draw.uniform((0, 0), (640, 480), (count, 2)).astype(np.float32)
    homogeneous = np.c_[source, np.ones(count)] @ HOMOGRAPHY.T
    target = homogeneous[:, :2] / homogeneous[:, 2:]
    angles = draw.uniform(0, 2 * np.pi, count - true)
    target[true:] += 150 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return source, target.astype(np.float32), np.arange(count) < true


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_known_homography_is_found(estimator: Estimator) -> None:
    source, target, true = seen(200, 120, seed=0)
    estimate = estimate_homography(source, target, Robust(estimator, reprojection_px=4.0))
    np.testing.assert_array_equal(estimate.inliers, true)
    assert estimate.homography is not None
    assert forward_errors(estimate.homography, source[true], target[true]).max() < 0.05
    assert estimate.homography[2, 2] == 1.0
    np.testing.assert_allclose(estimate.homography, HOMOGRAPHY, rtol=2e-3, atol=2e-6)


def test_scaling_keeps_the_map_and_leaves_alone_what_has_no_last_number() -> None:
    points = np.array([[3.0, 5.0], [600.0, 20.0], [50.0, 400.0]])
    np.testing.assert_allclose(scaled(-2.5 * HOMOGRAPHY), HOMOGRAPHY, rtol=1e-15)
    np.testing.assert_allclose(
        forward_errors(scaled(-2.5 * HOMOGRAPHY), points, np.zeros((3, 2))),
        forward_errors(HOMOGRAPHY, points, np.zeros((3, 2))),
    )
    without = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.01, 0.0, 0.0]])
    np.testing.assert_array_equal(scaled(without), without)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_inliers_are_those_under_the_returned_homography(estimator: Estimator) -> None:
    draw = np.random.default_rng(1)
    source, target, true = seen(300, 200, seed=1)
    target[true] += draw.normal(0, 3, (200, 2)).astype(np.float32)
    robust = Robust(estimator, reprojection_px=6.0)
    estimate = estimate_homography(source, target, robust)
    assert estimate.homography is not None
    mapped = np.c_[source, np.ones(300)] @ estimate.homography.T
    errors = np.hypot(*(mapped[:, :2] / mapped[:, 2:] - target).T)
    np.testing.assert_array_equal(estimate.inliers, errors <= robust.reprojection_px)
    assert estimate.inliers[true].mean() > 0.8


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize(
    "points",
    [
        np.zeros((0, 2)),
        np.array([[1.0, 2.0], [30.0, 4.0], [5.0, 60.0]]),
        np.arange(12.0)[:, None] * [3.0, 2.0],
        np.full((7, 2), 5.0),
    ],
    ids=["none", "three", "collinear", "coincident"],
)
def test_points_that_determine_no_homography_give_none(estimator: Estimator, points: np.ndarray) -> None:
    estimate = estimate_homography(
        points.astype(np.float32), points.astype(np.float32) + 1, Robust(estimator)
    )
    assert estimate.homography is None
    assert estimate.inliers.tolist() == [False] * len(points)


def test_the_threshold_is_inclusive_and_points_at_infinity_are_no_inliers() -> None:
    vanishing = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.01, 0.0, 0.0]])  # x = 0 goes to infinity
    errors = forward_errors(vanishing, np.array([[0.0, 5.0], [0.0, 0.0]]), np.zeros((2, 2)))
    assert not (errors <= 1e9).any()
    shift = np.eye(3)
    shift[0, 2] = 3.0
    assert forward_errors(shift, np.zeros((1, 2)), np.array([[0.0, 4.0]])).tolist() == [5.0]


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_threads_do_not_change_the_estimates(estimator: Estimator) -> None:
    pairs = [seen(60, 12, seed)[:2] for seed in range(12)]
    alone = [estimate_homography(*pair, Robust(estimator)) for pair in pairs]
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(4)
        together = on_cores(lambda pair: estimate_homography(*pair, Robust(estimator)), pairs)
    finally:
        torch.set_num_threads(threads)
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one.inliers, other.inliers)
        np.testing.assert_array_equal(one.homography, other.homography)


@pytest.mark.parametrize(
    "settings",
    [
        {"estimator": "lmeds"},
        {"reprojection_px": 0.0},
        {"reprojection_px": float("nan")},
        {"iterations": 0},
        {"confidence": 1.0},
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=str(next(iter(settings.values())))):
        Robust(**settings)
