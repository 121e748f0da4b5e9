"""What the dataset doctor found."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# In lines for people; `as_dict` has all.
_SHOWN = 10
_SHOWN_PROBLEMS = 20


@dataclass(frozen=True)
class SetReport:
    """What was found in the database or in the queries.

    count: photos. digest: of their base names. ordering: as in `PhotoSet`. unlisted: photos on disk
    that the list file leaves out. checked: photos decoded. unreadable: path -> reason. rotated: paths
    of photos that EXIF turns. sizes: "WIDTHxHEIGHT" in pixels -> photos. duplicates: base names that
    occur more than once. zones, conditions: word -> photos, "" unknown. first_time, last_time: UTC.
    """

    folder: str
    count: int
    digest: str
    ordering: str
    unlisted: int
    checked: int
    unreadable: Mapping[str, str]
    rotated: tuple[str, ...]
    sizes: Mapping[str, int]
    duplicates: tuple[str, ...]
    zones: Mapping[str, int]
    conditions: Mapping[str, int]
    first_time: str | None
    last_time: str | None

    def lines(self, role: str) -> Iterator[str]:
        """Yield lines for people. role: "database" or "queries"."""
        yield f"{role}: {self.count} photos in {self.folder}"
        yield f"  order: {self.ordering}; digest of names: {self.digest}"
        yield f"  decoded: {self.checked}; sizes: {_counts(self.sizes)}"
        yield f"  UTM zones: {_counts(self.zones)}; conditions: {_counts(self.conditions)}"
        if self.first_time:
            yield f"  taken: {self.first_time} to {self.last_time}"


@dataclass(frozen=True)
class Report:
    """What was found in a dataset.

    exif: whether rotated photos are turned upright. without_positives: names of queries without a
    database photo within `threshold_m` metres. positives: (least, median, most) of a query.
    across_zones: positive pairs whose two UTM zones differ. shared_names: base names of both sets.
    expectations: how counts differ from those published for the named set. trap: what is known to go
    wrong with it.
    """

    name: str
    root: str
    threshold_m: float
    exif: bool
    database: SetReport
    queries: SetReport
    without_positives: tuple[str, ...]
    positives: tuple[int, float, int]
    across_zones: int
    shared_names: tuple[str, ...]
    expectations: tuple[str, ...]
    trap: str

    @property
    def problems(self) -> list[str]:
        """What is wrong, a line each; empty where the dataset can be evaluated as it is."""
        found = []
        if len(self.without_positives) == self.queries.count:
            found.append(
                f"no query has a database photo within {self.threshold_m:g} m: recall can only be 0; "
                f"do both sets use the same UTM zone, and east before north?"
            )
        if self.across_zones:
            found.append(
                f"{self.across_zones} positive pairs are of different UTM zones: positions that coincide"
            )
        unreadable = [reason for _, part in self._parts() for reason in part.unreadable.values()]
        return [*found, *(f"unreadable: {reason}" for reason in unreadable)]

    @property
    def warnings(self) -> list[str]:
        """What may surprise, a line each."""
        found = [line for role, part in self._parts() for line in _set_warnings(role, part, self.exif)]
        lacking = len(self.without_positives)
        if 0 < lacking < self.queries.count:
            most = 100 * (1 - lacking / self.queries.count)
            found.append(
                f"{lacking} queries have no positives and stay in the denominator: recall ends at "
                f"{most:.1f} %{_examples(self.without_positives)}"
            )
        if self.shared_names:
            found.append(f"{len(self.shared_names)} names are in both sets{_examples(self.shared_names)}")
        return [*found, *self.expectations, *([self.trap] if self.trap else [])]

    def lines(self) -> list[str]:
        """Return the report as lines for people."""
        least, median, most = self.positives
        unsaid = len(self.problems) - _SHOWN_PROBLEMS
        return [
            f"{self.name}: {self.root}",
            *self.database.lines("database"),
            *self.queries.lines("queries"),
            f"positives within {self.threshold_m:g} m: {least} to {most} of a query, median {median:g}",
            *(f"warning: {line}" for line in self.warnings),
            *(f"problem: {line}" for line in self.problems[:_SHOWN_PROBLEMS]),
            *([f"problem: ... and {unsaid} more"] if unsaid > 0 else []),
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return the report as a JSON-able mapping, with its problems and warnings."""
        return {**dataclasses.asdict(self), "problems": self.problems, "warnings": self.warnings}

    def _parts(self) -> tuple[tuple[str, SetReport], ...]:
        return ("database", self.database), ("queries", self.queries)


def _set_warnings(role: str, part: SetReport, exif: bool) -> Iterator[str]:
    if part.rotated:
        treated = "turned upright" if exif else "used as stored"
        examples = _examples(part.rotated)
        yield f"{role}: {len(part.rotated)} photos are rotated by EXIF and are {treated}{examples}"
    if part.duplicates:
        yield f"{role}: {len(part.duplicates)} names occur more than once{_examples(part.duplicates)}"
    if len(part.zones) > 1:
        yield f"{role}: several UTM zones, which distances ignore: {_counts(part.zones)}"
    if part.unlisted:
        yield f"{role}: {part.unlisted} photos on disk are not in the list file"


def _counts(counts: Mapping[str, int]) -> str:
    """Write counts, the largest first."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    text = ", ".join(f"{word or 'unknown'} ({count})" for word, count in ranked[:_SHOWN])
    return f"{text or 'none'}{', ...' if len(ranked) > _SHOWN else ''}"


def _examples(names: tuple[str, ...]) -> str:
    return f": {', '.join(names[:_SHOWN])}{', ...' if len(names) > _SHOWN else ''}"
