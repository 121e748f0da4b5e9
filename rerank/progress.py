"""Progress of long work: a bar on a terminal, a line of log at the end of each stage."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

log = logging.getLogger(__name__)


class Progress(Protocol):
    """What long work tells of itself."""

    def advance(self) -> None:
        """Count one more item."""


class _Count:
    def __init__(self) -> None:
        self.done = 0

    def advance(self) -> None:
        self.done += 1


@contextmanager
def stage(name: str, total: int) -> Iterator[Progress]:
    """Show the progress of `total` items, and log the count and the seconds at the end."""
    start = time.perf_counter()
    console = Console(stderr=True)
    counter: _Count
    if console.is_terminal and total:
        with _bar(console) as bar:
            task = bar.add_task(name, total=total)
            counter = _Shown(bar, task)
            yield counter
    else:
        counter = _Count()
        yield counter
    log.info("%s: %d of %d in %.1f s", name, counter.done, total, time.perf_counter() - start)


class _Shown(_Count):
    def __init__(self, bar: Bar, task: int) -> None:
        super().__init__()
        self.bar, self.task = bar, task

    def advance(self) -> None:
        super().advance()
        self.bar.advance(self.task)  # type: ignore[arg-type]


def _bar(console: Console) -> Bar:
    return Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
