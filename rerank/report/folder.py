"""The report's folder: made beside the old one, and put in its place when it is whole."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path

from data.errors import ResultError

FORMAT = 1
MARKER = "report.json"  # says that a folder is a report, and may be replaced by one
ENTRIES = frozenset({MARKER, "index.html", "assets", "data", "photos", "plots"})


@contextmanager
def replacing_report(target: Path) -> Iterator[Path]:
    """Yield an empty folder beside `target`; on a clean exit it takes the place of `target`.

    The pages themselves are put into it at the end. An exception leaves `target` as it was. Raises
    ResultError where `target` is there and is no report, or holds something else beside one.
    """
    target = target.resolve()
    check_replaceable(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{target.name[:80]}.", suffix=".part", dir=target.parent))
    try:
        yield part
        with as_file(files(__package__) / "site") as site:
            shutil.copytree(site, part, dirs_exist_ok=True)
        (part / MARKER).write_text(json.dumps({"format": FORMAT}) + "\n", encoding="utf-8")
        part.chmod(0o777 & ~_umask())
        _put(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def check_replaceable(target: Path) -> None:
    """Refuse to replace what is no report; raises ResultError, saying what is there."""
    if not target.exists():
        return
    if not target.is_dir():
        raise ResultError(f"{target} is a file; give another folder with -o")
    found = {path.name for path in target.iterdir()}
    if found and MARKER not in found:
        raise ResultError(
            f"{target} is there and is no report (no {MARKER}); nothing was changed. "
            "Give another folder with -o"
        )
    others = sorted(found - ENTRIES)
    if others:
        raise ResultError(
            f"{target} holds, beside a report, {', '.join(others)}, which replacing it would delete; "
            "move it away, or give another folder with -o"
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
    shutil.rmtree(aside)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
