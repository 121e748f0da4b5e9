"""SuperGlue: transport, padding, batches, refused weights."""

from itertools import pairwise
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import extractors
import matchers
from data.errors import PairError, SettingsError, WeightsError
from matchers.base import fits
from matchers.conformance import drawn_photo
from matchers.sinkhorn import Domain, Potentials, _Transport, assign, log_assignment
from matchers.superglue import PADDING, batches_by_size
from matchers.superglue_folded import FoldedLayer, fold
from matchers.superglue_network import Side, SuperGlueNetwork, normalise_keypoints, pad_sides
from networks.precision import LOW_PRECISION, inference
from networks.seeded import made_up_state, seeded_state
from networks.state_dicts import load_strictly

LAYERS = ("self", "self", "cross", "self")
ARCHITECTURE = {"descriptor_dim": 32, "keypoint_encoder": (8,), "GNN_layers": LAYERS}
BIN = torch.tensor(1.0)


def state() -> dict[str, np.ndarray]:
    network = SuperGlueNetwork(32, (8,), LAYERS)
    shapes = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
    return seeded_state(shapes, overrides={"bin_score": 1.0})


def tensors() -> dict[str, torch.Tensor]:
    return {key: torch.as_tensor(value) for key, value in state().items()}


@pytest.fixture(scope="module")
def superglue() -> matchers.Matcher:
    return matchers.build("superglue", state(), **ARCHITECTURE)


def test_columns_sum_to_their_shares_and_rows_nearly() -> None:
    scores = torch.randn(2, 6, 9, generator=torch.Generator().manual_seed(0))
    assignment = log_assignment(scores, BIN, iterations=200).exp()
    torch.testing.assert_close(assignment[:, :, :-1].sum(dim=1), torch.ones(2, 9))
    torch.testing.assert_close(assignment[:, :, -1].sum(dim=1), torch.full((2,), 6.0))
    torch.testing.assert_close(assignment[:, :-1].sum(dim=2), torch.ones(2, 6), rtol=1e-3, atol=1e-3)


def test_transport_equals_its_definition_in_float64() -> None:
    draw = np.random.default_rng(1)
    scores = 30 * draw.standard_normal((5, 7))
    couplings = np.pad(scores, ((0, 1), (0, 1)), constant_values=2.5)
    shares0, shares1 = np.array([1.0] * 5 + [7.0]) / 12, np.array([1.0] * 7 + [5.0]) / 12
    u, v = np.zeros(6), np.zeros(8)
    for _ in range(13):
        u = np.log(shares0) - np.logaddexp.reduce(couplings + v, axis=1)
        v = np.log(shares1) - np.logaddexp.reduce(couplings + u[:, None], axis=0)
    expected = couplings + u[:, None] + v + np.log(12)
    found = log_assignment(torch.tensor(scores, dtype=torch.float32)[None], torch.tensor(2.5), 13)[0]
    np.testing.assert_allclose(found.numpy(), expected, atol=2e-4)


@pytest.mark.parametrize("size", [0.0, 1.0, 30.0, 300.0, 3e4])
def test_products_give_what_logarithms_give_whatever_the_scores(size: float) -> None:
    """Float32 holds scores of this size to about `size` / 2^24, once in every iteration of logarithms."""
    draw = torch.Generator().manual_seed(3)
    scores = size * torch.randn(2, 40, 50, generator=draw)
    scores[0] += 3 * size * torch.eye(40, 50)
    exact = log_assignment(scores.double(), BIN.double(), 60, domain="log")
    by_logarithms = log_assignment(scores.clone(), BIN, 60, domain="log")
    by_products = log_assignment(scores.clone(), BIN, 60)
    rounding = (by_logarithms - exact).abs().max()
    assert torch.isfinite(by_products).all()
    assert (by_products - exact).abs().max() <= 2 * rounding + 1e-5


