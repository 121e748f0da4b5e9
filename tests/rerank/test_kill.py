"""A kill at any moment loses nothing: the same command continues, and ends with the same files."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retrieval.candidates import read_candidates
from tests.places import make_places

ROOT = Path(__file__).resolve().parents[2]
PAIRS = ("rootsift+ransac", "rootsift+rapid")
LIMIT_S = 120.0
LIMIT_BYTES = 1_350_000  # holds the features of a query and its 40 candidates, not those of 80 photos

Moment = Callable[[Path], bool]


def there_is(pattern: str) -> Moment:
    """The moment when a file that fits the pattern appears."""
    return lambda work: any(work.rglob(pattern))


def scored(pair: str, kilobytes: int) -> Moment:
    """The moment when a pair's journal has grown beyond its header to this size."""

    def reached(work: Path) -> bool:
        journal = work / "results" / "places" / pair / "scores.journal"
        return journal.exists() and journal.stat().st_size > 1000 * kilobytes

    return reached


MOMENTS: dict[str, Moment] = {
    "the folder of descriptors is made": there_is("descriptors.json"),
    "the database is described": there_is("vlad-database-*/*.h5"),
    "the candidates are written": there_is("candidates.h5"),
    "the retriever's scores are being finished": there_is("vlad/scores.h5"),
    "the feature store is made": there_is("store.json"),
    "the first features are written": there_is("features/*/*.h5"),
    "a few queries are scored": scored(PAIRS[0], 5),
    "half of the queries are scored": scored(PAIRS[0], 20),
    "the first pair is being finished": there_is(f"{PAIRS[0]}/*.h5"),
    "the second pair is begun": scored(PAIRS[1], 5),
}


def start(places: Path, work: Path, *more: str) -> subprocess.Popen[bytes]:
    options = [*more, *(f"--pair={pair}" for pair in PAIRS)]
    options += [f"--dataset={places}", f"--results={work / 'results'}", f"--caches={work / 'caches'}"]
    command = [sys.executable, "-c", "from rerank.cli import main; main()", "--quiet", "benchmark", *options]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)


def kill_at(moment: Moment, places: Path, work: Path, *more: str) -> int:
    """Start the command, kill it the instant that `moment` has come, and return its exit code."""
    process = start(places, work, *more)
    end = time.monotonic() + LIMIT_S
    while process.poll() is None and not moment(work):
        assert time.monotonic() < end, "the moment never came"
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    return process.wait()


def without_time_and_place(run_file: Path) -> dict[str, Any]:
    told = json.loads(run_file.read_text())
    del told["origin"]["caches"]
    return {name: value for name, value in told.items() if name not in ("latency", "times")}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_places(tmp_path_factory.mktemp("kill") / "places", places=40, queries=40)


@pytest.fixture(scope="module")
def undisturbed(places: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("undisturbed")
    assert start(places, work).wait(LIMIT_S) == 0
    return work


def test_killed_at_every_moment_it_ends_as_if_undisturbed(
    places: Path, undisturbed: Path, tmp_path: Path
) -> None:
    killed = {name: kill_at(moment, places, tmp_path) for name, moment in MOMENTS.items()}
    assert set(killed.values()) == {-signal.SIGKILL}, killed
    assert start(places, tmp_path).wait(LIMIT_S) == 0
    for method in ("vlad", *PAIRS):
        ours, theirs = (work / "results" / "places" / method for work in (tmp_path, undisturbed))
        assert (ours / "scores.h5").read_bytes() == (theirs / "scores.h5").read_bytes()
        ours_told, theirs_told = (without_time_and_place(folder / "run.json") for folder in (ours, theirs))
        assert ours_told == theirs_told
        assert sorted(path.name for path in ours.iterdir()) == ["run.json", "scores.h5", "timings.h5"]


def test_killed_within_a_limit_it_ends_as_if_undisturbed_without(
    places: Path, undisturbed: Path, tmp_path: Path
) -> None:
    limit = f"--cache-limit={LIMIT_BYTES}B"
    for moment in ("the first features are written", "half of the queries are scored"):
        assert kill_at(MOMENTS[moment], places, tmp_path, limit) == -signal.SIGKILL
    assert start(places, tmp_path, limit).wait(LIMIT_S) == 0
    for method in PAIRS:
        ours, theirs = (work / "results" / "places" / method for work in (tmp_path, undisturbed))
        assert (ours / "scores.h5").read_bytes() == (theirs / "scores.h5").read_bytes()
        cache = json.loads((ours / "run.json").read_text())["cache"]
        assert 0 < cache["queries"] < 40 and cache["wanted"] == 40 * cache["queries"]
    assert sum(path.stat().st_size for path in tmp_path.rglob("features/*/*.h5")) < LIMIT_BYTES


def test_killed_while_retrieving_it_finds_the_same_candidates(
    places: Path, undisturbed: Path, tmp_path: Path
) -> None:
    assert kill_at(MOMENTS["the database is described"], places, tmp_path) == -signal.SIGKILL
    assert start(places, tmp_path).wait(LIMIT_S) == 0
    ours, theirs = (read_candidates(next(work.rglob("candidates.h5"))) for work in (tmp_path, undisturbed))
    np.testing.assert_array_equal(ours.indices, theirs.indices)
    np.testing.assert_array_equal(ours.distances, theirs.distances)
