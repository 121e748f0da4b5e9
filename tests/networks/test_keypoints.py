import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from networks.keypoints import local_maxima, strongest_first, suppress_non_maxima

# Few values, so that plateaus and ties abound.
maps = arrays(
    np.float32, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.sampled_from([0, 1, 2, 3])
)


def window(values: np.ndarray, y: int, x: int, radius: int) -> np.ndarray:
    return values[max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1]


def maxima_by_hand(values: np.ndarray, radius: int) -> np.ndarray:
    marked = np.zeros(values.shape, bool)
    for y, x in np.ndindex(values.shape):
        marked[y, x] = values[y, x] == window(values, y, x, radius).max()
    return marked


def suppressed_by_hand(values: np.ndarray, radius: int, rounds: int) -> np.ndarray:
    kept = maxima_by_hand(values, radius)
    for _ in range(rounds):
        near = np.zeros(values.shape, bool)
        for y, x in np.ndindex(values.shape):
            near[y, x] = window(kept, y, x, radius).any()
        kept |= maxima_by_hand(np.where(near, 0, values), radius) & ~near
    return np.where(kept, values, 0)


@settings(deadline=None, max_examples=60)
@given(maps, st.integers(0, 3))
def test_local_maxima_are_those_found_by_hand(values: np.ndarray, radius: int) -> None:
    found = local_maxima(torch.tensor(values)[None], radius)[0].numpy()
    np.testing.assert_array_equal(found, maxima_by_hand(values, radius))


@settings(deadline=None, max_examples=60)
@given(maps, st.integers(0, 3), st.integers(0, 3))
def test_suppression_is_that_done_by_hand(values: np.ndarray, radius: int, rounds: int) -> None:
    found = suppress_non_maxima(torch.tensor(values)[None], radius, rounds)[0].numpy()
    np.testing.assert_array_equal(found, suppressed_by_hand(values, radius, rounds))


def test_negative_maps_have_maxima_at_their_borders() -> None:
    values = torch.tensor([[-5.0, -7.0, -9.0]])[None]
    assert local_maxima(values, 1).tolist() == [[[True, False, False]]]


def test_maps_of_a_batch_do_not_mix() -> None:
    values = torch.rand(3, 20, 30, generator=torch.Generator().manual_seed(0))
    apart = torch.cat([suppress_non_maxima(one[None], 2) for one in values])
    assert torch.equal(suppress_non_maxima(values, 2), apart)


def test_strongest_come_first_and_ties_in_order() -> None:
    scores = torch.tensor([1.0, 3.0, 2.0, 3.0, 2.0])
    assert strongest_first(scores).tolist() == [1, 3, 2, 4, 0]
    assert strongest_first(scores, 3).tolist() == [1, 3, 2]
    assert strongest_first(scores, 9).tolist() == [1, 3, 2, 4, 0]
    assert strongest_first(scores[:0], 2).tolist() == []
