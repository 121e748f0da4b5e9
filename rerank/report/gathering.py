"""Gathering the finished runs below a folder, and what must be said of the rest."""

from dataclasses import dataclass
from pathlib import Path

from data.errors import ResultError
from data.files import digest_of
from networks.settings import settings_dict
from rerank.results import JOURNAL_FILE, find_runs
from rerank.run import Run
from rerank.run_files import is_finished


@dataclass(frozen=True)
class Gathered:
    """Finished runs, sorted by path. warnings: runs that were left out, and why, in words."""

    runs: list[Run]
    warnings: list[str]


def gather_runs(folder: Path) -> Gathered:
    """Read every finished run below `folder`.

    Runs that are unfinished, damaged, or there twice are left out with a warning that names them.
    Raises ResultError when no run is left.
    """
    runs, warnings = (
        [],
        [
            f"left out: {_named(folder, path.parent)} is unfinished; the command that began it continues it"
            for path in sorted(folder.rglob(JOURNAL_FILE))
            if not is_finished(path.parent)
        ],
    )
    known: dict[str, Path] = {}
    for found in find_runs(folder):
        try:
            run = found.read()
        except ResultError as error:
            warnings.append(f"left out: {error}")
            continue
        first = known.setdefault(digest_of(settings_dict(run.identity)), found.path)
        if first != found.path:
            warnings.append(
                f"left out: {_named(folder, found.path)} is the run {_named(folder, first)} again"
            )
            continue
        runs.append(run)
    if not runs:
        raise ResultError(
            "; ".join([f"no finished run below {folder}", *warnings]) + ". Run `rerank benchmark` first"
        )
    return Gathered(runs, warnings)


def _named(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()
