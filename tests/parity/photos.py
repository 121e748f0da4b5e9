"""Feature records out of fixture arrays."""

from collections.abc import Mapping

import numpy as np

from extractors import Features


def photo(arrays: Mapping[str, np.ndarray], case: str, number: int, size: tuple[int, int]) -> Features:
    """Return photo `number` (0 the query) of a case.

    A case without keypoints of its own shares those of others, and their levels: `case/keypoints`, or
    `keypoints` for all cases.
    """

    def find(name: str) -> np.ndarray | None:
        shared = () if f"{case}/keypoints{number}" in arrays else (f"{case}/{name}", name)
        return next((arrays[key] for key in (f"{case}/{name}{number}", *shared) if key in arrays), None)

    descriptors = arrays[f"{case}/descriptors{number}"]
    return Features(size, keypoints=find("keypoints"), descriptors=descriptors.T, levels=find("levels"))


def cases(arrays: Mapping[str, np.ndarray], suffix: str) -> list[str]:
    """Return the names of the cases that have an array called `suffix`, in order."""
    return sorted(name.removesuffix(f"/{suffix}") for name in arrays if name.endswith(f"/{suffix}"))


def rows(matches: np.ndarray) -> set[tuple[int, int]]:
    return {(int(i), int(j)) for i, j in matches}
