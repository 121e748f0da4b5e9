"""How far a project is: what became of its photos, and which steps were begun and not ended."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from data.curation.export.fates import EXPORTED, count_fates
from data.curation.project import Project
from data.curation.state import State
from data.curation.steps import ENDED


@dataclass(frozen=True)
class Status:
    """Numbers of a project.

    harvested: provider -> photos. refused: photos that were not kept. left_out: "step: reason" -> photos.
    ready: photos that would be exported. unfinished: names of steps whose last call was cut off.
    """

    harvested: dict[str, int]
    refused: int
    left_out: dict[str, int]
    ready: int
    unfinished: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return the status as text, a line for each number."""
        lines = [f"harvested from {provider}: {count}" for provider, count in self.harvested.items()]
        lines.append(f"refused: {self.refused}")
        lines += [f"{reason}: {count}" for reason, count in self.left_out.items()]
        lines.append(f"ready to be exported: {self.ready}")
        return lines + [f"{step} was cut off: the same command goes on" for step in self.unfinished]


def status_of(project: Project) -> Status:
    """Return how far a project is."""
    state = project.state()
    items = list(state.items.values())
    fates = count_fates(items, project.settings, checked=True)
    ready = fates.pop(EXPORTED, 0)
    return Status(
        harvested=dict(sorted(Counter(item.photo.provider for item in items).items())),
        refused=len(state.refused),
        left_out={f"{fate.step}: {fate.reason}": count for fate, count in sorted(fates.items())},
        ready=ready,
        unfinished=tuple(step for step, last in last_calls(state).items() if last["state"] != ENDED),
    )


def last_calls(state: State) -> dict[str, Any]:
    """Return for each step the payload of its newest event."""
    return {event.payload["step"]: event.payload for event in state.steps}
