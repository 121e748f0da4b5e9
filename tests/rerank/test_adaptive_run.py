"""Runs that stop early, end to end on made-up places."""

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.errors import ResultError
from rerank import adaptive, adaptive_run
from rerank.adaptive import AdaptiveRule, apply_rule, gaps_at, learn_rule
from rerank.configuration import Configuration
from rerank.latency import STAGES
from rerank.pipeline import Pipeline, Report
from rerank.run import Run
from rerank.sources import open_features, open_task
from tests.places import make_places

PAIR = "rootsift+ransac"
STEPS = (2, 4)
Stopping = Callable[..., Report]


@pytest.fixture(autouse=True)
def _few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adaptive, "STEPS", STEPS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("adaptive")


@pytest.fixture(scope="module")
def places(folder: Path) -> Path:
    make_places(folder / "places", places=8, queries=5)
    return make_places(folder / "places", places=8, queries=7, query_folder="queries_night")


def run(places: Path, folder: Path, **given: Any) -> Report:
    values: dict[str, Any] = {"pairs": (PAIR,), "caches": folder / "caches", "results": folder / "results"}
    return Pipeline(Configuration(dataset=str(places), **{**values, **given})).run()


@pytest.fixture(scope="module")
def taught(places: Path, folder: Path) -> Run:
    """Re-rank every candidate by day."""
    return run(places, folder / "full", queries_folders=("queries",)).runs[1]


@pytest.fixture(scope="module")
def full(places: Path, folder: Path) -> Run:
    """Re-rank every candidate by night."""
    return run(places, folder / "night", queries_folders=("queries_night",)).runs[1]


@pytest.fixture
def split(full: Run, monkeypatch: pytest.MonkeyPatch) -> AdaptiveRule:
    """Have a rule learned by which some queries stop, some go on, and one gives up."""
    gaps = np.sort(gaps_at(full.values, STEPS[:1])[:, 0])
    rule = AdaptiveRule((*STEPS, 8), safe_gap=gaps[4], hopeless_gap=gaps[0])
    monkeypatch.setattr(adaptive_run, "learn_rule", lambda *_: rule)
    return rule


@pytest.fixture
def stopping(places: Path, folder: Path, tmp_path: Path, taught: Run) -> Stopping:
    """Return a call that re-ranks by night, stopping early."""

    def call(dataset: Path = places, tolerated: float = 50.0, **given: Any) -> Report:
        night = {"queries_folders": ("queries_night",), "adaptive": folder / "full" / "results"}
        return run(dataset, tmp_path, tolerated_points=tolerated, **{**night, **given})

    return call


def test_scores_are_those_of_full_reranking_as_far_as_the_rule_asks(
    stopping: Stopping, full: Run, split: AdaptiveRule
) -> None:
    early = stopping().runs[1]
    outcome = apply_rule(split, full.values)
    assert len(set(outcome.scored.tolist())) > 1 and 0 in outcome.reranked
    asked = np.arange(8) < outcome.reranked[:, None]
    np.testing.assert_array_equal(early.values, np.where(asked, full.values, -np.inf))
    scored = np.arange(8) < outcome.scored[:, None]
    np.testing.assert_array_equal(early.inliers, np.where(scored, full.inliers, -1))
    np.testing.assert_array_equal(early.order, outcome.order(full.values))


