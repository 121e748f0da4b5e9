"""What every matcher must do, whatever its method."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

import matchers
from data.errors import PairError
from extractors import Features
from matchers.rrt_network import RrtNetwork
from matchers.superglue_network import SuperGlueNetwork
from networks.seeded import seeded_state
from tests.matchers.drawn import drawn_photo

RRT: dict[str, Any] = {
    "d_global": 16,
    "d_model": 32,
    "nhead": 4,
    "num_encoder_layers": 2,
    "dim_feedforward": 16,
}
SUPERGLUE: dict[str, Any] = {
    "descriptor_dim": 32,
    "keypoint_encoder": (8, 16),
    "GNN_layers": ("self", "cross"),
    "sinkhorn_iterations": 20,
    "match_threshold": 0.0,
}
METHODS = {
    "affine": ("affine", {}),
    "ransac": ("ransac", {}),
    "ransac by level": ("ransac", {"levels": "weighted"}),
    "ransac by poselib": ("ransac", {"estimator": "poselib"}),
    "rapid": ("rapid", {}),
    "rapid by level": ("rapid", {"variant": "weighted", "relative_anchor": True}),
    "superglue": ("superglue", SUPERGLUE),
    "rrt": ("rrt", RRT),
}
NETWORKS = {  # of the methods with weights
    "superglue": lambda: SuperGlueNetwork(*(SUPERGLUE[name] for name in list(SUPERGLUE)[:3])),
    "rrt": lambda: RrtNetwork(*RRT.values()),
}
WITHOUT_MATCHES = ("rrt",)  # which compare photos as wholes, those without local features too


def build(name: str, settings: dict[str, Any]) -> matchers.Matcher:
    if name not in NETWORKS:
        return matchers.build(name, **settings)
    shapes = {key: tuple(tensor.shape) for key, tensor in NETWORKS[name]().state_dict().items()}
    loud = {"bin_score": 1.0} if "bin_score" in shapes else {}
    return matchers.build(name, seeded_state(shapes, overrides=loud), **settings)


@pytest.fixture(scope="module", params=METHODS)
def matcher(request: pytest.FixtureRequest) -> matchers.Matcher:
    return build(*METHODS[request.param])


@pytest.fixture(scope="module", params=[name for name in METHODS if name not in WITHOUT_MATCHES])
def counting_matcher(request: pytest.FixtureRequest) -> matchers.Matcher:
    return build(*METHODS[request.param])


@pytest.fixture(scope="module")
def query() -> Features:
    return drawn_photo(60, seed=0)


@pytest.fixture(scope="module")
def candidates(query: Features) -> list[Features]:
    """Photos of every kind: the query itself, others of other sizes, one keypoint, none, a blank one."""
    blank = np.tile(query.descriptors[:1], (20, 1))
    return [
        query,
        drawn_photo(0, seed=1),
        drawn_photo(80, seed=2),
        drawn_photo(1, seed=3),
        replace(drawn_photo(20, seed=4), descriptors=blank),
        drawn_photo(50, seed=5),
    ]


def test_every_registered_matcher_is_held_to_this_suite() -> None:
    assert {name for name, _ in METHODS.values()} == set(matchers.registry.builtins)


def test_scores_are_finite_float64_in_the_candidates_order(
    matcher: matchers.Matcher, query: Features, candidates: list[Features]
) -> None:
    scores = matcher.score(query, candidates)
    assert scores.values.shape == (len(candidates),) and scores.values.dtype == np.float64
    assert np.isfinite(scores.values).all()
    assert scores.matching_s > 0 and scores.scoring_s >= 0
    order = [3, 0, 5, 2, 1, 4]
    permuted = matcher.score(query, [candidates[index] for index in order])
    np.testing.assert_allclose(permuted.values, scores.values[order], rtol=1e-12)


def test_candidates_score_together_as_alone(
    matcher: matchers.Matcher, query: Features, candidates: list[Features]
) -> None:
    together = matcher.score(query, candidates)
    alone = [matcher.score(query, [candidate]) for candidate in candidates]
    np.testing.assert_allclose(together.values, [single.values[0] for single in alone], rtol=1e-12)
    if together.matches is not None:
        assert together.matches.tolist() == [int(single.matches[0]) for single in alone]


def test_the_same_call_gives_the_same_result(
    matcher: matchers.Matcher, query: Features, candidates: list[Features]
) -> None:
    first, second = (matcher.score(query, candidates).values for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_results_do_not_depend_on_the_number_of_threads(
    matcher: matchers.Matcher, query: Features, candidates: list[Features]
) -> None:
    threads = torch.get_num_threads()
    try:
        values = []
        for number in (1, 3):
            torch.set_num_threads(number)
            values.append(matcher.score(query, candidates).values)
    finally:
        torch.set_num_threads(threads)
    np.testing.assert_allclose(*values, rtol=1e-6)


def test_photos_without_features_score_zero(
    counting_matcher: matchers.Matcher, candidates: list[Features]
) -> None:
    nothing = replace(drawn_photo(0, seed=9), global_descriptor=None)
    assert counting_matcher.score(nothing, candidates).values.tolist() == [0.0] * len(candidates)
    assert counting_matcher.score(candidates[0], [nothing]).values.tolist() == [0.0]


def test_no_candidates_and_no_features_are_no_accident(
    matcher: matchers.Matcher, candidates: list[Features]
) -> None:
    nothing = drawn_photo(0, seed=9)
    assert matcher.score(candidates[0], []).values.shape == (0,)
    for pair in ((nothing, candidates[0]), (candidates[0], nothing), (nothing, nothing)):
        assert np.isfinite(matcher.score(pair[0], [pair[1]]).values).all()
        found = matcher.match(*pair)
        assert found.points0.shape == found.points1.shape == (0, 2) and found.inliers.shape == (0,)


def test_correspondences_are_those_that_were_counted(
    counting_matcher: matchers.Matcher, query: Features, candidates: list[Features]
) -> None:
    scores = counting_matcher.score(query, candidates)
    assert scores.matches is not None and scores.matches.dtype == np.int64
    assert scores.matches.sum() > 0
    for index, candidate in enumerate(candidates):
        found = counting_matcher.match(query, candidate)
        assert found.indices is not None and found.indices.dtype == np.int64
        assert len(found.indices) == scores.matches[index] and found.inliers.dtype == bool
        np.testing.assert_array_equal(found.points0, query.keypoints[found.indices[:, 0]])
        np.testing.assert_array_equal(found.points1, candidate.keypoints[found.indices[:, 1]])
        if scores.inliers is not None:
            assert found.inliers.sum() == scores.inliers[index]


def test_features_that_lack_an_array_are_refused_by_its_name(
    matcher: matchers.Matcher, query: Features
) -> None:
    for name in matcher.spec.needs:
        with pytest.raises(PairError, match=f"{matcher.spec.name} needs {name}"):
            matcher.score(query, [replace(query, **{name: None})])
