"""How exported photos are called: the field's names, with the provider's id in the panorama's place."""

import hashlib
import re
from datetime import datetime, timedelta

import numpy as np

from data.curation.export.fates import Chosen
from data.curation.grid import Grid
from data.curation.records import Photo
from data.names import PhotoName, format_name

LONGEST_ID = 80  # characters; file systems take 255 bytes for the whole name


def exported_name(chosen: Chosen, grid: Grid, light: str, extension: str) -> str:
    """Return the base name of an exported photo.

    grid: of the positions. light: goes into the note, where it becomes the photo's condition. extension:
    with its dot. The time in it is UTC where the photo's zone is known, else the camera's.
    """
    latitude, longitude = grid.to_degrees(np.array([chosen.spot[:2]]))[0]
    name = PhotoName(
        east=chosen.spot.east,
        north=chosen.spot.north,
        zone=grid.zone,
        latitude=float(latitude),
        longitude=float(longitude),
        pano_id=short_id(chosen.item.photo),
        heading=chosen.spot.heading,
        timestamp=stamp_of(chosen.item.photo),
        note=light,
    )
    return format_name(name, extension)


def short_id(photo: Photo) -> str:
    """Return provider and id in letters that a name may hold, unique for different photos."""
    whole = f"{photo.provider}_{photo.photo_id}"
    plain = re.sub(r"[^A-Za-z0-9._-]", "-", whole)[:LONGEST_ID]
    if plain == whole:
        return whole
    return f"{plain}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def stamp_of(photo: Photo) -> str | None:
    """Return when a photo was taken as YYYYMMDD_hhmmss, None where it is unknown."""
    if not photo.taken:
        return None
    taken = datetime.fromisoformat(photo.taken).replace(tzinfo=None)
    return f"{taken - timedelta(minutes=photo.utc_offset_min or 0):%Y%m%d_%H%M%S}"