def test_only_what_was_asked_for_is_scored_and_timed(
    stopping: Stopping, split: AdaptiveRule, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    early = stopping().runs[1]
    steps = [line.split(" in ")[0] for line in caplog.messages if line.startswith("scoring candidates")]
    scored = (early.inliers >= 0).sum(axis=1)
    waiting = int((scored > 2).sum())
    assert steps[0] == f"scoring candidates 1 to 2 of {PAIR}+adaptive: 7 of 7"
    assert steps[1] == f"scoring candidates 3 to 4 of {PAIR}+adaptive: {waiting} of {waiting}"
    assert not np.isnan(early.seconds).any()
    of_candidates = early.seconds[:, STAGES.index("candidate_extraction")]
    assert of_candidates[scored == 2].mean() < of_candidates[scored == 8].mean()
    assert early.times["extracting"] > 0


def test_photos_that_no_query_asks_for_are_not_extracted(
    stopping: Stopping, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = AdaptiveRule((1, 8), safe_gap=-np.inf)
    monkeypatch.setattr(adaptive_run, "learn_rule", lambda *_: rule)
    early = stopping().runs[1]
    task, store = open_task(early), open_features(early)
    asked = {key for query in range(7) for key in task.photos_of(query, slice(1))}
    assert set(store.missing(task.photos())) == task.photos().keys() - asked != set()


def test_a_rule_is_learned_from_the_other_run(stopping: Stopping, taught: Run) -> None:
    early = stopping().runs[1]
    rule = learn_rule(taught.values, taught.labels(), 50.0)
    assert early.identity.method.parts[2].settings["safe_gap"] == repr(rule.safe_gap)
    scored = (early.inliers >= 0).sum(axis=1)
    assert set(scored.tolist()) <= {2, 4, 8} and scored.mean() < 8


def test_the_rule_is_part_of_the_method(stopping: Stopping, tmp_path: Path, taught: Run) -> None:
    early = stopping().runs[1]
    assert early.name == f"{PAIR}+adaptive"
    told = early.identity.method.parts[2].settings
    assert told["tolerated_points"] == 50.0 and told["steps"] == [2, 4, 8]
    assert told["learned_on"] == f"places, protocol {taught.identity.protocol.digest}"
    assert (tmp_path / "results" / "places_night" / f"{PAIR}+adaptive" / "run.json").exists()
    with pytest.raises(ResultError, match="tolerated_points"):
        stopping(tolerated=20.0)


def test_nothing_tolerated_is_full_reranking(stopping: Stopping, full: Run) -> None:
    early = stopping(tolerated=0.0).runs[1]
    for name in ("values", "inliers", "matches"):
        np.testing.assert_array_equal(getattr(early, name), getattr(full, name))
    assert not np.isnan(early.seconds).any()


@pytest.mark.parametrize("calls", [4, 9])
def test_a_stopped_run_goes_on_and_ends_like_an_undisturbed_one(
    stopping: Stopping, full: Run, split: AdaptiveRule, calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    score: Callable[..., Any] = adaptive_run.score_query
    left = iter(range(calls))

    def failing(*arguments: Any) -> Any:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return score(*arguments)

    with monkeypatch.context() as broken:
        broken.setattr(adaptive_run, "score_query", failing)
        with pytest.raises(KeyboardInterrupt):
            stopping()
    again = stopping().runs[1]
    asked = np.arange(8) < apply_rule(split, full.values).reranked[:, None]
    np.testing.assert_array_equal(again.values, np.where(asked, full.values, -np.inf))


def test_runs_that_cannot_teach_are_refused(stopping: Stopping, tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="same queries"):
        stopping(queries_folders=("queries",))
    with pytest.raises(ResultError, match=r"0 finished runs of rootsift\+rapid"):
        stopping(pairs=("rootsift+rapid",))
    with pytest.raises(ResultError, match="8 candidates, not 3"):
        stopping(candidates_per_query=3, results=tmp_path / "fewer")
    with pytest.raises(ResultError, match="settings or weights"):
        stopping(settings={"ransac": {"iterations": 77}})


def test_a_photo_that_broke_is_told_once(stopping: Stopping, places: Path, tmp_path: Path) -> None:
    copied = Path(shutil.copytree(places, tmp_path / "places"))
    broken = min((copied / "database").iterdir())
    stopping(copied, pairs=())  # the candidates
    broken.write_bytes(broken.read_bytes()[:100])
    report = stopping(copied, tolerated=0.0)
    assert [photo.path for photo in report.bad_photos] == [f"database/{broken.name}"]
    reranked = report.runs[1]
    column = [row.tolist().index(0) for row in reranked.shortlist.indices]
    assert np.isneginf(reranked.values[np.arange(7), column]).all()
