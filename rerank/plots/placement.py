"""Placing names beside their marks so that nothing overlaps. Arrays in, arrays out; same result every time.

A greedy search with second thoughts: each label in turn takes the best of its places around the mark,
given where the others are, until none moves any more. That is done in several orders, and the best kept.
"""

import numpy as np

# Where a label may stand from its mark, counterclockwise from the right, and how far away; the best first.
DIRECTIONS_DEG = (0, 30, -30, 150, -150, 180, 90, -90, 60, -60, 120, -120, 15, -15, 165, -165)
RADII = (3.0, 6.0, 10.0, 15.0, 21.0, 28.0, 36.0, 46.0, 58.0)
ROUNDS = 10
OVERLAP_COST = 1000.0  # of a wholly covered label, against 1 for a unit of distance
UNREADABLE_COST = 300.0  # of touching another label or the border at all
ROUNDING = 1e-9
HIDDEN_COST = 60.0  # of a way to the mark that is wholly covered
STEPS = np.linspace(0.0, 1.0, 9)  # where that is looked at
DIRECTION_COST = 0.3  # of each direction after the first


def place_labels(
    anchors: np.ndarray, sizes: np.ndarray, obstacles: np.ndarray, bounds: np.ndarray, *, unit: float = 1.0
) -> np.ndarray:
    """Return the lower left corner of each label: (N, 2).

    anchors: (N, 2) marks, x then y upwards. sizes: (N, 2) widths and heights of the labels. obstacles:
    (M, 4) boxes to keep clear, left, bottom, right, top; thin ones count for little. bounds: (4,) the
    box to stay in. unit: length of one unit of `RADII`.
    """
    x, y = anchors.T
    orders = (np.lexsort((y, x)), np.lexsort((y, -x)), np.lexsort((x, y)), np.lexsort((x, -y)))
    tried = [
        _place_in_order(order, anchors, sizes, obstacles.reshape(-1, 4), bounds, unit) for order in orders
    ]
    return min(tried, key=lambda found: found[1].sum())[0]


def _place_in_order(
    order: np.ndarray,
    anchors: np.ndarray,
    sizes: np.ndarray,
    obstacles: np.ndarray,
    bounds: np.ndarray,
    unit: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Place one label after the other, again and again until none moves; return corners and costs (N,)."""
    corners, costs = np.zeros((len(anchors), 2)), np.zeros(len(anchors))
    placed = np.zeros(len(anchors), bool)
    for _ in range(ROUNDS):
        before = corners.copy()
        for number in order:
            others = placed.copy()
            others[number] = False
            labels = boxes_of(corners[others], sizes[others])
            corners[number], costs[number] = _best_place(
                anchors[number], sizes[number], labels, obstacles, bounds, unit
            )
            placed[number] = True
        if np.array_equal(before, corners):
            break
    return corners, costs


def boxes_of(corners: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return boxes (N, 4), left, bottom, right, top, of lower left corners (N, 2) and sizes (N, 2)."""
    return np.concatenate([corners, corners + sizes], axis=1)


def boxes_between(starts: np.ndarray, ends: np.ndarray, thickness: float) -> np.ndarray:
    """Return boxes (N, 4) around lines along an axis, from `starts` (N, 2) to `ends` (N, 2)."""
    low, high = np.minimum(starts, ends), np.maximum(starts, ends)
    return np.concatenate([low - thickness / 2, high + thickness / 2], axis=1)


def overlaps(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the areas (N, M) that `boxes` (N, 4) have in common with `others` (M, 4)."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    return np.prod(np.maximum(high - low, 0.0), axis=2)


def gap(point: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Return the vector (2,) from a point to the nearest of a box (4,), zero inside it."""
    return np.clip(point, box[:2], box[2:]) - point


def _best_place(
    anchor: np.ndarray,
    size: np.ndarray,
    labels: np.ndarray,
    obstacles: np.ndarray,
    bounds: np.ndarray,
    unit: float,
) -> tuple[np.ndarray, float]:
    """Return the best corner (2,) of a label, and what it costs."""
    corners, costs = _places(anchor, size, unit)
    boxes = boxes_of(corners, np.broadcast_to(size, corners.shape))
    area = max(float(np.prod(size)), 1e-9)
    outside = area - overlaps(boxes, bounds[None])[:, 0]
    unreadable = (overlaps(boxes, labels).sum(axis=1) + outside) / area
    costs += UNREADABLE_COST * (unreadable > ROUNDING) + OVERLAP_COST * unreadable
    costs += OVERLAP_COST * overlaps(boxes, obstacles).sum(axis=1) / area
    costs += HIDDEN_COST * _hidden_share(anchor, boxes, np.concatenate([labels, obstacles]))
    best = int(np.argmin(costs))
    return corners[best], float(costs[best])


def _places(anchor: np.ndarray, size: np.ndarray, unit: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the corners (P, 2) of a label's possible places, and what each costs for being far, (P,)."""
    angles = np.deg2rad(DIRECTIONS_DEG)
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1).round(6)
    radii = np.array(RADII)
    beside = np.clip(np.sqrt(2.0) * directions, -1.0, 1.0) * size / 2  # the label begins at the mark
    centres = anchor + beside + unit * radii[:, None, None] * directions
    costs = radii[:, None] + DIRECTION_COST * np.arange(len(angles))
    return (centres - size / 2).reshape(-1, 2), costs.reshape(-1)


def _hidden_share(anchor: np.ndarray, boxes: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """Return how much of the way from each of `boxes` (P, 4) to the mark others cover, 0 to 1: (P,)."""
    own = ((taken[:, :2] <= anchor) & (anchor <= taken[:, 2:])).all(axis=1)
    others = taken[~own]
    ends = np.clip(anchor, boxes[:, :2], boxes[:, 2:])
    points = anchor + STEPS[:, None, None] * (ends - anchor)
    inside = (points[..., None, :] > others[:, :2]) & (points[..., None, :] < others[:, 2:])
    return inside.all(axis=-1).any(axis=-1).mean(axis=0)
