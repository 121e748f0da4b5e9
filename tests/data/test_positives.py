import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import DatasetError
from data.positives import find_positives

# Positions in whole centimetres, as names hold them, in a patch small enough to be near the limit.
CENTIMETRES = st.lists(st.tuples(st.integers(0, 6000), st.integers(0, 6000)), max_size=30)


@settings(deadline=None)
@given(database=CENTIMETRES, queries=CENTIMETRES, threshold=st.sampled_from([0, 1, 500, 2500]))
def test_equals_brute_force_on_whole_centimetres(database, queries, threshold):
    origin = np.array([54_313_308, 417_985_358])
    database, queries = (origin + np.array(side, np.int64).reshape(-1, 2) for side in (database, queries))
    found = find_positives(database / 100, queries / 100, threshold / 100)
    squared = ((queries[:, None] - database[None]) ** 2).sum(axis=2)
    assert len(found) == len(queries)
    for indices, row in zip(found, squared, strict=True):
        assert indices.dtype == np.int64
        np.testing.assert_array_equal(indices, np.flatnonzero(row <= threshold**2))


def test_the_limit_is_included_wherever_rounding_falls():
    # 8.80 m east and 23.40 m north are 25 m; many sums of such decimals are a little more in floats.
    rng = np.random.default_rng(0)
    queries = np.stack(
        [rng.integers(54_000_000, 55_500_000, 500), rng.integers(417_000_000, 418_500_000, 500)], 1
    )
    at_limit, beyond = queries + np.array([880, 2340]), queries + np.array([881, 2340])
    assert (((at_limit / 100 - queries / 100) ** 2).sum(axis=1) > 25**2).any()
    for index, found in enumerate(find_positives(at_limit / 100, queries / 100)):
        assert index in found
    for index, found in enumerate(find_positives(beyond / 100, queries / 100)):
        assert index not in found


def test_known_positions():
    found = find_positives(np.array([[0, 0], [15, 20], [15, 20.01]]), np.array([[0, 0], [100, 0]]))
    assert [indices.tolist() for indices in found] == [[0, 1], []]


@pytest.mark.parametrize("positions", [np.zeros((3, 3)), np.zeros(2), np.array([[0, np.nan]])])
def test_positions_of_another_form_are_refused(positions):
    with pytest.raises(DatasetError, match="query positions must be finite"):
        find_positives(np.zeros((1, 2)), positions)


@pytest.mark.parametrize("threshold", [-1, np.nan])
def test_thresholds_below_zero_are_refused(threshold):
    with pytest.raises(DatasetError, match="threshold"):
        find_positives(np.zeros((1, 2)), np.zeros((1, 2)), threshold)
