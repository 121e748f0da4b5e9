"""The photos that are measured on: a small drawn city."""

from pathlib import Path

import numpy as np
import torch

from data.city import draw_city
from data.datasets import Dataset
from data.drawing.settings import CitySettings
from extractors import Extractor, Features
from networks.loading import Prepared, prepare_photo

DATABASE = 24
WIDTH, HEIGHT = 640, 480
SEED = 11


def draw_photos(folder: Path, queries: int) -> Path:
    """Draw a city of a few photos of 640 x 480 into `folder` and return it."""
    settings = CitySettings(
        seed=SEED, database_count=DATABASE, query_count=queries, width=WIDTH, height=HEIGHT
    )
    return draw_city(folder, settings)


def nearest_photos(dataset: Dataset, query: int) -> np.ndarray:
    """Return the rows of the database photos by distance from a query in metres, the nearest first."""
    away = np.linalg.norm(dataset.database.positions - dataset.queries.positions[query], axis=1)
    return np.argsort(away, kind="stable")


def prepared_photo(extractor: Extractor, path: Path) -> Prepared[int]:
    """Decode one photo and prepare it for an extractor."""
    return prepare_photo(0, path, extractor.prepare, exif=True)


def extract_photo(extractor: Extractor, path: Path) -> Features:
    """Decode and extract one photo by itself."""
    prepared = prepared_photo(extractor, path)
    return extractor.extract(torch.stack([prepared.tensor]), [prepared.image_size])[0]
