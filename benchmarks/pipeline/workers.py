"""One process for each way of working, which waits while another one measures."""

import importlib
import logging
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from types import TracebackType
from typing import Any

from benchmarks.pipeline.job import Job

_held: dict[str, Any] = {}  # in the process of the worker


class Worker:
    """A way of working with one pair, in a process of its own; a context manager that ends the process.

    kind: "naive" or "ours".
    """

    def __init__(self, kind: str, job: Job) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(1, mp_context=spawn, initializer=_build, initargs=(kind, job))

    def __enter__(self) -> "Worker":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def ask(self, method: str, *given: Any) -> Any:
        """Call a method of `Naive` or `Ours` there, and wait for what it returns."""
        return self._pool.submit(_call, method, *given).result()


def _build(kind: str, job: Job) -> None:
    import cv2
    import torch

    from benchmarks.pipeline.published import use_published_steps
    from networks.cores import share_cores
    from networks.products import use_torch

    logging.disable(logging.WARNING)  # that weights are made up is known
    torch.set_num_threads(job.threads)
    cv2.setNumThreads(job.threads)
    if kind == "naive":
        use_torch()
        share_cores()
        use_published_steps()
    module = importlib.import_module(f"benchmarks.pipeline.{kind}")
    _held["way"] = getattr(module, kind.capitalize())(job)


def _call(method: str, *given: Any) -> Any:
    return getattr(_held["way"], method)(*given)
