"""Runs that kill themselves with SIGKILL: `python -m tests.rerank.killed_run FOLDER:CALL:NTH:WHEN ...`.

Every argument is one process, one after another. CALL: write (of the journal), replace (a file's
renaming) or unlink (of the journal). NTH: which of these calls of the process, from 0. WHEN: before it,
half (of the bytes are written) or after it. Prints the signal that ended each process.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.rerank.made_runs import fill, make_shortlist

TARGETS: dict[str, tuple[Any, str]] = {
    "write": (os, "pwrite"),
    "replace": (Path, "replace"),
    "unlink": (Path, "unlink"),
}


def deadly(original: Callable[..., Any], nth: int, when: str) -> Callable[..., Any]:
    """Return a call that does as `original` until its n-th time."""
    calls = iter(range(1000))

    def call(*arguments: Any, **named: Any) -> Any:
        if next(calls) != nth:
            return original(*arguments, **named)
        if when == "half":
            handle, data, place = arguments
            original(handle, data[: len(data) // 2], place)
        if when == "after":
            original(*arguments, **named)
        return os.kill(os.getpid(), signal.SIGKILL)

    return call


def run_until_killed(folder: str, call: str, nth: str, when: str) -> int:
    """Return the signal that ended the process, 0 when it came to its end."""
    process = os.fork()
    if process:
        return os.WTERMSIG(os.waitpid(process, 0)[1])
    owner, name = TARGETS[call]
    setattr(owner, name, deadly(getattr(owner, name), int(nth), when))
    fill(Path(folder), make_shortlist())
    os._exit(0)


if __name__ == "__main__":
    print(*(run_until_killed(*argument.split(":")) for argument in sys.argv[1:]))
