"""DELG's affine verification against the published scores (in the fixture of RANSAC).

The tolerance stands in words in its meta.json (`accept`); the constants here repeat it.
"""

from collections.abc import Callable

import numpy as np

import matchers
from tests.parity.golden import Golden
from tests.parity.photos import cases, photo, rows

SHARE, COUNT = 0.03, 2  # by which a count may leave the range over the published seeds


def test_matches_and_counts(golden: Callable[[str], Golden]) -> None:
    fixture = golden("ransac")
    arrays, delf = fixture.arrays("affine.npz"), fixture.meta["config"]["delf"]
    affine = matchers.build(
        "affine",
        match_distance=delf["descriptor_matching_threshold"],
        residual_px=delf["ransac_residual_threshold"],
        iterations=delf["max_trials"],
    )
    width, height = fixture.meta["config"]["image"]
    for case, counts in zip(cases(arrays, "matches"), arrays["scores"], strict=True):
        query, candidate = (photo(arrays, case, number, (height, width)) for number in (0, 1))
        found = affine.match(query, candidate)
        assert found.indices is not None
        assert rows(found.indices) == rows(arrays[f"{case}/matches"]), case
        count = affine.score(query, [candidate]).values[0]
        assert count == found.inliers.sum()
        low, high = (1 - SHARE) * counts.min() - COUNT, (1 + SHARE) * counts.max() + COUNT
        assert low <= count <= high, f"{case}: {count}, published {np.unique(counts)}"
