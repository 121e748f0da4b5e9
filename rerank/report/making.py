"""Making a report: from a folder of results to a folder of pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data.errors import SettingsError
from networks.settings import nearest
from rerank.configuration import Configuration
from rerank.report.album import PHOTOS, Album
from rerank.report.correspondences import STEPS, correspondences_of
from rerank.report.figures import FOLDER, draw_plots
from rerank.report.folder import check_replaceable, replacing_report
from rerank.report.gathering import gather_runs
from rerank.report.ground import ground_of
from rerank.report.leaderboard import make_boards
from rerank.report.method_pages import make_method_pages
from rerank.report.queries import CHUNK, candidates_of, photos_of, query_columns
from rerank.report.scripts import write_script
from rerank.report.subjects import Subject, make_subjects
from rerank.run import Run

DATA = "data"  # folder of the report
NAMED = 5  # absent photos that are named


@dataclass(frozen=True)
class Options:
    """How a report is made.

    sources: dataset's name -> where its photos are. photo_px: longer side of the photos shown, at most.
    matches: match every query with each method's first candidate, to draw correspondences.
    weights, device: for that, as in `Configuration`.
    """

    sources: Mapping[str, str] = field(default_factory=dict)
    photo_px: int = 320
    matches: bool = False
    weights: tuple[str, ...] = ()
    device: str = "cpu"


@dataclass(frozen=True)
class Report:
    """What was made. warnings: what could not be shown, in words."""

    folder: Path
    runs: int
    photos: int
    warnings: list[str]


def make_report(results: Path, folder: Path, options: Options | None = None) -> Report:
    """Make the report of all finished runs below `results` in `folder`, replacing the one that is there.

    Raises ResultError where there is no finished run, or `folder` is there and is no report.
    """
    chosen = options or Options()
    check_replaceable(folder)
    gathered = gather_runs(results)
    _check_sources(chosen.sources, gathered.runs)
    subjects, warnings = make_subjects(gathered.runs, chosen.sources)
    warnings = gathered.warnings + warnings
    with replacing_report(folder) as part:
        albums = {exif: Album(part / PHOTOS, chosen.photo_px, exif) for exif in (True, False)}
        for subject in subjects:
            album = albums[subject.run.identity.protocol.exif]
            album.add(photos_of(subject))
            _write_subject(subject, part / DATA, album)
            if _has_matches(subject, chosen):
                warnings += _write_matches(subject, part / DATA, chosen)
        warnings += _absences(albums[True].absent | albums[False].absent)
        summary = {
            "tasks": [_task(subject, chosen) for subject in subjects],
            "boards": make_boards(subjects),
            "methods": make_method_pages(subjects),
            "plots": draw_plots(gathered.runs, part / FOLDER),
            "warnings": warnings,
        }
        write_script(part / DATA, "summary", summary)
    return Report(folder, len(gathered.runs), sum(map(len, albums.values())), warnings)


def _write_subject(subject: Subject, data: Path, album: Album) -> None:
    """Write a subject's queries, candidates and map."""
    write_script(data, f"{subject.key}/queries", query_columns(subject, album))
    write_script(data, f"{subject.key}/ground", ground_of(subject))
    for number, queries in enumerate(_chunks(subject)):
        write_script(data, f"{subject.key}/candidates-{number}", candidates_of(subject, queries, album))


def _write_matches(subject: Subject, data: Path, options: Options) -> list[str]:
    """Write a subject's correspondences, and return what must be said of them."""
    configuration = Configuration(dataset="", weights=options.weights, device=options.device)
    matches, warnings = correspondences_of(subject, configuration)
    for number, queries in enumerate(_chunks(subject)):
        part = [of_method[queries.start : queries.stop] for of_method in matches]
        write_script(data, f"{subject.key}/matches-{number}", part)
    return warnings


def _chunks(subject: Subject) -> list[range]:
    queries = len(subject.query_ids)
    return [range(first, min(first + CHUNK, queries)) for first in range(0, queries, CHUNK)]


def _task(subject: Subject, options: Options) -> dict[str, Any]:
    protocol = subject.run.identity.protocol
    return {
        "key": subject.key,
        "dataset": subject.run.identity.dataset,
        "queries": len(subject.query_ids),
        "candidates": subject.shortlist.candidates,
        "retriever": protocol.retriever,
        "threshold_m": protocol.threshold_m,
        "methods": [member.label for member in subject.reranking],
        "conditions": subject.known_conditions(),
        "located": subject.task is not None,
        "chunk": CHUNK,
        "matches": _has_matches(subject, options),
        "steps": STEPS,
    }


def _has_matches(subject: Subject, options: Options) -> bool:
    return options.matches and subject.task is not None and bool(subject.reranking)


def _absences(absent: Mapping[Path, str]) -> list[str]:
    """Return a warning that names the photos that could not be shown, the first few of them."""
    if not absent:
        return []
    named = [f"{path.name} ({fault})" for path, fault in sorted(absent.items())[:NAMED]]
    more = f" and {len(absent) - NAMED} more" if len(absent) > NAMED else ""
    return [f"{len(absent)} photos could not be shown: {', '.join(named)}{more}"]


def _check_sources(sources: Mapping[str, str], runs: Sequence[Run]) -> None:
    known = {run.identity.dataset for run in runs}
    for name in sources:
        if name not in known:
            raise SettingsError(f"--dataset names no dataset of the results: {name!r}{nearest(name, known)}")
