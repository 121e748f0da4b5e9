"""Progress of long work: a bar on a terminal, beside the line of log at the end of each stage."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from networks.stages import Counter, logged_stage


@contextmanager
def stage(name: str, total: int) -> Iterator[Counter]:
    """Show the progress of `total` items on a terminal, and log their number and the seconds at the end."""
    with logged_stage(name, total) as tally:
        console = Console(stderr=True)
        if not (console.is_terminal and total):
            yield tally
            return
        with _bar(console) as bar:
            yield _Shown(tally, bar, bar.add_task(name, total=total))


class _Shown:
    def __init__(self, tally: Counter, bar: Progress, task: TaskID) -> None:
        self._tally, self._bar, self._task = tally, bar, task

    def advance(self, count: int = 1) -> None:
        self._tally.advance(count)
        self._bar.advance(self._task, count)


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
