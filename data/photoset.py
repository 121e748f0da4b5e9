"""A set of photos with positions: the database or the queries of a dataset."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from data.errors import DatasetError
from data.files import digest_of_names

BY_BASE_NAME = "base name"
BY_LIST_FILE = "list file"


@dataclass(frozen=True)
class Fingerprint:
    """What identifies a set of photos. digest: 16 hexadecimal digits of the sorted base names."""

    count: int
    digest: str


@dataclass(frozen=True, eq=False)
class PhotoSet:
    """N photos of one folder, in the order of all indices that refer to them.

    folder: what the paths are relative to. paths: POSIX. ordering: "base name" (base names sorted,
    then paths) or "list file" (the order of `FOLDER_images_paths.txt`).
    positions: (N, 2) float64, east and north in metres. headings: (N,) float64, degrees clockwise
    from north, NaN where unknown. times: (N,) datetime64[s], NaT where unknown. zones: (N,) str,
    UTM zone as "10S", conditions: (N,) str such as "night"; both "" where unknown.
    known_digest: the fingerprint's digest where it is already known.
    """

    folder: Path
    paths: Sequence[str]
    ordering: str
    positions: np.ndarray
    headings: np.ndarray
    times: np.ndarray
    zones: np.ndarray
    conditions: np.ndarray
    known_digest: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for name in ("positions", "headings", "times", "zones", "conditions"):
            if len(getattr(self, name)) != len(self.paths):
                found = len(getattr(self, name))
                raise DatasetError(f"{self.folder}: {found} {name} of {len(self.paths)} photos")

    def __len__(self) -> int:
        return len(self.paths)

    @cached_property
    def names(self) -> list[str]:
        """Base names, in order."""
        return [base_name(path) for path in self.paths]

    @cached_property
    def fingerprint(self) -> Fingerprint:
        """Count and digest of the base names, whatever their order."""
        return Fingerprint(len(self), self.known_digest or digest_of_names(self.names))

    def path(self, index: int) -> Path:
        """Return where photo `index` is on disk."""
        return self.folder / self.paths[index]

    def subset(self, chosen: np.ndarray | Sequence[int] | Sequence[bool]) -> "PhotoSet":
        """Return the photos of a mask (N,) or of increasing indices, in the same order.

        Raises DatasetError for a mask of another length and for indices that do not increase or are
        out of range: the order of a set is defined, and a subset keeps it.
        """
        indices = self._indices(np.asarray(chosen))
        return PhotoSet(
            self.folder,
            tuple(self.paths[index] for index in indices),
            self.ordering,
            self.positions[indices],
            self.headings[indices],
            self.times[indices],
            self.zones[indices],
            self.conditions[indices],
        )

    def _indices(self, chosen: np.ndarray) -> np.ndarray:
        if chosen.dtype == bool:
            if chosen.shape != (len(self),):
                raise DatasetError(f"a mask of shape {chosen.shape} for {len(self)} photos")
            return np.flatnonzero(chosen)
        if chosen.size == 0:
            return np.empty(0, np.int64)
        increasing = chosen.dtype.kind in "iu" and chosen.ndim == 1 and (np.diff(chosen) > 0).all()
        if not increasing or chosen[0] < 0 or chosen[-1] >= len(self):
            raise DatasetError(
                f"indices of a subset must be integers that increase within 0..{len(self) - 1}"
            )
        return chosen.astype(np.int64)


def base_name(path: str) -> str:
    """Return the last part of a POSIX path."""
    return path.rpartition("/")[2]


def sort_paths(paths: list[str]) -> list[str]:
    """Sort by base name, then by path: the order in which the field's harness indexes photos."""
    paths = sorted(paths)
    if any("/" in path for path in paths):
        paths.sort(key=base_name)
    return paths
