"""A page for each method: settings, weights and licence, environment, protocol, as its runs say."""

from collections.abc import Sequence
from typing import Any

from data.errors import SettingsError
from rerank.catalogue import describe
from rerank.plots.panels import Member
from rerank.provenance import Environment, Part
from rerank.report.leaderboard import seconds_of
from rerank.report.subjects import Subject
from rerank.run import Run
from rerank.space import humanise_bytes, humanise_seconds

Lines = list[tuple[str, str]]  # what a thing is called, and what it is


def make_method_pages(subjects: Sequence[Subject]) -> list[dict[str, Any]]:
    """Return a page for each method, retrieval first, JSON-able."""
    members: dict[str, list[tuple[Subject, Member]]] = {}
    for subject in subjects:
        for member in subject.panel.members:
            members.setdefault(member.label, []).append((subject, member))
    pages = [_page(label, runs) for label, runs in members.items()]
    return sorted(pages, key=lambda page: (page["reranks"], page["method"]))


def _page(label: str, found: Sequence[tuple[Subject, Member]]) -> dict[str, Any]:
    method = found[0][1].run.identity.method
    kinds = ("extractor", "matcher") if method.reranks else ("retriever",)
    return {
        "method": label,
        "reranks": method.reranks,
        "parts": [_part(kind, part) for kind, part in zip(kinds, method.parts, strict=False)],
        "runs": [_run(subject, member.run) for subject, member in found],
    }


def _part(kind: str, part: Part) -> dict[str, Any]:
    """Return what is known of an extractor, matcher or retriever, also if it is not installed here."""
    known = _known(kind, part)
    weights = known.get("weights")
    lines: Lines = [(name, known.get(name, "")) for name in ("licence", "source")]
    if weights:
        lines += [("weights", weights["file"]), ("licence of the weights", weights["licence"])]
    if part.weights:
        lines.append(("digest of the weights used", part.weights))
    return {
        "kind": kind,
        "name": part.name,
        "summary": known.get("summary", "not known to the program that made this report"),
        "lines": [line for line in lines if line[1]],
        "settings": [(name, _written(value)) for name, value in part.settings.items()],
    }


def _known(kind: str, part: Part) -> dict[str, Any]:
    """Return what the program knows of a part, if need be of its defaults; nothing of an unknown one."""
    for settings in (part.settings, {}):
        try:
            return describe(kind, part.name, settings)
        except SettingsError:  # of another version, or a plug-in that is not installed here
            continue
    return {}


def _run(subject: Subject, run: Run) -> dict[str, Any]:
    latency = run.latency()
    return {
        "task": subject.key,
        "protocol": protocol_lines(run),
        "environment": _environment(run),
        "stages": [
            (stage.replace("_", " "), seconds_of(found))
            for stage, found in latency.stages.items()
            if found.high_s > 0
        ],
        "bad_photos": [(photo.path, photo.reason) for photo in run.bad_photos],
        "notes": run.notes,
    }


def protocol_lines(run: Run) -> Lines:
    """Return what a run was measured on, in words."""
    protocol = run.identity.protocol
    return [
        ("queries", f"{protocol.queries.count} (digest {protocol.queries.digest})"),
        ("queries without positives", str(run.queries_without_positives)),
        ("database photos", f"{protocol.database.count} (digest {protocol.database.digest})"),
        ("candidates", f"{protocol.top_k} of {protocol.retriever} (digest {protocol.candidates_digest})"),
        ("threshold", f"{protocol.threshold_m:g} m"),
        ("positives", protocol.positives_rule),
        ("EXIF orientation", "applied" if protocol.exif else "ignored"),
    ]


def _environment(run: Run) -> Lines:
    environment: Environment = run.environment
    method, latency = run.identity.method, run.latency()
    lines: Lines = [
        ("device", f"{method.device}, {method.precision}"),
        ("processor", f"{environment.cpu}, {environment.cores} cores, {environment.threads} torch threads"),
        ("memory", humanise_bytes(environment.memory_bytes)),
        ("GPU", environment.gpu or "none"),
        ("system", environment.system),
        ("vpr-rerank", f"{environment.package}, commit {environment.commit or 'unknown'}"),
        ("python", environment.python),
        *sorted(environment.versions.items()),
        *((f"time {stage}", humanise_seconds(seconds)) for stage, seconds in run.times.items()),
    ]
    if latency.cold is not None:
        lines.append(("latency over", f"{latency.cold.queries} queries, {latency.warm_up} warm-up left out"))
    if run.cache is not None:
        lines.append(("cache", str(run.cache)))
    return lines


def _written(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_written, value))
    return "none" if value is None else str(value)
