"""Projects to review: a street of database photos, and photos harvested along it."""

from pathlib import Path

import cv2
import numpy as np

from data.curation.events import Draft
from data.curation.grid import Grid
from data.curation.project import Project, create_project
from data.names import PhotoName, format_name
from tests.data.curation.made import Clock, harvested, settings

START = (548000.0, 4180000.0)
SPACING_M = 10.0
PHOTO_SIZE = (320, 240)


def write_picture(path: Path, number: int, colour: tuple[int, int, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    width, height = PHOTO_SIZE
    photo = np.full((height, width, 3), colour, np.uint8)
    cv2.putText(photo, str(number), (60, 150), cv2.FONT_HERSHEY_SIMPLEX, 3.0, (255, 255, 255), 6)
    path.write_bytes(cv2.imencode(".jpg", photo)[1].tobytes())  # imwrite does not take every name


def street_project(folder: Path, photos: int = 12, database: int = 40, **changes: object) -> Project:
    """Make a project whose photo N was taken beside database photo N, 4 m to the north."""
    ground = folder / "street/database"
    for number in range(database):
        name = PhotoName(
            START[0] + SPACING_M * number, START[1], zone="10S", heading=0.0, pano_id=f"db{number}"
        )
        write_picture(ground / format_name(name), number, (90, 60, 30))
    made = create_project(
        folder / "project", settings(folder / "street", **{"twice_share": 0.0, **changes}), Clock()
    )
    made.journal.append("harvest", *(harvest(number, database) for number in range(1, photos + 1)))
    for number in range(1, photos + 1):
        write_picture(made.photos / f"flickr/{number}.jpg", number, (20, 20, 20 + 8 * number % 100))
    return made


def place(number: int, database: int = 40) -> tuple[float, float]:
    """Return where photo `number` was taken, in metres."""
    return START[0] + SPACING_M * (number % database), START[1] + 4.0


def harvest(number: int, database: int = 40) -> Draft:
    latitude, longitude = Grid("10S").to_degrees(np.array([place(number, database)]))[0].tolist()
    owner = "<img src=x onerror=document.title='hacked'> Ada"
    return harvested(
        number,
        latitude=latitude,
        longitude=longitude,
        heading=90.0,
        owner=owner,
        page=f"https://x.org/{number}",
    )
