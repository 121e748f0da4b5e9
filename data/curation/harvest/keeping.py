"""Keeping a photo's file in the project, after making sure that it is a photo and no bomb."""

import warnings
from pathlib import Path

from PIL import Image

from data.curation.records import Photo
from data.errors import CurationError, PhotoError
from data.files import replacing, telling_of_a_full_disk
from data.photos import read_header, read_photo

MOST_BYTES = 40 * 2**20
MOST_PIXELS = 80_000_000
ADVICE = "What was harvested is kept; make room and run the same command again"

_EXTENSIONS = {b"\xff\xd8\xff": ".jpg", b"\x89PNG": ".png"}


def keep_file(folder: Path, photo: Photo, data: bytes) -> str:
    """Write a photo's file below `folder`, whole or not at all, and return its path there.

    Raises PhotoError for what is no photo, is damaged, or has too many pixels; DiskSpaceError on a full disk
    and CurationError where the folder cannot be written.
    """
    extension = next((ext for start, ext in _EXTENSIONS.items() if data.startswith(start)), "")
    if not extension:
        raise PhotoError(f"{photo.item}: not a JPEG or PNG image; it starts with the bytes {data[:8]!r}")
    file = f"{photo.provider}/{photo.photo_id}{extension}"
    try:
        with telling_of_a_full_disk(ADVICE), replacing(folder / file) as part:
            part.write_bytes(data)
            _examine(part, photo.item)
    except OSError as error:
        raise CurationError(f"{folder / file} cannot be written: {error.strerror}") from error
    return file


def _examine(path: Path, item: str) -> None:
    """Decode a photo, after a look at the size that its header names."""
    try:
        with warnings.catch_warnings():  # Pillow's own limit, of which it only warns, lies beyond ours
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            header = read_header(path)
        pixels = header.height * header.width
        if pixels > MOST_PIXELS:
            raise PhotoError(f"{header.width}x{header.height} are too many pixels, more than {MOST_PIXELS}")
        read_photo(path)
    except PhotoError as error:
        raise PhotoError(f"{item}: {str(error).removeprefix(f'{path}: ')}") from error
