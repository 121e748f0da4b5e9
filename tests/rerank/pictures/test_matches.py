import numpy as np
import pytest
from matplotlib.patches import Rectangle

from extractors import Features
from matchers import Matches
from rerank.pictures.matches import BOXES, MOST, REJECTED, Link, draw_matches
from rerank.pictures.photos import Picture
from rerank.plots.style import YELLOW
from tests.rerank.plots.reading import words

LOW, TALL = (50, 100), (100, 100)  # the first is drawn twice as large


def photo(size: tuple[int, int]) -> Picture:
    return Picture(size, np.full((*size, 3), 90, np.uint8))


def link(points0, points1, inliers, label: str = "r2d2+ransac", **more) -> Link:
    matches = Matches(
        np.array(points0, np.float32).reshape(-1, 2),
        np.array(points1, np.float32).reshape(-1, 2),
        np.array(inliers, bool),
        indices=more.pop("indices", None),
        confidences=more.pop("confidences", None),
    )
    features = more.pop("features", (Features(LOW), Features(TALL)))
    return Link(label, more.pop("settings", {}), features, matches, **more)


def lines(axis) -> dict[str, np.ndarray]:
    """Return the lines of a plot by what they are: (M, 2, 2), from the query to the candidate."""
    rejected, inliers = (found for found in axis.collections if hasattr(found, "get_segments"))
    assert rejected.get_colors()[0].tolist() != inliers.get_colors()[0].tolist()
    return {
        "rejected": np.array(rejected.get_segments()).reshape(-1, 2, 2),
        "inliers": np.array(inliers.get_segments()).reshape(-1, 2, 2),
    }


def test_lines_join_the_points_of_both_photos():
    one = link([[0, 0], [99, 49]], [[0, 0], [99, 99]], [True, False])
    axis = draw_matches(photo(LOW), photo(TALL), [one]).axes[0]
    left1 = 200 + 0.02 * 300  # the query is drawn 200 wide, the candidate 100
    found = lines(axis)
    np.testing.assert_allclose(found["inliers"], [[[0.5, 0.5], [left1, 0.0]]])
    np.testing.assert_allclose(found["rejected"], [[[198.5, 98.5], [left1 + 99, 99.0]]])
    query, candidate = (image.get_extent() for image in axis.images)
    assert tuple(query) == (-0.5, 199.5, 99.5, -0.5)
    np.testing.assert_allclose(candidate, (left1 - 0.5, left1 + 99.5, 99.5, -0.5))


def test_inliers_are_bright_and_rejected_ones_faint():
    axis = draw_matches(photo(LOW), photo(LOW), [link([[1, 1]] * 2, [[2, 2]] * 2, [True, False])]).axes[0]
    rejected, inliers = (found for found in axis.collections if hasattr(found, "get_segments"))
    assert (inliers.get_alpha(), rejected.get_alpha()) == (0.9, 0.55)
    assert inliers.get_linewidth()[0] > rejected.get_linewidth()[0]
    assert YELLOW != REJECTED


@pytest.mark.parametrize(
    ("inliers", "score", "told"),
    [
        ([True, True, False], 2.0, "2 inliers of 3 matches, score 2"),
        ([True, True], 45926.4, "2 matches, score 45,926"),
        ([True], None, "1 match"),
        ([], -np.inf, "no correspondences, no score"),
    ],
)
def test_the_counts_and_the_score_are_written(inliers, score, told):
    points = np.ones((len(inliers), 2))
    figure = draw_matches(photo(LOW), photo(TALL), [link(points, points, inliers, score=score)])
    assert told in words(figure).splitlines()


def test_of_many_lines_some_are_drawn():
    points = np.random.default_rng(0).uniform(0, 40, (3 * MOST, 2))
    axis = draw_matches(photo(LOW), photo(LOW), [link(points, points, [True] * len(points))]).axes[0]
    assert len(lines(axis)["inliers"]) == MOST


def test_matched_patches_are_boxes_of_their_sizes():
    count = BOXES + 3
    centres = np.tile([[40.0, 25.0]], (count + 1, 1)).astype(np.float32)
    levels = np.array([0] * count + [1])
    features = tuple(
        Features(size, keypoints=centres, levels=levels, frame_size=(100, 200)) for size in (LOW, LOW)
    )
    rows = np.stack([np.arange(count + 1)] * 2, axis=1)
    one = link(
        centres, centres, [True] * (count + 1), features=features, indices=rows,
        settings={"patch_sizes": (2, 5)},
    )  # fmt: skip
    axis = draw_matches(photo(LOW), photo(LOW), [one]).axes[0]
    widths = sorted(patch.get_width() for patch in axis.patches if isinstance(patch, Rectangle))
    assert widths == [16.0] * (2 * BOXES) + [40.0] * 2


def test_the_most_similar_pair_of_maps_is_ringed():
    one = link([[1, 1], [30, 20]], [[2, 2], [31, 21]], [True, True], confidences=np.array([0.2, 0.9]))
    figure = draw_matches(photo(LOW), photo(LOW), [one])
    drawn = figure.axes[0].collections
    rings = [found for found in drawn if hasattr(found, "get_sizes") and found.get_sizes().tolist() == [90]]
    np.testing.assert_allclose(rings[0].get_offsets(), [[30, 20]])
    assert len(rings) == 2
    assert "ring: most similar" in words(figure)
    with_keypoints = link([[1, 1]], [[2, 2]], [True], confidences=np.ones(1), indices=np.zeros((1, 2), int))
    assert "ring" not in words(draw_matches(photo(LOW), photo(LOW), [with_keypoints]))


@pytest.mark.parametrize("sizes", [((40, 2000), (300, 60)), ((1, 1), (500, 500)), ((60, 80), (60, 80))])
def test_photos_of_any_shape_fit(sizes):
    query, candidate = (photo(size) for size in sizes)
    figure = draw_matches(query, candidate, [link([[0, 0]], [[0, 0]], [True])], names=("$q_", "<c>"))
    assert "query $q_" in words(figure)
    assert figure.get_size_inches().max() < 20


def test_an_absent_photo_leaves_a_frame():
    absent = Picture((3, 4), None, "photo is missing")
    assert "photo is missing" in words(draw_matches(absent, photo(LOW), [link([], [], [])]))


def test_methods_stand_beside_and_below_each_other():
    links = [link([[1, 1]], [[2, 2]], [True], label=f"method {number}") for number in range(3)]
    figure = draw_matches(photo(LOW), photo(LOW), links)
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["method 0", "method 1", "method 2", ""]
    assert "no methods" in words(draw_matches(photo(LOW), photo(LOW), []))
