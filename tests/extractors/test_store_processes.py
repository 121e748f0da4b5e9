"""A store under processes that die, and under several at once."""

import logging
import multiprocessing
import signal
import time
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

from extractors.store import FeatureStore
from tests.extractors.fill_store import MOMENTS, run, run_without_space
from tests.extractors.records import IDENTITY, features_of, fill, hold_same, keys_of

PHOTOS = range(60)

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload([run.__module__])


def start(folder: Path, first: int, last: int, moment: str | None = None) -> ForkServerProcess:
    process = processes.Process(target=run, args=(folder, first, last, moment), daemon=True)
    process.start()
    return process


def exit_code(process: ForkServerProcess) -> int | None:
    process.join(60)
    return process.exitcode


def hold_whole(folder: Path) -> None:
    """Finish a store and hold everything in it to what should be there."""
    store = FeatureStore(folder, IDENTITY)
    fill(store, PHOTOS)
    assert store.missing(keys_of(PHOTOS)) == []
    for found, number in zip(store.read(keys_of(PHOTOS)), PHOTOS, strict=True):
        hold_same(found, features_of(number))


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_kill_leaves_whole_shards_and_the_next_run_goes_on(
    moment: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    process = start(tmp_path, PHOTOS.start, PHOTOS.stop, moment)
    assert exit_code(process) == -signal.SIGKILL
    with caplog.at_level(logging.WARNING):
        store = FeatureStore(tmp_path, IDENTITY)
    assert not caplog.records
    there = [number for number, key in zip(PHOTOS, keys_of(PHOTOS), strict=True) if not store.missing([key])]
    assert 0 < len(there) < len(PHOTOS)
    for found, number in zip(store.read(keys_of(there)), there, strict=True):
        hold_same(found, features_of(number))
    hold_whole(tmp_path)


def test_a_kill_at_an_arbitrary_instant(tmp_path: Path) -> None:
    process = start(tmp_path, PHOTOS.start, 100_000)
    while process.is_alive() and len(list(tmp_path.glob("*.h5"))) < 5:
        time.sleep(0.01)
    process.kill()
    assert exit_code(process) == -signal.SIGKILL
    hold_whole(tmp_path)


def test_a_full_disk_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    process = processes.Process(target=run_without_space, args=(tmp_path,), daemon=True)
    process.start()
    assert exit_code(process) == 0
    words = (tmp_path / "error.txt").read_text()
    assert words.startswith(f"cannot write {tmp_path}/000001-") and "File too large" in words
    assert sorted(path.name for path in tmp_path.iterdir()) == ["error.txt", "store.json"]
    hold_whole(tmp_path)


def test_two_processes_fill_one_folder(tmp_path: Path) -> None:
    started = [start(tmp_path, 0, 40), start(tmp_path, 20, 60)]
    assert [exit_code(process) for process in started] == [0, 0]
    store = FeatureStore(tmp_path, IDENTITY)
    assert len(store) == len(PHOTOS)
    hold_whole(tmp_path)
