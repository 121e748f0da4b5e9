"""The files of a finished run: `scores.h5`, `timings.h5`, `run.json`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import h5py
import numpy as np
from pydantic import TypeAdapter, ValidationError

from data.errors import ResultError
from data.files import digest_of, write_json
from networks.settings import settings_dict
from rerank.array_files import write_arrays
from rerank.latency import STAGES
from rerank.provenance import Environment
from rerank.recall import recall_report
from rerank.run import BadPhoto, CacheUse, Origin, Run, RunIdentity, Shortlist

FORMAT = 1
RUN_FILE = "run.json"
SCORES_FILE = "scores.h5"
TIMINGS_FILE = "timings.h5"

T = TypeVar("T")


def is_finished(folder: Path) -> bool:
    """Tell whether `folder` holds a finished run."""
    return (folder / RUN_FILE).exists()


def write_run(folder: Path, run: Run) -> None:
    """Write a run's files, `run.json` last: its presence says that the others are whole."""
    identity = digest_of(settings_dict(run.identity))
    scores = {
        "values": run.values,
        "matches": run.matches,
        "inliers": run.inliers,
        "candidate_indices": run.shortlist.indices,
        "candidate_distances_m": run.shortlist.distances_m,
        "descriptor_distances": run.shortlist.descriptor_distances,
        "positives": run.shortlist.positives,
        "query_names": [name.encode("utf-8", "surrogateescape") for name in run.shortlist.query_names],
    }
    write_arrays(folder / SCORES_FILE, scores, {"format": FORMAT, "identity": identity})
    timings = {"seconds": run.seconds, "turns": run.turns}
    told = {"format": FORMAT, "identity": identity, "stages": ",".join(STAGES)}
    write_arrays(folder / TIMINGS_FILE, timings, told)
    write_json(folder / RUN_FILE, _description(run))


def read_run(folder: Path) -> Run:
    """Read a finished run; raises ResultError when it is missing, damaged or of a newer format."""
    found = _read_description(folder)
    file = folder / RUN_FILE
    identity = parse(RunIdentity, found.get("identity"), file)
    expected = digest_of(settings_dict(identity))
    scores = _read_arrays(folder / SCORES_FILE, expected)
    timings = _read_arrays(folder / TIMINGS_FILE, expected)
    try:
        return Run(
            identity=identity,
            environment=parse(Environment, found.get("environment"), file),
            shortlist=Shortlist(
                query_names=[name.decode("utf-8", "surrogateescape") for name in scores["query_names"]],
                indices=scores["candidate_indices"],
                distances_m=scores["candidate_distances_m"],
                descriptor_distances=scores["descriptor_distances"],
                positives=scores["positives"],
            ),
            values=scores["values"],
            matches=scores["matches"],
            inliers=scores["inliers"],
            seconds=timings["seconds"],
            turns=timings["turns"],
            bad_photos=parse(tuple[BadPhoto, ...], found.get("bad_photos"), file),
            times=parse(dict[str, float], found.get("times"), file),
            notes=parse(tuple[str, ...], found.get("notes"), file),
            warm_up=parse(int, found.get("warm_up"), file),
            origin=_optional(Origin, found.get("origin"), file),
            cache=_optional(CacheUse, found.get("cache"), file),
        )
    except KeyError as error:
        raise ResultError(f"{folder} lacks the array {error}; delete it and run again") from error


def read_identity(folder: Path) -> RunIdentity:
    """Read what a finished run is of, without its arrays; raises ResultError as `read_run` does."""
    return parse(RunIdentity, _read_description(folder).get("identity"), folder / RUN_FILE)


def parse(kind: type[T], value: Any, path: Path) -> T:
    """Build a `kind` from what JSON gave; raises ResultError, naming the file, when it does not fit."""
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise ResultError(f"{path} does not fit this version: {error}") from error


def check_format(found: Mapping[str, Any], path: Path) -> None:
    """Refuse a file without a format version or of a newer one; raises ResultError."""
    number = found.get("format")
    if number is None:
        raise ResultError(f"{path} does not say its format: it is no result of this program")
    if number > FORMAT:
        raise ResultError(
            f"{path} has format {number}, this version reads up to {FORMAT}: install a newer vpr-rerank"
        )


def _description(run: Run) -> dict[str, Any]:
    """Return what `run.json` holds; recalls and latency follow from the arrays, for people to read."""
    return {
        "format": FORMAT,
        "identity": settings_dict(run.identity),
        "protocol_digest": run.identity.protocol.digest,
        "recalls": recall_report(
            run.first_hits(),
            run.shortlist.candidates,
            queries_without_positives=run.queries_without_positives,
        ),
        "bad_photos": [settings_dict(photo) for photo in run.bad_photos],
        "environment": settings_dict(run.environment),
        "latency": settings_dict(run.latency()),
        "times": run.times,
        "notes": list(run.notes),
        "warm_up": run.warm_up,
        "origin": settings_dict(run.origin) if run.origin else None,
        "cache": settings_dict(run.cache) if run.cache else None,
    }


def _optional(kind: type[T], value: Any, path: Path) -> T | None:
    """Return what `parse` gives; None where there is nothing, as in files of earlier versions."""
    return None if value is None else parse(kind, value, path)


def _read_description(folder: Path) -> dict[str, Any]:
    path = folder / RUN_FILE
    if not path.exists():
        raise ResultError(
            f"{folder} holds no finished run (no {RUN_FILE}); run its command again to finish it"
        )
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ResultError(f"{path} cannot be read: {error}; delete its folder and run again") from error
    check_format(found, path)
    return found


def _read_arrays(path: Path, identity: str) -> dict[str, np.ndarray]:
    try:
        with h5py.File(path, "r") as stored:
            check_format(stored.attrs, path)
            found = stored.attrs.get("identity")
            arrays = {name: stored[name][...] for name in stored}
    except OSError as error:
        raise ResultError(f"{path} cannot be read: {error}; delete its folder and run again") from error
    if found != identity:
        raise ResultError(f"{path} belongs to another run than {RUN_FILE} beside it; delete both, run again")
    return arrays
