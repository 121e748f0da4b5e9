"""The datasheet: what the set holds, how it came about, whom to credit, and the commands to repeat it."""

import html
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from data.curation.agreement import Agreement
from data.curation.export.fates import STEPS, Chosen, Fate
from data.curation.export.repeating import commands
from data.curation.licences import licence_address
from data.curation.settings import Settings
from data.curation.state import State

MAP, SAMPLES = "datasheet/map.png", "datasheet/samples.png"
UNSTATED = "none stated"

_WORDS = {
    "recheck": "gone: withdrawn, removed, or of another licence",
    "sort": "of another light, or indoor",
    "group": "near copies",
    "review": "left out by curators, or not decided yet",
    "positives": "without a confirmed positive",
    "export": "photo missing or damaged",
}


@dataclass(frozen=True)
class Sheet:
    """All that a datasheet tells. named: how the chosen that are listed by id alone are kept apart.

    fates: of all harvested photos, those that failed at the export included. blurred: boxes, None where
    blurring was not asked for. program: its version. sampled: whether there is a sample sheet.
    """

    name: str
    settings: Settings
    state: State
    chosen: Sequence[Chosen]
    by_id: Sequence[Chosen]
    fates: Counter[Fate]
    agreements: Sequence[Agreement]
    options: Mapping[str, Any]
    blurred: int | None
    sampled: bool
    program: str


def write_datasheet(sheet: Sheet) -> str:
    """Return the datasheet as Markdown, in which texts of others are plain text."""
    parts = [
        f"# {plain(sheet.name)}",
        _summary(sheet),
        "## Counts at each step",
        _counts(sheet),
        "## Distribution",
        f"![Map of the queries]({MAP})",
        *(["## Samples", f"![Queries and positives]({SAMPLES})"] if sheet.sampled else []),
        "## Agreement between curators",
        _agreement(sheet.agreements),
        "## Licences and attributions",
        _licences(sheet.chosen),
        "Whom to credit for each photo: `attributions.csv`. To have a photo taken out of later versions, "
        "name its id to who publishes this set; `rerank curate remove` keeps a list.",
        "## To repeat it",
        "```sh\n" + "\n".join(commands(sheet.state, sheet.settings, sheet.name, sheet.options)) + "\n```",
        f"Made from event 1 to {sheet.state.sequence} of the project's journal, by version {sheet.program}.",
    ]
    return "\n\n".join(parts) + "\n"


def plain(text: str) -> str:
    """Return a text of unknown origin so that Markdown shows it as it is, on one line."""
    line = html.escape(" ".join(text.split()))
    return re.sub(r"([\\`*_{}\[\]()#+!|~-])", r"\\\1", line)


def _summary(sheet: Sheet) -> str:
    settings, moved = sheet.settings, sum(one.moved for one in sheet.chosen)
    west, south, east, north = settings.area
    lines = [
        f"{len(sheet.chosen)} {settings.light} photos with corrected positions ({moved} moved), for "
        f"{plain(settings.database)}. {len(sheet.by_id)} of them are listed in `ids.csv` by id alone.",
        f"Positions: UTM zone {settings.zone}. Area: west {west}, south {south}, east {east}, north {north}. "
        f"A database photo within {settings.threshold_m:g} m counts as right.",
        "Times in names are UTC where the photo's zone was known, else the camera's clock.",
    ]
    if sheet.blurred is not None:
        faces_alone = "face_model" in sheet.options and "cascades" not in sheet.options
        found = "Faces" if faces_alone else "Faces and number plates"
        left = " Number plates were left as they are." if faces_alone else ""
        lines.append(f"{found} were blurred by a program: {sheet.blurred} boxes. It misses some.{left}")
    return "\n\n".join(lines)


def _counts(sheet: Sheet) -> str:
    left = sum(sheet.fates.values())
    rows = [("Step", "Left out", "Left", "Reasons")]
    rows.append(("harvest", str(len(sheet.state.refused)), str(left), _tally(sheet.state.refused.values())))
    for name in STEPS:
        reasons = {reason: count for (step, reason), count in sheet.fates.items() if step == name}
        left -= sum(reasons.values())
        told = "; ".join(f"{plain(reason)} {count}" for reason, count in sorted(reasons.items()))
        rows.append((f"{name}: {_WORDS[name]}", str(sum(reasons.values())), str(left), told))
    return table(rows)


def _agreement(agreements: Sequence[Agreement]) -> str:
    if not agreements:
        return "No photo was judged by two curators."
    rows = [("Curators", "Photos", "Same", "Cohen's kappa", "Positions apart, median")]
    for one in agreements:
        kappa = "undefined" if one.kappa is None else f"{one.kappa:.2f}"
        apart = "" if one.apart_m is None else f"{one.apart_m:.1f} m"
        names = " and ".join(plain(curator) for curator in one.curators)
        rows.append((names, str(one.photos), str(one.same), kappa, apart))
    return table(rows)


def _licences(chosen: Sequence[Chosen]) -> str:
    found = Counter((one.item.photo.provider, one.item.photo.licence) for one in chosen)
    rows = [("Provider", "Licence", "Photos", "Owners", "Text")]
    for (provider, licence), count in sorted(found.items()):
        owners = {one.item.photo.owner for one in chosen if one.item.photo.licence == licence}
        rows.append((plain(provider), plain(licence) or UNSTATED, str(count), str(len(owners - {""})),
                     licence_address(licence)))  # fmt: skip
    return table(rows)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table whose first row is the head; cells are Markdown already."""
    head, *rest = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *rest])


def _tally(reasons: Iterable[str]) -> str:
    return "; ".join(f"{plain(reason)} {count}" for reason, count in sorted(Counter(reasons).items()))
