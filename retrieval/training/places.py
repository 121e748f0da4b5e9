"""Places as classes: cells of the ground and of the compass, in groups without neighbours.

Source: Berton, Masone, Caputo, CVPR 2022 (arXiv 2204.02287), section 3.1; github gmberton/CosPlace.
"""

from dataclasses import dataclass

import numpy as np
from pydantic import PositiveInt

from data.errors import TrainingError


@dataclass(frozen=True)
class Grid:
    """How places are cut. cell_m: M, a cell's side. heading_deg: alpha, a bin of headings.

    cells_apart, headings_apart: N and L: two classes of one group are at least so many cells, or so many
    bins of headings, apart. min_photos: classes with fewer are left out.
    """

    cell_m: PositiveInt = 10
    heading_deg: PositiveInt = 30
    cells_apart: PositiveInt = 5
    headings_apart: PositiveInt = 2
    min_photos: PositiveInt = 10


@dataclass(frozen=True, eq=False)
class Group:
    """Classes that are trained together. photos: for each class the indices (n,) of its photos."""

    photos: tuple[np.ndarray, ...]


def classes_of(positions: np.ndarray, headings: np.ndarray, grid: Grid) -> np.ndarray:
    """Return (N, 3) int64, each photo's class: east and north in metres, heading in degrees, rounded down.

    positions: (N, 2) float64, UTM metres. headings: (N,) degrees. As published, heading 360 is a bin of its
    own.
    """
    cells = positions // grid.cell_m * grid.cell_m
    bins = headings // grid.heading_deg * grid.heading_deg
    return np.column_stack([cells, bins]).astype(np.int64)


def groups_of(classes: np.ndarray, grid: Grid) -> np.ndarray:
    """Return (N, 3) int64: the group of each of (N, 3) classes."""
    position_period, heading_period = grid.cell_m * grid.cells_apart, grid.heading_deg * grid.headings_apart
    cells = classes[:, :2] % position_period // grid.cell_m
    return np.column_stack([cells, classes[:, 2] % heading_period // grid.heading_deg])


def make_groups(
    positions: np.ndarray, headings: np.ndarray, sources: np.ndarray, grid: Grid, most_groups: int
) -> list[Group]:
    """Return the first groups, at most `most_groups`, in the order in which photos of kept classes name them.

    positions: (N, 2), headings: (N,), sources: (N,) int, which tell places of datasets apart that lie at
    the same positions. Classes keep the order of their first photo. Raises TrainingError for headings that
    are not known, and where no class has enough photos.
    """
    unknown = int(np.count_nonzero(~np.isfinite(headings)))
    if unknown:
        raise TrainingError(
            f"{unknown} of {len(headings)} training photos have no heading, which CosPlace's classes need; "
            "the ninth part of a photo's name carries it"
        )
    classes = classes_of(positions, headings, grid)
    keys = np.column_stack([sources, classes])
    _, first, member, counts = np.unique(
        keys, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    kept = np.flatnonzero(counts >= grid.min_photos)
    if not len(kept):
        raise TrainingError(
            f"none of {len(counts)} classes has the {grid.min_photos} photos that are asked for (the largest "
            f"has {counts.max(initial=0)}); lower min_photos, or widen cell_m and heading_deg"
        )
    kept = kept[np.argsort(first[kept])]
    order = np.argsort(member.ravel(), kind="stable")
    photos = np.split(order, np.cumsum(counts)[:-1])
    groups: dict[tuple[int, ...], list[np.ndarray]] = {}
    for number, group in zip(kept, groups_of(classes[first[kept]], grid).tolist(), strict=True):
        groups.setdefault(tuple(group), []).append(photos[number])
    return [Group(tuple(found)) for found in list(groups.values())[:most_groups]]
