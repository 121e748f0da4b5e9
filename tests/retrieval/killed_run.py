"""Retrieve with shards of four photos, and die by SIGKILL at a chosen moment.

Usage: python -m tests.retrieval.killed_run DATASET FOLDER MOMENT COUNT
MOMENT: "describing" (before photo COUNT is described) or "renaming" (when file COUNT is written in
full under its temporary name).
"""

import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

import retrieval.retrieve
from data.datasets import open_dataset
from retrieval.candidates import Candidates
from retrieval.descriptors import DescriptorStore
from tests.retrieval.toy import Mosaic


def retrieve_in_small_shards(dataset: Path, folder: Path, retriever: Mosaic) -> Candidates:
    stores = partial(DescriptorStore, shard_photos=4)
    retrieval.retrieve.DescriptorStore = stores  # type: ignore[misc, assignment]
    try:
        return retrieval.retrieve.retrieve(open_dataset(dataset), retriever, folder)
    finally:
        retrieval.retrieve.DescriptorStore = DescriptorStore  # type: ignore[misc]


class Doomed(Mosaic):
    """Dies before it describes one photo too many."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def describe(self, batch: torch.Tensor) -> np.ndarray:
        if self.described + len(batch) > self.count:
            die()
        return super().describe(batch)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_at_rename(count: int) -> None:
    rename, done = Path.replace, 0

    def counted(path: Path, target: Any) -> Path:
        nonlocal done
        done += 1
        if done == count:
            die()
        return rename(path, target)

    Path.replace = counted  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    source, out, moment, count = sys.argv[1:]
    if moment == "renaming":
        die_at_rename(int(count))
    retrieve_in_small_shards(
        Path(source), Path(out), Doomed(int(count)) if moment == "describing" else Mosaic()
    )
