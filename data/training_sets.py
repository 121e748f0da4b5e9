"""Photos to train on: what datasets have for it, else all that they have."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.datasets import is_table
from data.errors import DatasetError
from data.folders import read_folder
from data.layout import DATABASES, find_holder, queries_below
from data.named import NAMED_SETS, locate
from data.photoset import PhotoSet
from data.tables import photos_of, read_table, splits_of

TRAINING_FOLDERS = ("processed/train", "images/train", "train")
TRAINING_SPLIT = "train"


@dataclass(frozen=True, eq=False)
class TrainingPhotos:
    """N photos with their places.

    positions: (N, 2) float64, metres. headings: (N,) float64, degrees clockwise from north, NaN where
    unknown. sources: (N,) int64, the number of each photo's dataset: two may use the same coordinates.
    """

    paths: tuple[Path, ...]
    positions: np.ndarray
    headings: np.ndarray
    sources: np.ndarray


def read_training_photos(sources: Sequence[str | Path]) -> TrainingPhotos:
    """Return the photos of one or more datasets that a network may learn from, dataset by dataset.

    sources: named datasets, folders, or .csv or .parquet tables. Of each its training photos are taken
    (`processed/train` as SF-XL has it, `images/train`, `train`, or a table's split of that name); where it
    has none, its database and all its queries; and a folder without these is one of photos.
    Raises DatasetError where there are no photos.
    """
    if not sources:
        raise DatasetError("no dataset to train on is given")
    sets = [(number, photos) for number, source in enumerate(sources) for photos in _sets_of(source)]
    return TrainingPhotos(
        tuple(photos.path(index) for _, photos in sets for index in range(len(photos))),
        np.concatenate([photos.positions for _, photos in sets]),
        np.concatenate([photos.headings for _, photos in sets]),
        np.concatenate([np.full(len(photos), number) for number, photos in sets]),
    )


def _sets_of(source: str | Path) -> list[PhotoSet]:
    place = locate(str(source)) if str(source) in NAMED_SETS else Path(source).expanduser().absolute()
    if is_table(place):
        table = read_table(place)
        splits = splits_of(table)
        chosen = [TRAINING_SPLIT] if TRAINING_SPLIT in splits else splits
        return [photos_of(table, split) for split in chosen]
    if not place.is_dir():
        raise DatasetError(f"{source}: no such folder, table or named dataset to train on")
    return [read_folder(folder, place) for folder in _folders_of(place)]


def _folders_of(root: Path) -> list[Path]:
    for name in TRAINING_FOLDERS:
        if (root / name).is_dir():
            return _folders_of(root / name)
    try:
        holder = find_holder(root, DATABASES)
    except DatasetError:  # neither a database nor queries: photos alone
        return [root]
    databases = [holder / name for name in DATABASES if (holder / name).is_dir()]
    return databases + [holder / name for name in queries_below(holder)]
