"""What every matcher must do, as tests that any package can hold its own method to.

    from matchers.conformance import MatcherConformance

    class TestMine(MatcherConformance):
        name = "mine"

run by pytest. Photos are made-up features; weights are made up unless the class gives others.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

import matchers
from data.errors import PairError, WeightsError
from extractors import Features
from matchers.base import Matcher
from networks.registry import SEEDED, Weights

SIZE = (240, 320)  # of the made-up photos
GLOBAL_DIM = 16


def drawn_photo(count: int, seed: int, width: int = 32) -> Features:
    """Return `count` features at random places: random unit descriptors, levels and scales in turns."""
    draw = np.random.default_rng(seed)
    descriptors = draw.standard_normal((count, width)).astype(np.float32)
    descriptors /= np.maximum(np.linalg.norm(descriptors, axis=1, keepdims=True), 1e-6)
    whole = draw.standard_normal(GLOBAL_DIM)
    return Features(
        SIZE,
        keypoints=draw.uniform((0, 0), (SIZE[1] - 1, SIZE[0] - 1), (count, 2)).astype(np.float32),
        descriptors=descriptors,
        scores=draw.uniform(0, 1, count).astype(np.float32),
        levels=np.arange(count) % 3,
        scales=np.array([0.5, 1, 2], np.float32)[np.arange(count) % 3],
        global_descriptor=(whole / np.linalg.norm(whole)).astype(np.float32),
    )


class MatcherConformance:
    """The suite; a subclass for pytest names the method.

    name: in the registry. settings: for the made-up photos. counts: whether it counts matches, and what
    it scores follows from them. keypoints: whether its matches are keypoints that features have.
    half_share: how much of the scores' range rounding descriptors to float16 may move a score.
    """

    name: ClassVar[str]
    settings: ClassVar[Mapping[str, Any]] = {}
    counts: ClassVar[bool] = True
    keypoints: ClassVar[bool] = True
    half_share: ClassVar[float] = 0.02

    def weights(self) -> Weights:
        """Return the weights to test with."""
        method = matchers.registry.load(self.name)
        return SEEDED if method.checkpoint(method.Settings()) else None

    def photo(self, count: int, seed: int) -> Features:
        """Return a photo with about `count` features, other ones for every seed; none for 0."""
        return drawn_photo(count, seed)

    def blank(self) -> Features:
        """Return a photo all of whose features look alike."""
        photo = self.photo(20, seed=4)
        descriptors = photo.descriptors
        return photo if descriptors is None else replace(photo, descriptors=np.tile(descriptors[:1], (20, 1)))

    @pytest.fixture
    def matcher(self) -> Matcher:
        """The matcher."""
        built: Matcher = matchers.build(self.name, self.weights(), **self.settings)
        return built

    @pytest.fixture
    def query(self) -> Features:
        """A query photo."""
        return self.photo(60, seed=0)

    @pytest.fixture
    def candidates(self, query: Features) -> list[Features]:
        """Photos of every kind: the query itself, others, one feature, none, a blank one."""
        others = [self.photo(count, seed) for count, seed in ((0, 1), (80, 2), (1, 3), (50, 5))]
        return [query, *others, self.blank()]

    def test_scores_are_finite_float64_in_the_candidates_order(
        self, matcher: Matcher, query: Features, candidates: list[Features]
    ) -> None:
        scores = matcher.score(query, candidates)
        assert scores.values.shape == (len(candidates),) and scores.values.dtype == np.float64
        assert np.isfinite(scores.values).all()
        assert scores.matching_s > 0 and scores.scoring_s >= 0
        order = [3, 0, 5, 2, 1, 4]
        permuted = matcher.score(query, [candidates[index] for index in order])
        np.testing.assert_allclose(permuted.values, scores.values[order], rtol=1e-12)

    def test_candidates_score_together_as_alone(
        self, matcher: Matcher, query: Features, candidates: list[Features]
    ) -> None:
        together = matcher.score(query, candidates)
        alone = [matcher.score(query, [candidate]) for candidate in candidates]
        np.testing.assert_allclose(together.values, [single.values[0] for single in alone], rtol=1e-12)
        if together.matches is not None:
            counts = [single.matches[0] for single in alone if single.matches is not None]
            assert together.matches.tolist() == counts

    def test_the_same_call_gives_the_same_result(
        self, matcher: Matcher, query: Features, candidates: list[Features]
    ) -> None:
        first, second = (matcher.score(query, candidates).values for _ in range(2))
        np.testing.assert_array_equal(first, second)

    def test_results_do_not_depend_on_the_number_of_threads(
        self, matcher: Matcher, query: Features, candidates: list[Features]
    ) -> None:
        threads = torch.get_num_threads()
        try:
            values = []
            for number in (1, 3):
                torch.set_num_threads(number)
                values.append(matcher.score(query, candidates).values)
        finally:
            torch.set_num_threads(threads)
        np.testing.assert_allclose(values[0], values[1], rtol=1e-6)

    def test_features_stored_in_half_precision_score_nearly_the_same(
        self, matcher: Matcher, query: Features, candidates: list[Features]
    ) -> None:
        exact = matcher.score(query, candidates).values
        stored = matcher.score(_halved(query), [_halved(candidate) for candidate in candidates]).values
        bound = self.half_share * max(float(np.ptp(exact)), 1.0)
        np.testing.assert_allclose(stored, exact, rtol=0, atol=bound)
        separated = np.flatnonzero(np.abs(np.diff(np.sort(exact))) > 2 * bound)
        ranks = [np.argsort(np.argsort(values, kind="stable"), kind="stable") for values in (exact, stored)]
        for cut in separated:  # candidates on either side of a clear gap stay there
            np.testing.assert_array_equal(ranks[0] <= cut, ranks[1] <= cut)

    def test_no_candidates_and_no_features_are_no_accident(
        self, matcher: Matcher, candidates: list[Features]
    ) -> None:
        nothing = self.photo(0, seed=9)
        assert matcher.score(candidates[0], []).values.shape == (0,)
        for pair in ((nothing, candidates[0]), (candidates[0], nothing), (nothing, nothing)):
            assert np.isfinite(matcher.score(pair[0], [pair[1]]).values).all()
            found = matcher.match(*pair)
            assert found.points0.shape == found.points1.shape == (0, 2) and found.inliers.shape == (0,)

    def test_photos_without_features_score_zero(self, matcher: Matcher, candidates: list[Features]) -> None:
        if not self.counts:
            pytest.skip(f"{self.name} compares photos as wholes, those without local features too")
        nothing = replace(self.photo(0, seed=9), global_descriptor=None)
        assert matcher.score(nothing, candidates).values.tolist() == [0.0] * len(candidates)
        assert matcher.score(candidates[0], [nothing]).values.tolist() == [0.0]

    def test_correspondences_are_those_that_were_counted(
        self, matcher: Matcher, query: Features, candidates: list[Features]
    ) -> None:
        if not self.counts:
            pytest.skip(f"{self.name} compares photos as wholes, and counts nothing")
        scores = matcher.score(query, candidates)
        assert scores.matches is not None and scores.matches.dtype == np.int64
        assert scores.matches.sum() > 0
        for index, candidate in enumerate(candidates):
            found = matcher.match(query, candidate)
            assert len(found.points0) == len(found.points1) == scores.matches[index]
            assert found.inliers.dtype == bool
            assert scores.inliers is None or found.inliers.sum() == scores.inliers[index]
            if self.keypoints:
                _hold_to_keypoints(found, query, candidate)

    def test_features_that_lack_an_array_are_refused_by_its_name(
        self, matcher: Matcher, query: Features
    ) -> None:
        for name in matcher.spec.needs:
            absent: Any = {} if name == "dense" else None
            with pytest.raises(PairError, match=f"{matcher.spec.name} needs {name}"):
                matcher.score(query, [replace(query, **{name: absent})])

    def test_weights_that_do_not_fit_are_refused(self, matcher: Matcher) -> None:
        network = matcher.layers(matcher.settings)
        if network is None:
            pytest.skip(f"{self.name} has no network")
        state = network.state_dict()
        largest = max(state, key=lambda key: state[key].numel())  # a weight: no counter, no buffer
        state[f"first {largest}"] = state.pop(largest)
        with pytest.raises(WeightsError, match=r"missing: .*unknown: .*first"):
            matchers.build(self.name, state, **self.settings)


def _hold_to_keypoints(found: matchers.Matches, query: Features, candidate: Features) -> None:
    assert found.indices is not None and found.indices.dtype == np.int64
    for points, photo, rows in zip(
        (found.points0, found.points1), (query, candidate), found.indices.T, strict=True
    ):
        assert photo.keypoints is not None
        np.testing.assert_array_equal(points, photo.keypoints[rows])


def _halved(features: Features) -> Features:
    """Return features as a store gives them back: descriptors and floating-point maps in float16."""
    descriptors = features.descriptors
    return replace(
        features,
        descriptors=None if descriptors is None else descriptors.astype(np.float16),
        dense={
            name: array.astype(np.float16) if array.dtype.kind == "f" else array
            for name, array in features.dense.items()
        },
    )
