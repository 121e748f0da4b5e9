"""The report's folder: made beside the old one, and put in its place when it is whole."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path

from data.errors import ResultError
from data.files import replacing_folder, write_json

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
    with replacing_folder(target) as part:
        yield part
        with as_file(files(__package__) / "site") as site:
            shutil.copytree(site, part, dirs_exist_ok=True)
        write_json(part / MARKER, {"format": FORMAT})


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