@pytest.mark.parametrize("size", [30.0, 300.0, 3e4])
def test_large_scores_are_left_to_products(size: float, monkeypatch: pytest.MonkeyPatch) -> None:
    by_logarithms: list[int] = []
    slow = _Transport.with_logarithms

    def counted(self: _Transport, potentials: Potentials, iterations: int) -> Potentials:
        by_logarithms.append(iterations)
        return slow(self, potentials, iterations)

    monkeypatch.setattr(_Transport, "with_logarithms", counted)
    scores = size * torch.randn(1, 200, 250, generator=torch.Generator().manual_seed(4))
    log_assignment(scores, BIN, 100)
    assert sum(by_logarithms) <= 10


def test_scores_that_leave_the_range_of_products_are_done_with_logarithms() -> None:
    """A bin far below all scores: rows compete for one column by more than float32's range."""
    scores = torch.tensor([[[500.0, 0.0, -500.0], [500.0, -300.0, 0.0]]])
    found, expected = (
        log_assignment(scores.clone(), torch.tensor(-400.0), 50, domain=domain) for domain in get_args(Domain)
    )
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-3)


def test_padding_has_no_influence_on_the_transport() -> None:
    scores = 50 * torch.randn(3, 6, 9, generator=torch.Generator().manual_seed(2))
    lengths = [9, 4, 1]
    padded = log_assignment(scores.clone(), BIN, 20, torch.tensor(lengths))
    for row, length in enumerate(lengths):
        alone = log_assignment(scores[row : row + 1, :, :length].clone(), BIN, 20)[0]
        found = torch.cat([padded[row, :, :length], padded[row, :, -1:]], dim=1)
        torch.testing.assert_close(found, alone, rtol=1e-5, atol=1e-4)
        assert padded[row, :, length:-1].isneginf().all()
        assigned = assign(padded[row : row + 1], 0.0)
        assert (assigned.matches1[0, length:] == -1).all() and assigned.matches0.max() < length


def test_matches_are_mutual_maxima_above_the_threshold() -> None:
    shares = torch.tensor([[0.8, 0.1, 0.9], [0.7, 0.2, 0.9], [0.0, 0.3, 0.9], [0.9, 0.9, 0.9]])
    found = assign(shares.log()[None], threshold=0.3)
    assert found.matches0[0].tolist() == [0, -1, -1]  # the bins of 0.9 do not compete
    assert found.matches1[0].tolist() == [0, -1]
    torch.testing.assert_close(found.confidences0[0], torch.tensor([0.8, 0.0, 0.3]))
    torch.testing.assert_close(found.confidences1[0], torch.tensor([0.8, 0.3]))


def test_a_padded_batch_gives_the_scores_of_single_pairs(superglue: matchers.Matcher) -> None:
    query = superglue._side(drawn_photo(40, seed=0))
    sides = [superglue._side(drawn_photo(count, seed=count)) for count in (50, 37, 1)]
    with torch.inference_mode():
        batch = superglue.network(query, pad_sides(sides))
        for row, side in enumerate(sides):
            alone = superglue.network(query, side)[0]
            torch.testing.assert_close(batch[row, :, : alone.shape[1]], alone, rtol=1e-4, atol=1e-4)


def test_folded_layers_give_what_the_published_ones_give(superglue: matchers.Matcher) -> None:
    plain, folded = (load_strictly(SuperGlueNetwork(32, (8,), LAYERS), tensors(), "test") for _ in range(2))
    fold(folded)
    assert all(isinstance(layer, FoldedLayer) for layer in folded.gnn.layers)
    sides = (
        superglue._side(drawn_photo(40, seed=0)),
        pad_sides([superglue._side(drawn_photo(count, seed=count)) for count in (50, 37)]),
    )
    with torch.inference_mode():
        expected = plain(*sides)
        torch.testing.assert_close(
            folded(*sides), expected, rtol=1e-5, atol=1e-5 * float(expected.abs().max())
        )


