"""What every provider of photos offers, and what it answers."""

import math
import re
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from data.curation.harvest.window import Window
from data.curation.records import Photo

SAFE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")  # of a photo, fit for file names and addresses


class OverCapError(Exception):
    """A window holds more photos than the provider will list; caught by the search, which splits it.

    expected: how many there are, None where the provider does not say.
    """

    def __init__(self, expected: int | None) -> None:
        super().__init__(f"{expected} photos")
        self.expected = expected


class Found(NamedTuple):
    """A photo that a search found, without its file yet. address: where its pixels are."""

    photo: Photo
    address: str


class Refusal(NamedTuple):
    """A photo that cannot be taken. item: its id."""

    item: str
    source: str
    reason: str


@dataclass
class Answer:
    """What a search found in one window.

    expected: how many photos the provider counted. found: those that it listed, each once. refusals: photos
    that cannot be taken. malformed: entries that make no sense, such as a latitude of 400.
    """

    expected: int
    found: list[Found] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    malformed: int = 0


class Provider(Protocol):
    """A source of photos.

    name: enters the ids of items. scope: what its searches depend on besides the window; a finished search
    is not repeated while both stay the same.
    """

    name: str
    scope: str

    def search(self, window: Window) -> Answer:
        """Find the photos of a window.

        Raises OverCapError where the provider would not list them all, CurationError where it does not
        answer, refuses, or answers nonsense.
        """
        ...

    def fetch(self, found: Found, max_bytes: int) -> bytes:
        """Return a photo's file; raises PhotoError where it is gone or too large, CurationError otherwise."""
        ...

    def licence_of(self, photo_id: str) -> str | None:
        """Return the licence that a photo has today, None where it is not public any more.

        Raises CurationError where the provider does not say.
        """
        ...


def sensible(photo: Photo) -> bool:
    """Tell whether a provider's entry can be one of a photo: its id fit for a file name, a place on earth."""
    numbers = (photo.latitude, photo.longitude, 0.0 if photo.heading is None else photo.heading)
    return (
        SAFE_ID.fullmatch(photo.photo_id) is not None
        and all(math.isfinite(number) for number in numbers)
        and abs(photo.latitude) <= 90
        and abs(photo.longitude) <= 180
    )
