"""The journal of a curation project: an append-only table of events in SQLite.

Nothing is ever changed or deleted, which triggers enforce; undoing is one more event. Checksums are
chained, so that an event that was altered, lost or put between others is noticed. WAL mode lets several
processes read while one appends; `synchronous=FULL` makes every event durable before `append` returns,
which costs some milliseconds for each call, whatever the number of its events.
"""

import json
import sqlite3
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from data.curation.events import Draft, Event
from data.errors import CurationError, DiskSpaceError

FORMAT = 1
APPLICATION_ID = 0x52525243  # in the file's header, so that `file` and others know it
WAIT_S = 30.0  # for another process that is appending

_SCHEMA = (
    """CREATE TABLE events (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        time TEXT NOT NULL, who TEXT NOT NULL, kind TEXT NOT NULL, item TEXT NOT NULL,
        payload TEXT NOT NULL, checksum INTEGER NOT NULL) STRICT""",
    """CREATE TRIGGER never_updated BEFORE UPDATE ON events
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END""",
    """CREATE TRIGGER never_deleted BEFORE DELETE ON events
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END""",
    # Without it INSERT OR REPLACE would delete a row and fire no trigger.
    """CREATE TRIGGER never_replaced BEFORE INSERT ON events
        WHEN EXISTS (SELECT 1 FROM events WHERE sequence = NEW.sequence)
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END""",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {FORMAT}",
)
_COLUMNS = "sequence, time, who, kind, item, payload, checksum"


def utc_now() -> datetime:
    """Return the time of the machine's clock, in UTC."""
    return datetime.now(UTC)


class Journal:
    """A journal opened for reading and appending; may be shared by threads.

    path: the file, made where it is missing. clock: gives the time of each event. Raises CurationError
    for a file that is no journal, is damaged, or is of a newer format; DiskSpaceError on a full disk.
    """

    def __init__(self, path: Path, clock: Callable[[], datetime] = utc_now) -> None:
        self.path = path
        self._clock = clock
        self._lock = threading.Lock()
        with self._explained():
            # Each statement is its own transaction, but for those between BEGIN and COMMIT.
            self._connection = sqlite3.connect(
                path, timeout=WAIT_S, isolation_level=None, check_same_thread=False
            )
        try:
            with self._explained():
                self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def now(self, offset: timedelta = timedelta()) -> str:
        """Return the time that an event of now would have, or of `offset` from now."""
        moment = (self._clock() + offset).astimezone(UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def append(self, who: str, *drafts: Draft) -> list[Event]:
        """Write events of one person or program, all or none, and return them as they were written.

        who: not empty. Raises DiskSpaceError on a full disk and CurationError where the journal cannot be
        written; it is then as it was before.
        """
        if not who:
            raise CurationError(f"{self.path}: an event must name who made it")
        time = self.now()
        with self._lock, self._explained(), self._transaction():
            sequence, checksum = self._last()
            events, rows = [], []
            for number, draft in enumerate(drafts, sequence + 1):
                payload = json.dumps(draft.payload, sort_keys=True, ensure_ascii=False, allow_nan=False)
                content = (number, time, who, str(draft.kind), draft.item, payload)
                checksum = _chained(content, checksum)
                rows.append((*content, checksum))
                events.append(_event(content))
            marks = ", ".join("?" * 7)
            self._connection.executemany(f"INSERT INTO events ({_COLUMNS}) VALUES ({marks})", rows)
        return events

    def events(self, after: int = 0) -> list[Event]:
        """Return the events that follow sequence number `after`, in order."""
        query = f"SELECT {_COLUMNS} FROM events WHERE sequence > ? ORDER BY sequence"
        with self._lock, self._explained():
            return [_event(row) for row in self._connection.execute(query, (after,))]

    def check(self) -> None:
        """Read the whole file, and raise CurationError saying what is damaged if anything is."""
        with self._lock, self._explained():
            faults = [row[0] for row in self._connection.execute("PRAGMA integrity_check(3)")]
            if faults != ["ok"]:
                raise self._damaged("; ".join(faults))
            expected, checksum = 1, 0
            for row in self._connection.execute(f"SELECT {_COLUMNS} FROM events ORDER BY sequence"):
                if row[0] != expected:
                    raise self._damaged(f"event {expected} is missing, event {row[0]} follows")
                checksum = _chained(row[:6], checksum)
                if checksum != row[6]:
                    raise self._damaged(f"event {expected} is not as it was written")
                expected += 1

    def close(self) -> None:
        """Let the file go; closing twice does nothing."""
        self._connection.close()

    def _prepare(self) -> None:
        """Begin a new file, or make sure that an older one is a journal of this format."""
        mode = self._connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise CurationError(
                f"{self.path}: SQLite's WAL mode is not possible here (found {mode}); "
                "network disks lack it: keep the project on a local one"
            )
        self._connection.execute("PRAGMA synchronous = FULL")
        if self._empty():
            with self._transaction():
                if self._empty():  # else another process was first
                    for statement in _SCHEMA:
                        self._connection.execute(statement)
        self._refuse_others()

    def _empty(self) -> bool:
        return self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0

    def _refuse_others(self) -> None:
        application = self._connection.execute("PRAGMA application_id").fetchone()[0]
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if application != APPLICATION_ID:
            raise CurationError(f"{self.path} is an SQLite file, but no curation journal")
        if version > FORMAT:
            raise CurationError(
                f"{self.path} is of format {version}, this version reads {FORMAT}; update the program"
            )

    def _last(self) -> tuple[int, int]:
        """Return sequence number and checksum of the newest event, zeros where there is none."""
        found = self._connection.execute(
            "SELECT sequence, checksum FROM events ORDER BY sequence DESC LIMIT 1"
        ).fetchone()
        return found or (0, 0)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Be the only writer for as long as the block runs; what it wrote is kept whole or not at all."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what SQLite raises into errors that say what to do."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code == sqlite3.SQLITE_FULL:
                raise DiskSpaceError(
                    f"{self.path} cannot be written: the disk is full. All earlier events are kept; "
                    "make room and do the last step again"
                ) from error
            if code == sqlite3.SQLITE_BUSY:
                raise CurationError(
                    f"{self.path}: another process kept it locked for {WAIT_S:g} s; try again"
                ) from error
            if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
                raise self._damaged(str(error)) from error
            raise CurationError(f"{self.path} cannot be used: {error}") from error

    def _damaged(self, fault: str) -> CurationError:
        return CurationError(
            f"{self.path} is damaged: {fault}. Put a copy of it back, with its -wal file if there is one; "
            "`sqlite3 journal.sqlite .recover` may save what it still holds"
        )


def _chained(content: tuple[Any, ...], previous: int) -> int:
    return zlib.crc32(json.dumps(content, ensure_ascii=False).encode(), previous)


def _event(row: tuple[Any, ...]) -> Event:
    sequence, time, who, kind, item, payload = row[:6]
    return Event(sequence, time, who, kind, item, json.loads(payload))
