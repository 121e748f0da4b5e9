"""Timing: the one place where clocks are read, with the device brought to rest first."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import torch


class Stopwatch:
    """Seconds spent in named stages.

    device: the torch device whose queue is emptied before every reading.
    seconds: stage -> seconds so far.
    """

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self.seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Add the time of the enclosed block to `stage`."""
        start = self._now()
        try:
            yield
        finally:
            self.seconds[stage] += self._now() - start

    def _now(self) -> float:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return time.perf_counter()
