"""The removal list: photos that must never be exported again, whoever asked for it."""

from collections.abc import Iterable
from pathlib import Path

from data.curation.events import Draft, Kind
from data.curation.project import Project
from data.errors import CurationError


def remove_photos(project: Project, who: str, items: Iterable[str], reason: str) -> list[str]:
    """Put ids on the removal list and delete their photos; return those that were not on it yet.

    items: such as "flickr:123"; one that was not harvested yet is kept out for later. The journal keeps
    the id and what was decided. Raises CurationError for an id without a provider or where a photo
    cannot be deleted.
    """
    state = project.state()
    fresh = [item for item in dict.fromkeys(items) if item not in state.removed]
    for item in fresh:
        provider, colon, photo = item.partition(":")
        if not (provider and colon and photo):
            raise CurationError(f"{item!r} is no id of a photo; expected PROVIDER:ID, such as flickr:123")
    # The list first: a photo whose file stays behind after a crash is not exported either.
    project.journal.append(who, *(Draft(Kind.REMOVED, item, {"reason": reason}) for item in fresh))
    for item in fresh:
        if item in state.items and state.items[item].photo.file:
            _delete(project.photo_path(state.items[item]))
    return fresh


def read_removals(path: Path) -> list[str]:
    """Read ids from a text file, one a line; blank lines and what follows `#` are left out."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CurationError(f"{path}: the removal list cannot be read: {error}") from error
    return [text for line in lines if (text := line.partition("#")[0].strip())]


def _delete(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise CurationError(
            f"{path}: is on the removal list but cannot be deleted: {error.strerror}; delete it by hand"
        ) from error
