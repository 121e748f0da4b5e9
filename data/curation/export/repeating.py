"""The commands that repeat the making of a set, as the journal tells of them."""

import dataclasses
import shlex
from collections.abc import Mapping
from typing import Any

from data.curation.settings import Settings
from data.curation.state import State
from data.curation.steps import ENDED

PROJECT = "PROJECT"  # stands for its folder


def commands(state: State, settings: Settings, output: str, options: Mapping[str, Any]) -> list[str]:
    """Return the commands in order: making the project, each step that ended, the review, the export.

    output, options: of the export. A step that was given again with the same settings is told once.
    """
    lines = [_new(settings)]
    for event in state.steps:
        name, given = event.payload["step"], event.payload["settings"]
        if event.payload["state"] == ENDED and name in _STEPS:
            lines.append(shlex.join(["rerank", "curate", name, PROJECT, *_STEPS[name](given)]))
    lines.append(f"rerank curate review {PROJECT}")
    lines.append(shlex.join(["rerank", "curate", "export", PROJECT, *_named({"output": output, **options})]))
    return list(dict.fromkeys(lines))


def _new(settings: Settings) -> str:
    given = {field.name: getattr(settings, field.name) for field in dataclasses.fields(settings)}
    area, licences = ",".join(map(str, given.pop("area"))), given.pop("licences")
    named = _named({**given, "licence": licences, "area": area})
    return shlex.join(["rerank", "curate", "new", PROJECT, *named])


def _harvest(given: Mapping[str, Any]) -> list[str]:
    return [str(given.get("source") or given["provider"]), *_named(given, "since", "until")]


def _recheck(given: Mapping[str, Any]) -> list[str]:
    return [str(given["provider"])]


def _sort(given: Mapping[str, Any]) -> list[str]:
    return [*_assigned(given.get("thresholds", {})), *_named(given, "classifier")]


def _group(given: Mapping[str, Any]) -> list[str]:
    return [*_assigned(given.get("limits", {})), *_named({"retriever": given.get("descriptors")})]


def _named(given: Mapping[str, Any], *only: str) -> list[str]:
    """Return options as words; those that are empty are left out, those of several values given again."""
    words = []
    for name, value in given.items():
        option = f"--{name.replace('_', '-')}"
        if (only and name not in only) or value is None or value is False or value == "":
            continue
        if value is True:
            words.append(option)
            continue
        words += [f"{option}={one}" for one in (value if isinstance(value, list | tuple) else [value])]
    return words


def _assigned(settings: Mapping[str, Any]) -> list[str]:
    return [f"--set={name}={value}" for name, value in settings.items()]


_STEPS = {"harvest": _harvest, "recheck": _recheck, "sort": _sort, "group": _group}
