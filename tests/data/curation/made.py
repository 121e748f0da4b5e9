"""Projects and photos that the tests of curation make up."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from data.curation.events import Draft, Kind
from data.curation.project import Project, create_project
from data.curation.records import Decision, Membership, Photo, Sorting, Spot
from data.curation.settings import Settings
from tests.data.samples import write_dataset

CITY = (-122.47, 37.75, -122.44, 37.78)  # around the positions of `samples.named`
SPOT = Spot(548000.0, 4180000.0, 90.0)


class Clock:
    """A clock that stands still until it is moved, and whose sleep moves it."""

    def __init__(self) -> None:
        self.now = datetime(2024, 5, 17, 20, 0, tzinfo=UTC)
        self.slept_s: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return self.now.timestamp()

    def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self.now += timedelta(seconds=seconds)


def settings(database: Path | str = "nowhere", **changes: Any) -> Settings:
    return Settings(**{"database": str(database), "zone": "10S", "area": CITY, **changes})


def project(folder: Path, **changes: Any) -> Project:
    """Make a project beside a dataset of four database photos."""
    database = folder / "dataset"
    if not database.exists():
        write_dataset(database)
    return create_project(folder / "project", settings(database, **changes), Clock())


def photo(number: int = 1, **changes: Any) -> Photo:
    given = {
        "latitude": 37.766,
        "longitude": -122.455,
        "licence": "CC-BY-2.0",
        "file": f"flickr/{number}.jpg",
    }
    return Photo(**{"provider": "flickr", "photo_id": str(number), **given, **changes})


def harvested(number: int = 1, **changes: Any) -> Draft:
    made = photo(number, **changes)
    return Draft(Kind.HARVESTED, made.item, made.payload())


def decided(number: int = 1, action: str = "accept", after: Spot = SPOT, **changes: Any) -> Draft:
    decision = Decision(action, SPOT, after, 1.5, **changes)
    return Draft(Kind.DECIDED, f"flickr:{number}", decision.payload())


def sorted_as(number: int = 1, light: str = "night", place: str = "outdoor", **changes: Any) -> Draft:
    given = {"light_signs": (), "place_signs": (), "sharpness": 1.0, "look": "0" * 64}
    return Draft(Kind.SORTED, f"flickr:{number}", Sorting(light, place, **{**given, **changes}).payload())


def grouped(number: int, leader: int, *, kept: bool) -> Draft:
    return Draft(Kind.GROUPED, f"flickr:{number}", Membership(f"flickr:{leader}", kept).payload())
