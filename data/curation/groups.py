"""Step 3, group: near copies by metres, heading and look, so that a famous place does not fill the set.

A group is a leader and what is near and like it: no member is farther from its leader than the limits, so
that groups do not chain along a street. Leaders are the sharpest photos that no other leads. Copies of one
file are found by their perceptual hash wherever they say that they were taken. Each photo is compared with
those within `radius_m` alone, and its hash with a bounded number of others.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from data.curation.looks import BITS, differing_bits
from data.errors import SettingsError

_COPY_BITS = 12  # of 256, by which files differ that were only encoded anew
_BAND_BYTES = 4
_COMPARED = 12  # neighbours in the sorted order of each band that are looked at
_STATED_COPY_M = 1000.0  # farther apart, two photos that look the same are two dark streets, not copies


@dataclass(frozen=True)
class Limits:
    """When photos are near copies, and how many of them are kept.

    radius_m, heading_deg: from the leader; photos of unknown heading are compared without it. similarity:
    least cosine of descriptors. look_bits: most differing bits of hashes, of 256, where there are no
    descriptors. keep: photos of a group that are shown to curators. least_sharpness: of those, as a share of
    the leader's.
    """

    radius_m: float = 15.0
    heading_deg: float = 40.0
    similarity: float = 0.8
    look_bits: int = 40
    keep: int = 3
    least_sharpness: float = 0.5

    def __post_init__(self) -> None:
        if self.keep < 1 or self.radius_m < 0 or not 0 <= self.look_bits <= BITS:
            raise SettingsError(
                f"{self}: expected keep of 1 or more, radius_m of 0 or more, look_bits from 0 to {BITS}"
            )


@dataclass(frozen=True, eq=False)
class Views:
    """N photos to be grouped.

    positions: (N, 2) float64, metres. headings: (N,) degrees, NaN where unknown. times: (N,) datetime64, NaT
    where unknown. sharpness: (N,). looks: (N, 32) uint8, see `looks`; zeros for none. descriptors: (N, D)
    float32 of unit length, None where no retriever was asked.
    """

    positions: np.ndarray
    headings: np.ndarray
    times: np.ndarray
    sharpness: np.ndarray
    looks: np.ndarray
    descriptors: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.positions)


@dataclass(frozen=True, eq=False)
class Groups:
    """leaders: (N,) int64, number of the photo that leads each one's group. kept: (N,) bool."""

    leaders: np.ndarray
    kept: np.ndarray


def group(views: Views, limits: Limits) -> Groups:
    """Group photos; the same photos in the same order give the same groups."""
    if not len(views):
        return Groups(np.empty(0, np.int64), np.empty(0, bool))
    originals = _originals(views)
    firsts = np.flatnonzero(originals == np.arange(len(views)))
    leaders = np.empty(len(views), np.int64)
    leaders[firsts] = _lead(views, firsts, limits)
    leaders = leaders[originals]
    kept = np.zeros(len(views), bool)
    for members in _members(leaders[firsts]):
        kept[_keep(views, firsts[members], limits)] = True
    return Groups(leaders, kept)


def _originals(views: Views) -> np.ndarray:
    """Return for each photo the sharpest of its copies, (N,); itself where it has none."""
    pairs = _copy_pairs(views)
    graph = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(views),) * 2)
    _, labels = connected_components(graph, directed=False)
    originals = np.empty(len(views), np.int64)
    for members in _members(labels):
        originals[members] = members[np.argmax(views.sharpness[members])]
    return originals


def _copy_pairs(views: Views) -> np.ndarray:
    """Return (M, 2) pairs of photos whose hashes are nearly equal.

    Hashes that differ in few bits agree in most of their bands; sorted by a band, they stand together.
    """
    known = np.flatnonzero(views.looks.any(axis=1))
    found = [np.empty((0, 2), np.int64)]
    for start in range(0, BITS // 8, _BAND_BYTES):
        # The band first, then the rest: photos that agree in a band of flat sky are ordered by what follows.
        turned = np.roll(views.looks[known], -start, axis=1)
        order = known[np.lexsort(turned.T[::-1])]
        for step in range(1, min(_COMPARED, len(order) - 1) + 1):
            pairs = np.stack([order[:-step], order[step:]], axis=1)
            found.append(pairs[_are_copies(views, pairs)])
    return np.unique(np.sort(np.concatenate(found), axis=1), axis=0)


def _are_copies(views: Views, pairs: np.ndarray) -> np.ndarray:
    first, second = pairs.T
    alike = differing_bits(views.looks[first], views.looks[second]) <= _COPY_BITS
    away = np.hypot(*(views.positions[first] - views.positions[second]).T)
    return alike & (away <= _STATED_COPY_M)


def _lead(views: Views, firsts: np.ndarray, limits: Limits) -> np.ndarray:
    """Return the leader of each of the photos `firsts`, none of which copies another: (F,)."""
    leaders = np.full(len(firsts), -1, np.int64)
    tree = KDTree(views.positions[firsts])
    for place in np.argsort(-views.sharpness[firsts], kind="stable").tolist():
        if leaders[place] >= 0:
            continue
        near = np.array(tree.query_ball_point(views.positions[firsts[place]], limits.radius_m))
        free = near[leaders[near] < 0]
        like = free[_alike(views, firsts[place], firsts[free], limits)]
        leaders[like] = leaders[place] = firsts[place]
    return leaders


def _alike(views: Views, leader: int, others: np.ndarray, limits: Limits) -> np.ndarray:
    """Return (M,) bool: which of the photos near a leader show what it shows."""
    turn = np.abs((views.headings[others] - views.headings[leader] + 180) % 360 - 180)
    facing = ~(turn > limits.heading_deg)  # NaN, an unknown heading, counts as facing
    if views.descriptors is not None:
        return facing & (views.descriptors[others] @ views.descriptors[leader] >= limits.similarity)
    if not views.looks[leader].any():
        return np.zeros(len(others), bool)
    bits = differing_bits(views.looks[others], views.looks[leader])
    return facing & views.looks[others].any(axis=1) & (bits <= limits.look_bits)


def _keep(views: Views, members: np.ndarray, limits: Limits) -> np.ndarray:
    """Choose photos of a group: the sharpest, then each time the one farthest in time from those chosen.

    Of equally far ones (a time that is unknown is no distance away) the sharper is taken.
    """
    members = members[np.argsort(-views.sharpness[members], kind="stable")]
    sharpness = views.sharpness[members]
    members = members[sharpness >= limits.least_sharpness * sharpness[0]]
    times = views.times[members].astype("datetime64[s]")
    seconds = np.where(np.isnat(times), np.nan, times.astype(np.float64))
    chosen = [0]
    nearest = np.full(len(members), np.inf)
    while len(chosen) < min(limits.keep, len(members)):
        apart = np.nan_to_num(np.abs(seconds - seconds[chosen[-1]]))
        nearest = np.minimum(nearest, apart)
        nearest[chosen] = -1
        chosen.append(int(np.argmax(nearest)))
    return members[chosen]


def _members(labels: np.ndarray) -> list[np.ndarray]:
    """Return the places of each label, in order."""
    order = np.argsort(labels, kind="stable")
    _, starts = np.unique(labels[order], return_index=True)
    return np.split(order, starts[1:])
