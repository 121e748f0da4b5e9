"""The queries of a drawn city as views: photos of one place in several lights, with its true corners.

Query number i of every query set is taken by the same camera at the same moment; where sets differ by
their darkness alone, their photos show the same corners at the same pixels.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from data.city import PHOTOS, settings_of
from data.drawing.scene import Scene
from data.drawing.settings import CitySettings, QuerySet
from data.drawing.shots import plan_for, query_shots
from data.drawing.truth import visible_corners
from data.errors import DatasetError
from data.files import replacing

CORNERS = "corners.npz"
FORMAT = 1


@dataclass(frozen=True, eq=False)
class CityView:
    """One view of a drawn city.

    photos: its files, one for each light. corners: (N, 2) float32, x then y in pixels, near ones first:
    the corners of the facades that all of them show.
    """

    photos: tuple[Path, ...]
    corners: np.ndarray


def read_views(folder: str | Path, advance: Callable[[], None] = lambda: None) -> list[CityView]:
    """Return the views of the city drawn in `folder`, in the order of its queries.

    Their corners are worked out once and kept in the folder. advance: called after every view whose
    corners are. Raises DatasetError where the folder holds no drawn city.
    """
    root = Path(folder)
    settings = settings_of(root)
    plan = plan_for(settings)
    shots = [query_shots(plan, settings, query_set) for query_set in _alike(settings)]
    path = root / CORNERS
    if not path.is_file():
        scene = Scene(settings.seed, plan)
        found = []
        for shot in shots[0]:
            found.append(visible_corners(scene, shot.view).pixels)
            advance()
        _write(path, found)
    corners = _read(path, settings.query_count)
    photos = zip(*([root / PHOTOS / shot.path for shot in of_set] for of_set in shots), strict=True)
    return [CityView(files, places) for files, places in zip(photos, corners, strict=True)]


def _alike(settings: CitySettings) -> list[QuerySet]:
    """Return the query sets that differ from the first by their darkness alone."""
    first = settings.query_sets[0]
    return [
        query_set
        for query_set in settings.query_sets
        if replace(query_set, name=first.name, darkness=first.darkness) == first
    ]


def _write(path: Path, corners: list[np.ndarray]) -> None:
    counts = [len(places) for places in corners]
    pixels = np.concatenate([np.zeros((0, 2), np.float32), *corners])
    with replacing(path) as part, part.open("wb") as file:
        np.savez(file, format=FORMAT, counts=counts, pixels=pixels)


def _read(path: Path, count: int) -> list[np.ndarray]:
    """Return the corners of every view; raises DatasetError for a file that is not of `count` views."""
    advice = "delete it, and it is made anew"
    try:
        with np.load(path) as file:
            version, counts, pixels = (file[name] for name in ("format", "counts", "pixels"))
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise DatasetError(f"{path} is damaged ({error}); {advice}") from error
    if version != FORMAT or len(counts) != count:
        raise DatasetError(
            f"{path} has {len(counts)} views in format {version}, expected {count} in {FORMAT}; {advice}"
        )
    return np.split(pixels, np.cumsum(counts))[:count]
