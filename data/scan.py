"""Finding the photos below a folder, by a walk or by its list file, and noticing later changes."""

import os
from dataclasses import dataclass
from pathlib import Path

from data.errors import DatasetError
from data.photos import EXTENSIONS
from data.photoset import BY_BASE_NAME, BY_LIST_FILE, sort_paths

LIST_SUFFIX = "_images_paths.txt"

_SHOWN = 3  # examples in a message

# Path relative to the scanned folder -> (mtime in ns, size in bytes), (-1, -1) for a missing file.
Stamps = dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Scan:
    """The photos of a folder in their order.

    paths: relative to the folder, POSIX. ordering: as in `PhotoSet`. unlisted: photos on disk that
    the list file leaves out. stamps: what changes when photos are added, removed or listed anew.
    """

    paths: list[str]
    ordering: str
    unlisted: int
    stamps: Stamps


def scan_folder(folder: Path) -> Scan:
    """Find the photos below `folder`, in the order of its list file or else by base name.

    Files ending in jpg, jpeg or png of any case, at any depth, symbolic links followed; hidden files
    and folders are ignored. No file is touched, only folders are read. `FOLDER_images_paths.txt`
    beside the folder replaces this list and its order. Raises DatasetError where the folder is
    missing or unreadable, holds no photos, or its list names photos that it has not.
    """
    if not folder.is_dir():
        raise DatasetError(f"{folder}: no such folder")
    list_file = list_file_of(folder)
    stamps: Stamps = {os.path.relpath(list_file, folder): stamp(list_file)}
    found: list[str] = []
    try:
        _walk(folder, "", (), found, stamps)
    except OSError as error:
        raise DatasetError(f"{error.filename or folder}: cannot be read: {error.strerror}") from error
    if not found:
        raise DatasetError(f"{folder}: holds no photos ({', '.join(EXTENSIONS)}, at any depth)")
    if not list_file.exists():
        return Scan(sort_paths(found), BY_BASE_NAME, 0, stamps)
    listed = _read_list(list_file, set(found))
    return Scan(listed, BY_LIST_FILE, len(found) - len(listed), stamps)


def list_file_of(folder: Path) -> Path:
    """Return where the list file of a folder would be."""
    return folder.with_name(folder.name + LIST_SUFFIX)


def stamp(path: Path) -> tuple[int, int]:
    """Return (mtime in ns, size in bytes) of a file or folder, (-1, -1) where it is missing."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return -1, -1
    return status.st_mtime_ns, status.st_size


def unchanged(folder: Path, stamps: Stamps) -> bool:
    """Tell whether everything stamped below `folder` still has its stamp; one `stat` for each."""
    return all(stamp(folder / path) == found for path, found in stamps.items())


def _walk(
    folder: Path, prefix: str, parents: tuple[tuple[int, int], ...], found: list[str], stamps: Stamps
) -> None:
    """Add the photos and folders below `folder` to `found` and `stamps`."""
    status = folder.stat()
    identity = (status.st_dev, status.st_ino)
    if identity in parents:  # a symbolic link to a folder above
        return
    # Stamped before it is read, so that a change in between is noticed.
    stamps[prefix or "."] = (status.st_mtime_ns, status.st_size)
    below: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.name.lower().endswith(EXTENSIONS) and not entry.is_dir(follow_symlinks=False):
                found.append(prefix + entry.name)
            elif entry.is_dir():
                below.append(entry.name)
    for name in below:
        _walk(folder / name, f"{prefix}{name}/", (*parents, identity), found, stamps)


def _read_list(list_file: Path, on_disk: set[str]) -> list[str]:
    try:
        lines = list_file.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError as error:
        raise DatasetError(f"{list_file}: cannot be read: {error.strerror}") from error
    listed = [line for line in lines if line.strip()]
    missing = [line for line in listed if line not in on_disk]
    if missing or not listed:
        raise DatasetError(
            f"{list_file}: {len(missing)} of its {len(listed)} lines name no photo on disk, such as "
            f"{', '.join(missing[:_SHOWN]) or 'none'}. Lines are paths relative to the folder; mend or "
            f"remove the list (without it all photos of the folder are taken)."
        )
    if len(set(listed)) != len(listed):
        raise DatasetError(f"{list_file}: {len(listed) - len(set(listed))} lines repeat an earlier one")
    return listed
