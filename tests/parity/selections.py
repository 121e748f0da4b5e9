"""Holding keypoints and matches of a photo, or a pair, to a fixture that stores them as sets of rows.

R2D2's and D2-Net's fixtures have this form: `PHOTO_keypoints`, `_scales`, `_scores`, `_descriptors` of
`_descriptor_rows`, and `pairAB_matches`, `_similarity`, `_inliers`, `_score`.
"""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from scipy.spatial import cKDTree

import matchers
from extractors import Features
from matchers.geometry import Robust, estimate_homography
from tests.parity.golden import assert_close

INLIERS_SHARE, INLIERS = 0.1, 5  # how far counts of inliers may lie apart, in words in meta.json

Arrays = Mapping[str, np.ndarray]
Specs = Mapping[str, Mapping[str, Any]]


def pairs(stored: np.ndarray, found: np.ndarray, spec: Mapping[str, Any], title: str) -> dict[int, int]:
    """Hold two sets of rows to one another; return the row found for each stored one that has one."""
    distances, nearest = cKDTree(found).query(stored, p=np.inf)
    of_row = {
        row: int(nearest[row]) for row in range(len(stored)) if distances[row] <= spec["pixel_tolerance"]
    }
    shared, most = len(set(of_row.values())), max(len(stored), len(found))
    assert shared >= spec["least_overlap"] * most, f"{title}: only {shared} of {most} shared"
    return of_row


def hold_keypoints(found: Features, arrays: Arrays, specs: Specs, photo: str) -> set[str]:
    """Hold keypoints as a set, the rest of their rows through the pairs; return the names held."""
    assert found.descriptors is not None and found.scales is not None and found.scores is not None
    stored = {name: arrays[f"{photo}_{name}"] for name in ("keypoints", "scales", "scores", "descriptors")}
    of_row = pairs(
        np.column_stack([stored["keypoints"], stored["scales"]]),
        np.column_stack([found.keypoints, found.scales]),
        specs[f"{photo}_keypoints"],
        photo,
    )
    there, here = list(of_row), list(of_row.values())
    assert_close(found.scales[here], stored["scales"][there], specs[f"{photo}_scales"], photo)
    assert_close(found.scores[here], stored["scores"][there], specs[f"{photo}_scores"], photo)
    described = arrays[f"{photo}_descriptor_rows"].tolist()
    shared = [number for number, row in enumerate(described) if row in of_row]
    rows = [of_row[described[number]] for number in shared]
    spec = specs[f"{photo}_descriptors"]
    assert_close(found.descriptors[rows], stored["descriptors"][shared], spec, photo)
    return {f"{photo}_{name}" for name in (*stored, "descriptor_rows")}


def pair_names(specs: Specs) -> list[str]:
    """Return the pairs that a fixture file has, such as "pair01"."""
    return sorted({match[0] for name in specs if (match := re.match(r"pair\d\d", name))})


def hold_pair(query: Features, candidate: Features, arrays: Arrays, specs: Specs, name: str) -> None:
    """Hold matches as a set, and the inliers to the range over the orders that matches can come in."""
    matcher = matchers.build("ransac", normalise="query_features")
    found, scores = matcher.match(query, candidate), matcher.score(query, [candidate])
    stored, spec = arrays[f"{name}_matches"], specs[f"{name}_matches"]
    of_row = pairs(stored, np.column_stack([found.points0, found.points1]), spec, name)
    first, second = found.indices[list(of_row.values())].T
    similarity = np.sum(query.descriptors[first] * candidate.descriptors[second], axis=1)
    stored_similarity, spec = arrays[f"{name}_similarity"][list(of_row)], specs[f"{name}_similarity"]
    assert_close(similarity, stored_similarity, spec, f"{name} similarity")

    inliers = int(arrays[f"{name}_inliers"])
    in_stored_order = estimate_homography(stored[:, 2:], stored[:, :2], Robust()).inliers.sum()
    assert abs(int(in_stored_order) - inliers) <= margin(inliers), name
    low, high = specs[f"{name}_inliers"]["range_over_orders"]
    assert low - margin(low) <= found.inliers.sum() <= high + margin(high), name
    assert low - margin(low) <= scores.values[0] * len(query) <= high + margin(high), name
    expected = inliers / len(arrays[f"image{name[-2]}_keypoints"])
    assert float(arrays[f"{name}_score"]) == pytest.approx(-expected), f"{name}: smaller is better there"


def margin(inliers: int) -> float:
    return max(INLIERS_SHARE * inliers, INLIERS)