def test_made_up_scores_are_as_large_as_trained_ones() -> None:
    network = SuperGlueNetwork(256, (32, 64, 128, 256), ("self", "cross") * 9)
    state = {key: torch.as_tensor(value) for key, value in made_up_state(network).items()}
    matcher = matchers.build("superglue", state)
    with torch.inference_mode():
        sides = (matcher._side(drawn_photo(20, seed=seed, width=256)) for seed in (0, 1))
        assert 10 < matcher.network(*sides).abs().max() < 1e4


def test_equal_sides_are_not_masked() -> None:
    side = Side(torch.zeros(1, 3, 2), torch.zeros(1, 3), torch.zeros(1, 3, 4))
    assert pad_sides([side, side]).real is None


def test_keypoints_are_normalised_by_the_longer_side() -> None:
    corners = torch.tensor([[0.0, 0.0], [320.0, 240.0], [160.0, 120.0]])
    expected = torch.tensor([[-160.0, -120.0], [160.0, 120.0], [0.0, 0.0]]) / (0.7 * 320)
    torch.testing.assert_close(normalise_keypoints(corners, (240, 320)), expected)


@given(st.lists(st.integers(0, 40), max_size=30), st.integers(1, 2000))
@settings(deadline=None)
def test_batches_hold_every_candidate_once_within_memory(lengths: list[int], memory: int) -> None:
    batches = batches_by_size(lengths, memory, lambda longest: 10 * longest)
    assert sorted(i for batch in batches for i in batch) == [i for i, n in enumerate(lengths) if n]
    for batch in batches:
        sizes = [lengths[index] for index in batch]
        assert min(sizes) >= (1 - PADDING) * max(sizes)
        assert len(batch) == 1 or len(batch) * 10 * max(sizes) <= memory
    assert all(lengths[one[-1]] >= lengths[other[0]] for one, other in pairwise(batches))


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_lower_precision_keeps_float32_scores_and_stays_close(
    superglue: matchers.Matcher, precision: str
) -> None:
    sides = [superglue._side(drawn_photo(count, seed=count)) for count in (40, 30)]
    with inference(superglue.device, precision):
        lower = superglue.network(*sides)
    with inference(superglue.device, "float32"):
        reference = superglue.network(*sides)
    assert lower.dtype == torch.float32
    rounding = 16 * torch.finfo(LOW_PRECISION[precision]).eps  # over four layers
    assert 0 < (lower - reference).abs().max() < rounding * reference.abs().max()


def test_weights_load_with_or_without_counters_and_with_nothing_else() -> None:
    whole = state()
    counters = [key for key in whole if key.endswith("num_batches_tracked")]
    assert counters
    matchers.build("superglue", {k: v for k, v in whole.items() if k not in counters}, **ARCHITECTURE)
    with pytest.raises(WeightsError, match="missing: bin_score"):
        matchers.build("superglue", {k: v for k, v in whole.items() if k != "bin_score"}, **ARCHITECTURE)
    with pytest.raises(WeightsError, match="unknown: extra"):
        matchers.build("superglue", whole | {"extra": np.zeros(1, np.float32)}, **ARCHITECTURE)


def test_only_superpoints_features_are_taken(superglue: matchers.Matcher) -> None:
    assert fits(extractors.registry.load("superpoint").spec, superglue.spec)
    assert not fits(extractors.registry.load("r2d2").spec, superglue.spec)
    with pytest.raises(PairError, match="32 components, found 16"):
        superglue.score(drawn_photo(5, seed=0), [drawn_photo(5, seed=1, width=16)])


def test_the_variant_names_the_published_file(superglue: matchers.Matcher) -> None:
    defaults = type(superglue).Settings()
    assert superglue.checkpoint(defaults) == "superglue_outdoor.pth"
    assert superglue.checkpoint(type(defaults)(variant="indoor")) == "superglue_indoor.pth"
    with pytest.raises(SettingsError, match="outdoor"):
        matchers.build("superglue", state(), variant="underwater", **ARCHITECTURE)
    with pytest.raises(SettingsError, match="at least 1"):
        matchers.build("superglue", state(), sinkhorn_iterations=0, **ARCHITECTURE)
