"""The database beside the exported queries: linked, never copied, so that the set opens at once."""

import os
from pathlib import Path

from data.curation.project import Project
from data.datasets import is_table
from data.errors import CurationError
from data.photoset import PhotoSet
from data.scan import list_file_of


def check_linkable(project: Project) -> None:
    """Refuse a database whose photos do not carry their positions in their names.

    Raises CurationError for one that is described by a table.
    """
    if is_table(Path(project.settings.database)):
        raise CurationError(
            f"{project.settings.database}: the database is a table, so its photos' names need not carry "
            "positions, which the folder layout needs. Export a table too: --form csv"
        )


def link_database(database: PhotoSet, link: Path) -> None:
    """Put a symbolic link to the database's folder, and one to its list file where it has one."""
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(database.folder.resolve(), target_is_directory=True)
    listed = list_file_of(database.folder)
    if listed.exists():
        list_file_of(link).symlink_to(listed.resolve())


def table_paths(database: PhotoSet, folder: Path) -> list[str]:
    """Return where the database photos are, relative to the folder that the table will be in."""
    away = Path(os.path.relpath(database.folder.resolve(), folder.resolve())).as_posix()
    return [f"{away}/{path}" for path in database.paths]
