"""What a process does that fills a store, and dies on the way if asked to."""

import os
import resource
import signal
from pathlib import Path
from typing import Any

import h5py

import data.files
from data.errors import StoreError
from extractors.store import FeatureStore
from tests.extractors.records import IDENTITY, fill

# What a process is about to call at each moment of a shard's life.
MOMENTS: dict[str, tuple[Any, str]] = {
    "writing": (h5py.Group, "__setitem__"),
    "flushing": (os, "fsync"),
    "renaming": (Path, "replace"),
    "after renaming": (data.files, "_flush_folder"),
}


def run(folder: Path, first: int, last: int, moment: str | None = None) -> None:
    """Store photos `first` to `last`; with a `moment`, be killed when it comes for the twelfth time."""
    if moment is not None:
        die(moment, 12)
    fill(FeatureStore(folder, IDENTITY, shard_bytes=1500), range(first, last))


def run_without_space(folder: Path) -> None:
    """Store photos where no file can grow beyond 3000 bytes; leave the error in words."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, resource.RLIM_INFINITY))
    try:
        run(folder, 0, 60)
    except StoreError as error:
        (folder / "error.txt").write_text(str(error))


def die(moment: str, call: int) -> None:
    owner, name = MOMENTS[moment]
    original = getattr(owner, name)
    left = call

    def counted(*args: Any, **kwargs: Any) -> Any:
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*args, **kwargs)

    setattr(owner, name, counted)
