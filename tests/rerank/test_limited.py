"""Runs whose features are kept below a limit, end to end on made-up places."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.errors import DiskSpaceError, SettingsError
from rerank import limited, space
from rerank.configuration import Configuration
from rerank.feature_cache import FeatureCache
from rerank.pipeline import Pipeline, Report
from rerank.results import RunFolder
from rerank.space import parse_bytes
from rerank.tables import make_tables
from tests.places import make_places

PAIRS = ("rootsift+ransac", "rootsift+rapid")
CANDIDATES = 4
PHOTOS = 16 + 10  # database and queries; every one of them is wanted
Running = Callable[..., Report]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_places(tmp_path_factory.mktemp("limited") / "places", places=16, queries=10)


def run(places: Path, folder: Path, **given: Any) -> Report:
    values: dict[str, Any] = {
        "pairs": PAIRS,
        "candidates_per_query": CANDIDATES,
        "settings": {
            "rootsift": {"max_keypoints": 30}
        },  # which all photos have: their features are of one size
        "caches": folder / "caches",
        "results": folder / "results",
    }
    return Pipeline(Configuration(dataset=str(places), **{**values, **given})).run()


@pytest.fixture(scope="module")
def full(places: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Keep all features."""
    return run(places, tmp_path_factory.mktemp("full"))


@pytest.fixture(scope="module")
def least(places: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the least limit that a run tells."""
    with pytest.raises(SettingsError, match="1 kB, too small for one query: it needs 5 photos") as caught:
        run(places, tmp_path_factory.mktemp("least"), cache_limit="1kB")
    found = re.search(r"Give at least (\S+ kB)", str(caught.value))
    assert found is not None
    return found[1]


def stored(folder: Path) -> list[int]:
    """Return the sizes of all shards."""
    return [path.stat().st_size for path in (folder / "caches").rglob("features/*/*.h5")]


def hold_same(found: Report, expected: Report) -> None:
    assert [run.name for run in found.runs] == [run.name for run in expected.runs]
    for ours, theirs in zip(found.runs, expected.runs, strict=True):
        for name in ("values", "matches", "inliers"):
            np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))


def test_below_the_least_limit_scores_are_those_of_all_features(
    places: Path, tmp_path: Path, full: Report, least: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    add = FeatureCache.add

    def watched(cache: FeatureCache, *arguments: Any, **seconds: float) -> None:
        add(cache, *arguments, **seconds)
        sizes.append(sum(stored(tmp_path)))

    monkeypatch.setattr(FeatureCache, "add", watched)
    report = run(places, tmp_path, cache_limit=least)
    hold_same(report, full)
    assert max(sizes) <= parse_bytes(least)
    for method in report.runs[1:]:
        use = method.cache
        assert use is not None
        assert (use.queries, use.wanted, use.limit_bytes) == (10, 40, parse_bytes(least))
        assert use.extracted == len(sizes) > use.photos
        assert use.found == use.wanted - (use.extracted - use.queries)
        assert method.times["extracting"] > 0 and method.times["scoring"] > 0
        cold = method.latency().cold
        assert cold is not None and cold.queries == 10 - method.latency().warm_up


def test_the_hit_rate_is_told_in_the_files_and_below_the_table(
    places: Path, tmp_path: Path, least: str
) -> None:
    report = run(places, tmp_path, pairs=PAIRS[:1], cache_limit=least)
    folder = tmp_path / "results" / "places" / PAIRS[0]
    use = report.runs[1].cache
    assert use is not None
    assert json.loads((folder / "run.json").read_text())["cache"]["found"] == use.found
    assert RunFolder(folder).read().cache == use
    (table,) = make_tables(report.runs)
    rate = f"{100 * use.found / 40:.1f} % of the candidates of 10 queries"
    assert any(note.startswith(f"{PAIRS[0]}: features kept below") and rate in note for note in table.notes)


def test_a_limit_that_suffices_changes_nothing(places: Path, tmp_path: Path, full: Report) -> None:
    report = run(places, tmp_path, cache_limit="1GB")
    hold_same(report, full)
    assert all(run.cache is None for run in report.runs)
    assert len(stored(tmp_path)) < PHOTOS  # many photos in a shard, but for those that told the size


def test_what_a_run_without_a_limit_stored_stays_and_is_used(
    places: Path, tmp_path: Path, full: Report, least: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(places, tmp_path, candidates_per_query=1)
    before = stored(tmp_path)
    with pytest.raises(SettingsError, match="that runs without a limit stored"):
        run(places, tmp_path, results=tmp_path / "two", cache_limit=least)
    limit = f"{sum(before) + parse_bytes(least)}B"
    hold_same(run(places, tmp_path, results=tmp_path / "two", cache_limit=limit), full)
    assert set(before) <= set(stored(tmp_path))
    run(places, tmp_path, results=tmp_path / "three")
    monkeypatch.setattr("extractors.rootsift.RootSIFT.extract", None)
    hold_same(run(places, tmp_path, results=tmp_path / "four", cache_limit="1kB"), full)


def test_it_goes_on_where_it_stopped_and_names_every_bad_photo(
    places: Path, tmp_path: Path, least: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = Path(shutil.copytree(places, tmp_path / "places"))
    run(copied, tmp_path / "retrieved", pairs=())
    for folder in ("database", "queries"):
        broken = sorted((copied / folder).iterdir())[2]
        broken.write_bytes(broken.read_bytes()[:100])
    candidates = next((tmp_path / "retrieved").rglob("candidates.h5"))
    undisturbed = run(copied, tmp_path / "all", candidates=candidates)
    calls = iter(range(100))
    score = limited.score_query

    def failing(*arguments: Any) -> Any:
        if next(calls) == 9:  # of the fifth query, the second matcher
            raise KeyboardInterrupt
        return score(*arguments)

    with monkeypatch.context() as broken_run:
        broken_run.setattr(limited, "score_query", failing)
        with pytest.raises(KeyboardInterrupt):
            run(copied, tmp_path, candidates=candidates, cache_limit=least)
    report = run(copied, tmp_path, candidates=candidates, cache_limit=least)
    hold_same(report, undisturbed)
    assert report.runs[1].cache is not None and report.runs[1].cache.queries == 6
    assert len(undisturbed.bad_photos) == 2
    assert report.bad_photos == undisturbed.bad_photos
    for ours, theirs in zip(report.runs, undisturbed.runs, strict=True):
        assert set(ours.bad_photos) == set(theirs.bad_photos)


def test_a_limit_beyond_the_disk_is_refused(
    places: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(space.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DiskSpaceError, match="or give --cache-limit, such as 20GB"):
        run(places, tmp_path)
    monkeypatch.setattr(limited.LimitedRun, "fits", lambda _: False)
    with pytest.raises(DiskSpaceError, match="a smaller --cache-limit"):
        run(places, tmp_path, cache_limit="1GB")


def test_what_cannot_be_limited_is_refused_before_any_work(places: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="such as 20GB"):
        Configuration(dataset="", cache_limit="20")
    with pytest.raises(SettingsError, match="--adaptive"):
        Configuration(dataset="", cache_limit="20GB", adaptive=tmp_path)
