"""A curation project on disk: `settings.json`, `journal.sqlite`, and `photos/`."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

import numpy as np

from data.curation.database import open_database
from data.curation.grid import Grid
from data.curation.items import Item
from data.curation.journal import Journal, utc_now
from data.curation.records import Spot
from data.curation.settings import Settings, differences, read_settings, write_settings
from data.curation.state import State
from data.errors import CurationError
from data.photoset import PhotoSet

SETTINGS_FILE = "settings.json"
JOURNAL_FILE = "journal.sqlite"
PHOTOS_FOLDER = "photos"


@dataclass(frozen=True, eq=False)
class Project:
    """An opened project; may be shared by threads. Close its journal, or use it as a context manager."""

    folder: Path
    settings: Settings
    journal: Journal
    _state: State = field(default_factory=State, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __enter__(self) -> "Project":
        return self

    def __exit__(self, *_: object) -> None:
        self.journal.close()

    @property
    def photos(self) -> Path:
        """Return the folder of the photos."""
        return self.folder / PHOTOS_FOLDER

    @property
    def grid(self) -> Grid:
        """Return what takes degrees to the project's metres."""
        return self.settings.grid

    @cached_property
    def database(self) -> PhotoSet:
        """Return the database, opened when it is first asked for; raises DatasetError."""
        return open_database(self.settings.database, self.settings.database_folder)

    def state(self) -> State:
        """Return the state after all events, also those that other processes have appended.

        It is the same object each time, which takes new events only; items that were read stay as they are.
        """
        with self._lock:
            return self._state.take(self.journal.events(self._state.sequence))

    def photo_path(self, item: Item) -> Path:
        """Return where an item's photo is; raises CurationError for a path that leads out of the project."""
        path = (self.photos / item.photo.file).resolve()
        if not item.photo.file or not path.is_relative_to(self.photos.resolve()):
            raise CurationError(f"{item.id}: the journal names a file outside of {self.photos}")
        return path

    def harvested_spot(self, item: Item) -> Spot:
        """Return where the provider says that a photo was taken, in the project's metres."""
        east, north = self.grid.to_metres(np.array([[item.photo.latitude, item.photo.longitude]]))[0]
        return Spot(float(east), float(north), item.photo.heading)

    def spot(self, item: Item) -> Spot:
        """Return a photo's spot: that of the settled decision, else what the provider says."""
        settled = item.settled()
        return self.harvested_spot(item) if settled is None else settled.after


def create_project(
    folder: str | Path, settings: Settings, clock: Callable[[], datetime] = utc_now
) -> Project:
    """Make a project, or open the one of the same settings that is there.

    Raises CurationError where the folder holds a project of other settings, or other files.
    """
    target = Path(folder).absolute()
    if (target / SETTINGS_FILE).exists():
        project = open_project(target, clock)
        difference = differences(project.settings, settings)
        if difference:
            project.journal.close()
            raise CurationError(
                f"{target} holds a project of other settings ({difference}); choose another folder"
            )
        return project
    _refuse_files(target)
    (target / PHOTOS_FOLDER).mkdir(parents=True, exist_ok=True)
    journal = Journal(target / JOURNAL_FILE, clock)
    write_settings(target / SETTINGS_FILE, settings)  # last: it makes the folder a project
    return Project(target, settings, journal)


def open_project(folder: str | Path, clock: Callable[[], datetime] = utc_now) -> Project:
    """Open a project and check its journal.

    clock: gives the time of new events. Raises CurationError where there is none, or a part is missing or
    damaged.
    """
    target = Path(folder).absolute()
    if not (target / SETTINGS_FILE).is_file():
        raise CurationError(
            f"{target}: no curation project ({SETTINGS_FILE} is missing); make one by `rerank curate new`"
        )
    settings = read_settings(target / SETTINGS_FILE)
    if not (target / JOURNAL_FILE).is_file():
        raise CurationError(
            f"{target / JOURNAL_FILE} is missing: it holds all that was done. Put a copy of it back"
        )
    (target / PHOTOS_FOLDER).mkdir(exist_ok=True)
    journal = Journal(target / JOURNAL_FILE, clock)
    try:
        journal.check()
    except BaseException:
        journal.close()
        raise
    return Project(target, settings, journal)


def _refuse_files(folder: Path) -> None:
    """Refuse a folder with files of others; those of a project whose making was cut off may be there."""
    ours = (PHOTOS_FOLDER, JOURNAL_FILE, f"{JOURNAL_FILE}-wal", f"{JOURNAL_FILE}-shm")
    if folder.exists() and not folder.is_dir():
        raise CurationError(f"{folder} is a file; choose another folder")
    others = [p.name for p in folder.iterdir() if p.name not in ours] if folder.exists() else []
    if others:
        raise CurationError(f"{folder} is not empty (it holds {others[0]}); choose an empty or new folder")
