"""Work on independent items, spread over the processor's cores: one item to a core."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
import torch

from data.decode import threads

T = TypeVar("T")
R = TypeVar("R")

Indices = Sequence[int] | np.ndarray

CPU = torch.device("cpu")

_spread = True


def on_cores(work: Callable[[T], R], items: Sequence[T], device: torch.device = CPU) -> list[R]:
    """Do `work` on each item, on as many threads as torch uses, and return the results in order.

    device: where the work is done; on another than the CPU items come one after the other.

    Within `work` torch uses one thread, also for a single item, so that a result does not depend on how many
    items there are. Products of a pair of photos are small: two cores that share each of them wait for one
    another, for a tenth to a quarter of the time. Autocast and inference mode are a thread's own, and are
    entered within `work`. OpenCV and PoseLib release Python's lock, as torch does.
    """
    cores = torch.get_num_threads() if _spread else 1
    if cores < 2 or not items or device.type != "cpu":
        return [work(item) for item in items]
    with core_threads(min(cores, len(items))) as pool:  # after an error, or Ctrl-C, no more are begun
        return list(pool.map(work, items))


@contextmanager
def core_threads(workers: int) -> Iterator[Executor]:
    """Give a pool of threads that are all started, in each of which torch uses one thread.

    Else each would get helpers of its own from OpenMP, and where there are more of these than cores all wait
    for one another asleep, also those that the rest of the process works with.
    """
    ready = threading.Barrier(workers + 1)
    counted = torch.get_num_threads()
    with threads(workers) as pool:
        for _ in range(workers):
            pool.submit(_take_one_core, ready)
        ready.wait()
        # What a thread sets is also what threads started later begin with.
        torch.set_num_threads(counted)
        yield pool


def share_cores() -> None:
    """Have this process do items one after the other on all cores for good, as published code does."""
    global _spread
    _spread = False


def fill_by_batches(
    into: np.ndarray,
    batches: Iterable[Indices],
    work: Callable[[Indices], np.ndarray],
    device: torch.device,
) -> None:
    """Put what `work` gives for each batch of indices into an array, at these indices; see `on_cores`."""
    indices = list(batches)
    for batch, values in zip(indices, on_cores(work, indices, device), strict=True):
        into[batch] = values


def _take_one_core(ready: threading.Barrier) -> None:
    torch.get_num_threads()  # the first call in a thread would undo what is set before it
    torch.set_num_threads(1)
    ready.wait()
