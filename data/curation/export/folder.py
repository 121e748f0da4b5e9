"""The export's folder: made beside an older one, and put in its place when it is whole."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data.errors import CurationError

MARKER = "export.json"  # says that a folder is an export, and may be replaced by one


@contextmanager
def replacing_export(target: Path) -> Iterator[Path]:
    """Yield an empty folder beside `target`; on a clean exit it takes the place of `target`.

    The block writes `MARKER` into it. An exception leaves `target` as it was. Raises CurationError where
    `target` is there and is no export.
    """
    check_replaceable(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{target.name[:80]}.", suffix=".part", dir=target.parent))
    try:
        yield part
        part.chmod(0o755)
        _put(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def check_replaceable(target: Path) -> None:
    """Refuse to replace what is no export; raises CurationError, saying what is there."""
    if target.is_file():
        raise CurationError(f"{target} is a file; give another folder")
    found = sorted(path.name for path in target.iterdir()) if target.is_dir() else []
    if found and MARKER not in found:
        raise CurationError(
            f"{target} is not empty and no export of this program (it holds {found[0]} and no {MARKER}); "
            "nothing was changed. Give another folder"
        )


def _put(part: Path, target: Path) -> None:
    """Rename `part` to `target`, which if it is there is moved aside first and deleted afterwards."""
    if not target.exists():
        part.rename(target)
        return
    aside = part.with_suffix(".old")
    target.rename(aside)
    try:
        part.rename(target)
    except OSError:
        aside.rename(target)
        raise
    shutil.rmtree(aside)  # a linked database is unlinked, not emptied
