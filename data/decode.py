"""Decoding ahead of the consumer: photos in order, by threads, a bounded number at a time."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np

from data.errors import PhotoError, SettingsError
from data.photos import read_photo

T = TypeVar("T")
R = TypeVar("R")


def decode_ahead(
    paths: Iterable[str | Path], *, exif: bool = True, workers: int = 2, ahead: int = 8
) -> Iterator[tuple[int, np.ndarray | PhotoError]]:
    """Yield (index, photo) of every path in order; for an unreadable photo (index, its PhotoError).

    exif: as in `read_photo`. workers: threads (decoding runs outside Python's lock). ahead: photos
    at most that are decoded or being decoded before the consumer asks.
    """

    def read(path: str | Path) -> np.ndarray | PhotoError:
        try:
            return read_photo(path, exif=exif)
        except PhotoError as error:
            return error

    return enumerate(map_ahead(read, paths, workers=workers, ahead=ahead))


@contextmanager
def threads(workers: int) -> Iterator[Executor]:
    """Give a pool of threads, which at its end waits for the calls in hand and starts no more."""
    pool = ThreadPoolExecutor(workers, thread_name_prefix="ahead")
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


Threads = Callable[[int], AbstractContextManager[Executor]]


def map_ahead(
    function: Callable[[T], R],
    items: Iterable[T],
    *,
    workers: int = 2,
    ahead: int = 8,
    pool: Threads = threads,
) -> Iterator[R]:
    """Yield `function` of every item, in order, computed by `workers` threads at most `ahead` early.

    pool: gives that many threads; where `function` calls torch, `networks.cores.core_threads`. An exception
    of `function` is raised at its item's turn. Closing the iterator waits for the calls in hand and starts
    no more. Raises SettingsError for fewer than one worker or item ahead.
    """
    if workers < 1 or ahead < 1:
        raise SettingsError(f"workers and ahead must be at least 1, found {workers} and {ahead}")
    return _map_ahead(function, iter(items), pool(workers), ahead)


def _map_ahead(
    function: Callable[[T], R], items: Iterator[T], pool: AbstractContextManager[Executor], ahead: int
) -> Iterator[R]:
    pending: deque[Future[R]] = deque()
    with pool as started:
        pending.extend(started.submit(function, item) for item in islice(items, ahead))
        while pending:
            result = pending.popleft().result()
            pending.extend(started.submit(function, item) for item in islice(items, 1))
            yield result
