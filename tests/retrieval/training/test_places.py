"""Places as classes and their groups, on numbers worked by hand."""

import numpy as np
import pytest

from data.errors import TrainingError
from retrieval.training.places import Grid, classes_of, groups_of, make_groups


def test_positions_and_headings_are_rounded_down_to_their_cell() -> None:
    positions = np.array([[548019.99, 4179990.0], [-0.5, 3.0]])
    found = classes_of(positions, np.array([59.9, 360.0]), Grid())
    np.testing.assert_array_equal(found, [[548010, 4179990, 30], [-10, 0, 360]])


def test_groups_count_cells_and_bins_round_and_round() -> None:
    classes = np.array([[0, 0, 0], [40, 50, 30], [-10, 120, 60], [50, 0, 360]])
    found = groups_of(classes, Grid(cell_m=10, heading_deg=30, cells_apart=5, headings_apart=2))
    np.testing.assert_array_equal(found, [[0, 0, 0], [4, 0, 1], [4, 2, 0], [0, 0, 0]])


def test_classes_of_one_group_are_never_neighbours() -> None:
    grid = Grid(cell_m=10, heading_deg=30, cells_apart=3, headings_apart=2, min_photos=1)
    draw = np.random.default_rng(0)
    positions, headings = draw.uniform(0, 120, (3000, 2)), draw.uniform(0, 360, 3000)
    groups = make_groups(positions, headings, np.zeros(3000, int), grid, 100)
    assert len(groups) == 3 * 3 * 2
    for group in groups:
        first = [photos[0] for photos in group.photos]
        classes = classes_of(positions[first], headings[first], grid) // (10, 10, 30)
        apart = np.abs(classes[:, None] - classes[None]) >= (3, 3, 2)
        same = np.eye(len(classes), dtype=bool)
        assert (apart.any(-1) | same).all()


def test_small_classes_are_left_out_and_photos_are_those_of_their_class() -> None:
    positions = np.array([[5, 5], [55, 5], [6, 5], [15, 5], [56, 5], [7, 5]], float)
    grid = Grid(cell_m=10, heading_deg=30, cells_apart=5, headings_apart=1, min_photos=2)
    groups = make_groups(positions, np.full(6, 10.0), np.zeros(6, int), grid, 8)
    assert [[photos.tolist() for photos in group.photos] for group in groups] == [[[0, 2, 5], [1, 4]]]


def test_places_of_two_datasets_at_the_same_coordinates_are_two_classes() -> None:
    positions, headings = np.full((4, 2), 5.0), np.full(4, 10.0)
    groups = make_groups(positions, headings, np.array([0, 1, 0, 1]), Grid(min_photos=2), 8)
    assert [photos.tolist() for photos in groups[0].photos] == [[0, 2], [1, 3]]


def test_what_makes_no_classes_is_refused() -> None:
    positions = np.zeros((3, 2))
    with pytest.raises(TrainingError, match="1 of 3 training photos have no heading"):
        make_groups(positions, np.array([0.0, np.nan, 0.0]), np.zeros(3, int), Grid(), 8)
    with pytest.raises(TrainingError, match="the largest has 3"):
        make_groups(positions, np.zeros(3), np.zeros(3, int), Grid(), 8)
