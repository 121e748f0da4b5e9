"""An append-only file of scored queries, which a kill at any instant leaves usable.

One line of JSON says what is being measured; after it come records of fixed size, each with its
checksum. A tail that a kill cut off, or that a power cut spoiled, is dropped on opening, and its
queries are scored again. One process at a time holds the file.
"""

import fcntl
import json
import logging
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from data.errors import ResultError
from rerank.latency import STAGES

log = logging.getLogger(__name__)

Header = dict[str, Any]

CHECKSUM_BYTES = 4
BLOCK_RECORDS = 256  # read at a time, so that memory does not grow with the queries
AGAIN = "Make room and run the same command again: the queries scored so far are kept"


def record_type(candidates: int) -> np.dtype:
    """Return the type of one query's record, for K candidates.

    query: its row. turn: how many queries the process had appended before. values: scores, -inf where not
    scored. matches, inliers: counts, -1 where unknown. seconds: of `latency.STAGES`.
    """
    return np.dtype(
        [
            ("query", "<i8"),
            ("turn", "<i4"),
            ("values", "<f8", (candidates,)),
            ("matches", "<i4", (candidates,)),
            ("inliers", "<i4", (candidates,)),
            ("seconds", "<f8", (len(STAGES),)),
            ("checksum", "<u4"),
        ]
    )


class ScoreJournal:
    """A journal opened for appending, locked until it is closed.

    header: what the file says it measures, which is `header` as given where the file was new.
    records: of the earlier processes and of this one.
    """

    def __init__(self, path: Path, header: Header, candidates: int) -> None:
        """Open or begin the journal at `path`; raises ResultError when another process holds it."""
        self.path = path
        self._type = record_type(candidates)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b", buffering=0)
        try:
            self._lock()
            self.header, self._start = self._begin(header)
        except BaseException:
            self.close()
            raise
        self._count = sum(map(len, self.blocks()))
        self._file.truncate(self._end())  # what follows the last whole record is of no use

    def append(self, record: np.ndarray) -> None:
        """Write one record of `record_type`, its checksum filled in here.

        Its place follows from the number of whole ones, so a failed write is written over by the next.
        Raises ResultError when the disk refuses it.
        """
        sealed = record.copy()
        sealed["checksum"] = zlib.crc32(sealed.tobytes()[:-CHECKSUM_BYTES])
        self._write(sealed.tobytes(), self._end())
        self._count += 1

    def records(self) -> np.ndarray:
        """Return all whole records in the order of appending: (R,) of `record_type`."""
        return np.concatenate([np.empty(0, self._type), *self.blocks()])

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield what `records` returns a few at a time: arrays (R,) of `record_type`."""
        size = self._type.itemsize
        total = (os.fstat(self._file.fileno()).st_size - self._start) // size
        for first in range(0, total, BLOCK_RECORDS):
            count = min(BLOCK_RECORDS, total - first)
            data = os.pread(self._file.fileno(), count * size, self._start + first * size)
            found = np.frombuffer(data, self._type)
            whole = _count_whole(found)
            yield found[:whole]
            if whole < count:
                log.warning("%s: %d damaged records dropped", self.path, total - first - whole)
                return

    def close(self) -> None:
        """Let the file go; closing twice does nothing."""
        self._file.close()

    def _end(self) -> int:
        return self._start + self._count * self._type.itemsize

    def _write(self, data: bytes, place: int) -> None:
        try:
            written = os.pwrite(self._file.fileno(), data, place)
        except OSError as error:
            raise ResultError(f"{self.path} cannot be written: {error.strerror}. {AGAIN}") from error
        if written < len(data):
            raise ResultError(f"{self.path} cannot be written: the disk is full. {AGAIN}")

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ResultError(
                f"another process is writing {self.path}; wait for it, or give another --results folder"
            ) from error
        except OSError as error:  # some network file systems have no locks
            log.warning("%s cannot be locked (%s): run one process at a time", self.path, error.strerror)

    def _begin(self, header: Header) -> tuple[Header, int]:
        """Return the file's header and its length; a missing or cut one is written anew."""
        line = self._file.readline()
        if not line.endswith(b"\n"):
            line = json.dumps(header, sort_keys=True).encode() + b"\n"
            self._file.truncate(0)
            self._write(line, 0)
        try:
            return json.loads(line), len(line)
        except ValueError as error:
            raise ResultError(
                f"{self.path} is damaged ({error}); delete it to start this run anew"
            ) from error


def _count_whole(records: np.ndarray) -> int:
    """Return how many of the records (R,) come before the first whose checksum is wrong."""
    rows = records.view(np.uint8).reshape(len(records), records.dtype.itemsize)
    for number, row in enumerate(rows):
        if zlib.crc32(row[:-CHECKSUM_BYTES].tobytes()) != records["checksum"][number]:
            return number
    return len(records)
