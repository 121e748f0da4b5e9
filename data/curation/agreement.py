"""How far curators agree who judged the same photos: Cohen's kappa, and how far apart they put a photo."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from data.curation.items import Item
from data.curation.records import Action, Decision


@dataclass(frozen=True)
class Agreement:
    """What two curators say of the photos that both judged.

    curators: sorted. photos: how many both judged. same: how many both took or both left out. kappa: Cohen's,
    -1 to 1; None where chance alone would make them agree always, or nothing was judged by both. apart_m:
    median distance between their positions of the photos that both took, metres; None where there are none.
    """

    curators: tuple[str, str]
    photos: int
    same: int
    kappa: float | None
    apart_m: float | None


def agreements(items: Iterable[Item]) -> list[Agreement]:
    """Return the agreement of each two curators who judged a photo in common, in the order of their names.

    A skip is no judgement, and an undone one does not count; a curator's newest stands for the photo.
    """
    pairs: dict[tuple[str, str], list[tuple[Decision, Decision]]] = {}
    for item in items:
        judged = item.judgements()
        for first, second in combinations(sorted(judged), 2):
            pairs.setdefault((first, second), []).append((judged[first], judged[second]))
    return [_agreement(curators, pairs[curators]) for curators in sorted(pairs)]


def cohen_kappa(first: Sequence[str], second: Sequence[str]) -> float | None:
    """Return how much more often two raters agree than by chance, as a share of what chance leaves.

    first, second: the category that each chose for the same N photos. Returns None where there are no photos,
    and where both always chose one same category. J. Cohen, A coefficient of agreement for nominal scales,
    Educational and Psychological Measurement 20 (1960), equation 1.
    """
    count = len(first)
    if not count:
        return None
    observed = sum(one == other for one, other in zip(first, second, strict=True)) / count
    kinds = set(first) | set(second)
    expected = sum(first.count(kind) * second.count(kind) for kind in kinds) / count**2
    return None if expected == 1 else (observed - expected) / (1 - expected)


def _agreement(curators: tuple[str, str], judged: list[tuple[Decision, Decision]]) -> Agreement:
    first, second = ([_taken(pair[side]) for pair in judged] for side in (0, 1))
    same = sum(one == other for one, other in zip(first, second, strict=True))
    apart = [
        np.hypot(one.after.east - other.after.east, one.after.north - other.after.north)
        for one, other in judged
        if Action.REJECT not in (one.action, other.action)
    ]
    distance = float(np.median(apart)) if apart else None
    return Agreement(curators, len(judged), same, cohen_kappa(first, second), distance)


def _taken(decision: Decision) -> str:
    return "rejected" if decision.action == Action.REJECT else "taken"
