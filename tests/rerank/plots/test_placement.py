import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerank.plots.placement import boxes_between, boxes_of, gap, overlaps, place_labels

BOUNDS = np.array([0.0, 0.0, 400.0, 300.0])
NOTHING = np.empty((0, 4))


def test_overlaps_are_areas():
    box = np.array([[0.0, 0.0, 4.0, 2.0]])
    others = np.array([[3.0, 1.0, 9.0, 9.0], [4.0, 0.0, 5.0, 2.0], [1.0, 0.5, 2.0, 1.5]])
    np.testing.assert_array_equal(overlaps(box, others), [[1.0, 0.0, 1.0]])


def test_lines_along_an_axis_become_thin_boxes():
    found = boxes_between(np.array([[2.0, 5.0]]), np.array([[0.0, 5.0]]), 0.5)
    np.testing.assert_array_equal(found, [[-0.25, 4.75, 2.25, 5.25]])


@pytest.mark.parametrize(
    ("point", "vector"), [((5.0, 5.0), (0.0, 0.0)), ((0.0, 4.0), (2.0, 0.0)), ((12.0, 20.0), (-4.0, -14.0))]
)
def test_the_gap_reaches_to_the_nearest_of_a_box(point, vector):
    np.testing.assert_array_equal(gap(np.array(point), np.array([2.0, 3.0, 8.0, 6.0])), vector)


def test_a_lonely_label_stands_right_of_its_mark():
    corner = place_labels(np.array([[100.0, 100.0]]), np.array([[40.0, 10.0]]), NOTHING, BOUNDS)
    np.testing.assert_allclose(corner, [[103.0, 95.0]])


def test_a_label_at_the_right_edge_goes_to_the_left():
    corner = place_labels(np.array([[395.0, 100.0]]), np.array([[40.0, 10.0]]), NOTHING, BOUNDS)
    assert corner[0, 0] + 40.0 < 395.0


def test_a_label_keeps_clear_of_obstacles():
    obstacle = np.array([[101.0, 80.0, 200.0, 120.0]])
    corners = place_labels(np.array([[100.0, 100.0]]), np.array([[40.0, 10.0]]), obstacle, BOUNDS)
    assert overlaps(boxes_of(corners, np.array([[40.0, 10.0]])), obstacle).sum() == 0.0


def test_labels_of_marks_in_one_place_do_not_cover_each_other():
    anchors, sizes = np.full((6, 2), 150.0), np.tile([60.0, 10.0], (6, 1))
    _assert_apart(place_labels(anchors, sizes, NOTHING, BOUNDS), sizes)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(20, 380), st.integers(20, 280)), min_size=1, max_size=8))
def test_few_labels_never_overlap_and_stay_inside(places):
    anchors, sizes = np.array(places, float), np.tile([55.0, 9.0], (len(places), 1))
    corners = place_labels(anchors, sizes, NOTHING, BOUNDS)
    _assert_apart(corners, sizes)
    assert (corners >= BOUNDS[:2]).all()
    assert (corners + sizes <= BOUNDS[2:]).all()
    np.testing.assert_array_equal(corners, place_labels(anchors, sizes, NOTHING, BOUNDS))


def _assert_apart(corners: np.ndarray, sizes: np.ndarray) -> None:
    covered = overlaps(boxes_of(corners, sizes), boxes_of(corners, sizes))
    np.testing.assert_array_equal(covered[~np.eye(len(corners), dtype=bool)], 0.0)
