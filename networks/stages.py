"""What long work tells of itself, and the default: one line of log at the end of each stage."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

log = logging.getLogger(__name__)


class Counter(Protocol):
    """What is told of every item that is done."""

    def advance(self, count: int = 1) -> None:
        """Count one more item, or `count` of them."""


Stage = Callable[[str, int], AbstractContextManager[Counter]]  # (name, total items)


class _Tally:
    def __init__(self) -> None:
        self.done = 0

    def advance(self, count: int = 1) -> None:
        self.done += count


@contextmanager
def logged_stage(name: str, total: int) -> Iterator[Counter]:
    """Count the items of a stage; log their number and the seconds at its end."""
    start = time.perf_counter()
    tally = _Tally()
    yield tally
    log.info("%s: %d of %d in %.1f s", name, tally.done, total, time.perf_counter() - start)
