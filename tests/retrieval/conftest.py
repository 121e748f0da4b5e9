"""A small dataset on disk."""

from pathlib import Path

import pytest

from data.datasets import Dataset, open_dataset
from tests.retrieval.toy import DATABASE_COUNT, QUERY_COUNT, SIZES, name_of, save, texture


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write photos of mixed sizes; query i shows database photo 3 i, ten metres away."""
    root = tmp_path / "toy" / "images" / "test"
    for number in range(DATABASE_COUNT):
        save(texture(number, SIZES[number % 4]), root / "database" / str(number % 2) / name_of(number))
    for number in range(0, 3 * QUERY_COUNT, 3):
        dark = texture(number, SIZES[number % 4]) // 2
        save(dark, root / "queries" / name_of(number, offset_m=10))
    return tmp_path / "toy"


@pytest.fixture
def dataset(folder: Path) -> Dataset:
    return open_dataset(folder)
