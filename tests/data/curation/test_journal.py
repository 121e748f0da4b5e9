"""The journal: nothing changes or goes, several processes append, damage and full disks are told."""

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from data.curation.events import Draft, Kind
from data.curation.journal import Journal
from data.errors import CurationError, DiskSpaceError
from tests.data.curation.made import Clock


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.sqlite", Clock())


def note(text: str, item: str = "flickr:1") -> Draft:
    return Draft(Kind.NOTED, item, {"text": text})


def test_events_come_back_in_order_as_they_were_written(journal: Journal) -> None:
    written = journal.append("ada", note("<b>ü</b>"), note("two", "flickr:2"))
    written += journal.append("bob", note("three"))
    assert journal.events() == written
    assert [event.sequence for event in written] == [1, 2, 3]
    assert written[0].payload == {"text": "<b>ü</b>"}
    assert written[0].time == "2024-05-17T20:00:00.000Z"
    assert (written[2].who, written[1].item) == ("bob", "flickr:2")
    assert journal.events(after=2) == written[2:]
    journal.check()


def test_a_journal_is_read_by_the_next_process(journal: Journal) -> None:
    journal.append("ada", note("kept"))
    journal.close()
    again = Journal(journal.path)
    assert [event.payload["text"] for event in again.events()] == ["kept"]
    assert again.append("ada", note("more"))[0].sequence == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET who = 'eve'",
        "DELETE FROM events",
        "INSERT OR REPLACE INTO events SELECT 1, time, 'eve', kind, item, payload, checksum FROM events",
    ],
)
def test_nothing_is_ever_changed_or_deleted(journal: Journal, statement: str) -> None:
    before = journal.append("ada", note("first"), note("second"))
    with sqlite3.connect(journal.path) as other, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        other.execute(statement)
    assert journal.events() == before


def test_events_of_one_call_are_all_written_or_none(journal: Journal) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        journal.append("ada", note("fine"), Draft(Kind.NOTED, "flickr:1", {"text": float("nan")}))
    assert journal.events() == []
    assert journal.append("ada", note("after"))[0].sequence == 1


def test_an_event_names_who_made_it(journal: Journal) -> None:
    with pytest.raises(CurationError, match="who made it"):
        journal.append("", note("nobody"))


APPENDING = """
import sys
from pathlib import Path
from data.curation.events import Draft, Kind
from data.curation.journal import Journal
journal = Journal(Path(sys.argv[1]))
for number in range(40):
    journal.append(sys.argv[2], Draft(Kind.NOTED, "flickr:1", {"text": str(number)}))
"""


def test_processes_and_threads_append_at_once(journal: Journal) -> None:
    command = [sys.executable, "-c", APPENDING, str(journal.path)]
    others = [subprocess.Popen([*command, who], cwd=Path.cwd()) for who in ("ada", "bob")]
    threads = [
        threading.Thread(target=lambda: [journal.append("eve", note(str(n))) for n in range(40)])
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [other.wait(60) for other in others] == [0, 0]
    journal.check()
    events = journal.events()
    assert [event.sequence for event in events] == list(range(1, 161))
    for who in ("ada", "bob"):
        assert [e.payload["text"] for e in events if e.who == who] == [str(n) for n in range(40)]


def test_a_full_disk_is_told_and_keeps_what_there_was(journal: Journal) -> None:
    before = journal.append("ada", note("kept"))
    pages = journal._connection.execute("PRAGMA page_count").fetchone()[0]
    journal._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DiskSpaceError, match=r"disk is full.*earlier events are kept"):
        journal.append("ada", *[note("x" * 2000) for _ in range(20)])
    journal._connection.execute("PRAGMA max_page_count = 100000")
    assert journal.events() == before
    journal.check()
    assert journal.append("ada", note("after"))[0].sequence == 2


def tamper(journal: Journal, *statements: str) -> None:
    """Do what the triggers refuse, as a stranger with a tool could."""
    with sqlite3.connect(journal.path) as other:
        for name in ("never_updated", "never_deleted", "never_replaced"):
            other.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            other.execute(statement)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE events SET payload = '{}' WHERE sequence = 2", "event 2 is not as it was written"),
        ("UPDATE events SET who = 'eve' WHERE sequence = 1", "event 1 is not as it was written"),
        ("DELETE FROM events WHERE sequence = 2", "event 2 is missing, event 3 follows"),
    ],
)
def test_tampering_is_noticed(journal: Journal, statement: str, told: str) -> None:
    journal.append("ada", note("one"), note("two"), note("three"))
    tamper(journal, statement)
    with pytest.raises(CurationError, match=told):
        journal.check()


def test_a_damaged_file_is_told(journal: Journal) -> None:
    journal.append("ada", *[note("x" * 500) for _ in range(100)])
    journal.close()
    data = bytearray(journal.path.read_bytes())
    data[8192:12288] = b"\xff" * 4096
    journal.path.write_bytes(data)
    again = Journal(journal.path)
    with pytest.raises(CurationError, match=r"journal\.sqlite is damaged: .*Put a copy of it back"):
        again.check()


def test_other_files_and_newer_formats_are_refused(tmp_path: Path) -> None:
    text = tmp_path / "text.sqlite"
    text.write_text("no database " * 100)
    with pytest.raises(CurationError, match="is damaged: file is not a database"):
        Journal(text)
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE things (name TEXT)")
    with pytest.raises(CurationError, match="no curation journal"):
        Journal(other)
    newer = Journal(tmp_path / "newer.sqlite")
    newer._connection.execute("PRAGMA user_version = 9")
    newer.close()
    with pytest.raises(CurationError, match=r"format 9, this version reads 1; update"):
        Journal(newer.path)
    with pytest.raises(CurationError, match="unable to open"):
        Journal(tmp_path / "missing" / "journal.sqlite")


def test_a_lock_that_is_kept_is_told(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    journal._connection.execute("PRAGMA busy_timeout = 50")
    holder = sqlite3.connect(journal.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(CurationError, match="another process kept it locked"):
        journal.append("ada", note("late"))
    holder.execute("ROLLBACK")
    assert journal.append("ada", note("now"))[0].sequence == 1
