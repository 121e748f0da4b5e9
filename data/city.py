"""The drawn city as a dataset: photos with known truth, for trying and measuring without downloads.

A procedural city is photographed by day every few metres (the database) and again, shifted and with
other traffic, by day and by night (the queries). The folder is an ordinary dataset; beside its photos
`city.json` holds the settings and what is true of each query.
"""

import dataclasses
import json
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from data.drawing.render import render
from data.drawing.scene import Scene
from data.drawing.settings import DIALS, CitySettings, QuerySet
from data.drawing.shots import Shot, database_shots, plan_for, query_shots
from data.errors import DatasetError
from data.files import replacing, write_json

__all__ = ["DIALS", "CitySettings", "QuerySet", "draw_city", "query_dials", "settings_of"]

FORMAT = 1  # to be raised when the same settings come to give other photos
RECORD = "city.json"
PHOTOS = Path("images") / "test"
JPEG_QUALITY = 92


def draw_city(
    folder: str | Path,
    settings: CitySettings | None = None,
    *,
    workers: int | None = None,
    advance: Callable[[], None] = lambda: None,
) -> Path:
    """Draw a city's photos into `folder` as a dataset, and return the folder.

    Each photo appears whole or not at all; drawing again with the same settings draws what is missing,
    and nothing where all is there. The photos do not depend on `workers` (threads; default: one for
    each processor). advance: called after every photo. Raises DatasetError where the folder holds a
    city of other settings, or photos that are not of a drawn city.
    """
    target, chosen = Path(folder), settings or CitySettings()
    plan = plan_for(chosen)
    shots = database_shots(plan, chosen)
    for query_set in chosen.query_sets:
        shots += query_shots(plan, chosen, query_set)
    _claim(target, _record(chosen, shots))
    missing = [shot for shot in shots if not (target / PHOTOS / shot.path).is_file()]
    if missing:
        _draw(target / PHOTOS, Scene(chosen.seed, plan), missing, workers or os.cpu_count() or 1, advance)
    return target


def query_dials(folder: str | Path) -> dict[str, dict[str, float]]:
    """Return what is true of each query: path below images/test -> dial -> value.

    shift_m and shift_deg are the distance and the turn from the database photo that shows the same.
    Raises DatasetError where the folder holds no drawn city.
    """
    return dict(_read_record(Path(folder) / RECORD)["queries"])


def settings_of(folder: str | Path) -> CitySettings:
    """Return the settings of the city drawn in `folder`; raises DatasetError where there is none."""
    found = _read_record(Path(folder) / RECORD)["settings"]
    tuples = {name: tuple(value) for name, value in found.items() if isinstance(value, list)}
    return CitySettings(**found | tuples)


def _draw(photos: Path, scene: Scene, shots: list[Shot], workers: int, advance: Callable[[], None]) -> None:
    along_the_streets = sorted(shots, key=lambda shot: shot.seen)  # neighbours share textures

    def draw(shot: Shot) -> None:
        _write_photo(photos / shot.path, render(scene, shot.view))

    with _single_threaded_opencv(), ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(draw, along_the_streets):
            advance()


@contextmanager
def _single_threaded_opencv() -> Iterator[None]:
    """Keep OpenCV from running threads below ours: on two cores that costs 1.4 times the work."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def _write_photo(path: Path, photo: np.ndarray) -> None:
    done, encoded = cv2.imencode(".jpg", photo[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise DatasetError(f"{path}: OpenCV cannot encode JPEG; reinstall opencv-python-headless")
    with replacing(path) as part:
        part.write_bytes(encoded.tobytes())


def _record(settings: CitySettings, shots: Iterable[Shot]) -> dict[str, Any]:
    described = dataclasses.asdict(settings)
    queries = {shot.path: shot.dials for shot in shots if shot.dials}
    return json.loads(json.dumps({"format": FORMAT, "settings": described, "queries": queries}))


def _claim(folder: Path, record: dict[str, Any]) -> None:
    """Make `folder` that of the city of `record`, unless it is another's."""
    path = folder / RECORD
    if not path.exists():
        if (folder / PHOTOS).exists():
            raise DatasetError(
                f"{folder / PHOTOS} exists without {RECORD}: these photos are not of a drawn city. "
                "Choose another folder."
            )
        write_json(path, record)
        return
    found = _read_record(path)
    if found == record:
        return
    raise DatasetError(
        f"{folder} holds a drawn city of other settings ({_differences(found, record)}). "
        "Choose another folder, or delete this one to draw it anew."
    )


def _read_record(path: Path) -> dict[str, Any]:
    advice = "delete its folder and draw the city anew"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DatasetError(f"{path} is missing; draw a city there first") from error
    except ValueError as error:
        raise DatasetError(f"{path} is damaged ({error}); {advice}") from error
    if not isinstance(record, dict) or "format" not in record:
        raise DatasetError(f"{path} is damaged (it names no format); {advice}")
    if record["format"] != FORMAT:
        raise DatasetError(f"{path} is of format {record['format']}, this version reads {FORMAT}; {advice}")
    return record


def _differences(found: dict[str, Any], expected: dict[str, Any]) -> str:
    mine, yours = expected["settings"], found["settings"]
    names = [name for name in mine if mine[name] != yours.get(name)]
    return ", ".join(f"{name} {yours.get(name)}, not {mine[name]}" for name in names) or "an older drawing"
