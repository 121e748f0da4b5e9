import json
from pathlib import Path

import numpy as np
import pytest

from data.errors import ResultError
from rerank.journal import ScoreJournal, record_type

HEADER = {"format": 1, "what": "a run"}
CANDIDATES = 3


def record(query: int) -> np.ndarray:
    made = np.zeros((), record_type(CANDIDATES))
    made["query"], made["values"], made["seconds"] = query, [query, 0.5, -np.inf], np.nan
    return made


def write(path: Path, queries: range) -> bytes:
    journal = ScoreJournal(path, HEADER, CANDIDATES)
    for query in queries:
        journal.append(record(query))
    journal.close()
    return path.read_bytes()


def queries_in(path: Path) -> list[int]:
    journal = ScoreJournal(path, HEADER, CANDIDATES)
    found = journal.records()["query"].tolist()
    journal.close()
    return found


def test_records_come_back_in_order(tmp_path):
    write(tmp_path / "j", range(4))
    journal = ScoreJournal(tmp_path / "j", {"format": 1, "what": "another"}, CANDIDATES)
    assert journal.header == HEADER
    assert journal.records()["query"].tolist() == [0, 1, 2, 3]
    np.testing.assert_array_equal(journal.records()["values"][2], [2.0, 0.5, -np.inf])
    journal.close()


def test_a_journal_cut_at_any_byte_keeps_its_whole_records(tmp_path):
    whole = write(tmp_path / "j", range(3))
    start = whole.index(b"\n") + 1
    size = record_type(CANDIDATES).itemsize
    for length in range(len(whole)):
        (tmp_path / "cut").write_bytes(whole[:length])
        kept = max(0, length - start) // size
        assert queries_in(tmp_path / "cut") == list(range(kept)), length
        assert (tmp_path / "cut").read_bytes() == whole[: start + kept * size]


def test_a_cut_journal_goes_on_to_the_same_bytes(tmp_path):
    whole = write(tmp_path / "j", range(5))
    (tmp_path / "j").write_bytes(whole[:-7])
    assert write(tmp_path / "j", range(4, 5)) == whole


def test_a_spoiled_record_and_what_follows_are_dropped(tmp_path):
    whole = bytearray(write(tmp_path / "j", range(4)))
    size = record_type(CANDIDATES).itemsize
    whole[-2 * size + 20] ^= 1
    (tmp_path / "j").write_bytes(bytes(whole))
    assert queries_in(tmp_path / "j") == [0, 1]


def test_zeros_that_a_power_cut_left_are_no_records(tmp_path):
    whole = write(tmp_path / "j", range(2))
    (tmp_path / "j").write_bytes(whole + bytes(2 * record_type(CANDIDATES).itemsize))
    assert queries_in(tmp_path / "j") == [0, 1]


def test_two_processes_do_not_write_one_journal(tmp_path):
    first = ScoreJournal(tmp_path / "j", HEADER, CANDIDATES)
    with pytest.raises(ResultError, match="another process is writing"):
        ScoreJournal(tmp_path / "j", HEADER, CANDIDATES)
    first.close()
    assert queries_in(tmp_path / "j") == []


def test_a_damaged_header_says_what_to_do(tmp_path):
    (tmp_path / "j").write_bytes(b"{not json\n")
    with pytest.raises(ResultError, match="delete it to start"):
        ScoreJournal(tmp_path / "j", HEADER, CANDIDATES)


def test_a_full_disk_is_told_and_loses_nothing(tmp_path, monkeypatch):
    journal = ScoreJournal(tmp_path / "j", HEADER, CANDIDATES)
    journal.append(record(0))
    monkeypatch.setattr("rerank.journal.os.pwrite", lambda handle, data, place: len(data) - 1)
    with pytest.raises(ResultError, match="disk is full"):
        journal.append(record(1))
    monkeypatch.undo()
    journal.append(record(2))
    assert journal.records()["query"].tolist() == [0, 2]
    journal.close()
    assert json.loads((tmp_path / "j").read_bytes().split(b"\n")[0]) == HEADER


@pytest.mark.parametrize("block", [1, 2, 3, 7, 8])
def test_records_are_the_same_in_blocks_of_any_size(tmp_path, monkeypatch, block):
    monkeypatch.setattr("rerank.journal.BLOCK_RECORDS", block)
    whole = write(tmp_path / "j", range(7))
    assert queries_in(tmp_path / "j") == list(range(7))
    size = record_type(CANDIDATES).itemsize
    damaged = bytearray(whole)
    damaged[-2 * size - 1] ^= 1  # in the fifth record
    (tmp_path / "j").write_bytes(damaged)
    assert queries_in(tmp_path / "j") == list(range(4))
