"""Grouping what differs in shape into batches that a network can take."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

WAITING_BATCHES = 4  # bounds memory where every photo has a size of its own


def equal_batches(items: Iterable[T], size: int, shape_of: Callable[[T], Hashable]) -> Iterator[list[T]]:
    """Group items of equal shape into lists of at most `size`, in order of arrival within a shape.

    At most 4 x `size` items wait for companions; then the fullest group goes as it is.
    """
    waiting: dict[Hashable, list[T]] = {}
    count = 0
    for item in items:
        shape = shape_of(item)
        waiting.setdefault(shape, []).append(item)
        count += 1
        if len(waiting[shape]) < size:
            if count < WAITING_BATCHES * size:
                continue
            shape = max(waiting, key=lambda known: len(waiting[known]))
        group = waiting.pop(shape)
        count -= len(group)
        yield group
    yield from waiting.values()
