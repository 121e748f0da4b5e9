"""Finding the photos and the features of a finished run again."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.errors import DatasetError, StoreError
from rerank.configuration import Configuration
from rerank.pipeline import Pipeline
from rerank.results import RunFolder
from rerank.run import Origin, Run
from rerank.sources import open_features, open_task, origin_of
from tests.places import make_places
from tests.rerank.report.made_results import make_runs, make_street

PAIR = "rootsift+rapid"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with places, by day and by night, and a benchmark's results and caches."""
    folder = tmp_path_factory.mktemp("sources")
    make_places(folder / "places", query_folder="queries_day")
    make_places(folder / "places", queries=3, query_folder="queries_night")
    configuration = Configuration(
        dataset=str(folder / "places"),
        queries_folders=("queries_day", "queries_night"),
        pairs=(PAIR,),
        results=folder / "results",
        caches=folder / "caches",
    )
    Pipeline(configuration).run()
    return folder


def run_by(made: Path, condition: str) -> Run:
    return RunFolder(made / "results" / f"places_{condition}" / PAIR).read()


@pytest.mark.parametrize("condition", ["day", "night"])
def test_a_run_knows_where_its_photos_lie(made: Path, condition: str) -> None:
    run = run_by(made, condition)
    assert run.origin == Origin(str(made / "places"), caches=str(made / "caches"))
    task = open_task(run)
    assert task.dataset.name == f"places_{condition}"
    names = [task.dataset.queries.names[row] for row in task.query_rows]
    assert names == run.shortlist.query_names
    assert all(path.is_file() for path in task.photos().values())


def test_photos_that_were_moved_are_found_where_one_says(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "places", tmp_path / "elsewhere")
    run = run_by(made, "night")
    lost = replace(run, origin=Origin(str(tmp_path / "gone")))
    with pytest.raises(DatasetError, match="gone"):
        open_task(lost)
    task = open_task(lost, str(tmp_path / "elsewhere"))
    assert task.dataset.queries.folder == tmp_path / "elsewhere" / "queries_night"


def test_results_that_do_not_say_where_are_refused(made: Path) -> None:
    with pytest.raises(DatasetError, match="places_day do not say where its photos lie"):
        open_task(replace(run_by(made, "day"), origin=None))


def test_other_photos_are_refused(made: Path, tmp_path: Path) -> None:
    run = run_by(made, "day")
    make_places(tmp_path / "fewer", places=5, query_folder="queries_day")
    with pytest.raises(DatasetError, match=r"its database has 5 photos with other names"):
        open_task(run, str(tmp_path / "fewer"))
    make_places(tmp_path / "asked_less", queries=2, query_folder="queries_day")
    with pytest.raises(DatasetError, match="no query set with the queries of places_day"):
        open_task(run, str(tmp_path / "asked_less"))


def test_a_query_set_that_holds_another_is_not_taken_for_it(tmp_path: Path) -> None:
    street = make_street(tmp_path / "street", query_folder="queries_day")
    run = make_runs(tmp_path / "results", street, query_folder="queries_day")[0]
    shutil.copytree(street / "queries_day", street / "queries")
    assert open_task(run).dataset.name == "street_day"


def test_queries_that_retrieval_left_out_do_not_shift_the_others(made: Path) -> None:
    run = run_by(made, "day")
    shortlist = run.shortlist
    kept = [0, 2, 3]
    arrays = ("indices", "distances_m", "descriptor_distances", "positives")
    part = replace(
        shortlist,
        query_names=[shortlist.query_names[row] for row in kept],
        **{name: getattr(shortlist, name)[kept] for name in arrays},
    )
    assert open_task(replace(run, shortlist=part)).query_rows.tolist() == kept


def test_stored_features_are_found_whatever_the_folder_is_called(made: Path) -> None:
    run = run_by(made, "night")
    task = open_task(run)
    found = open_features(run).read([task.query_key(0)])[0]
    assert np.isfinite(found.keypoints).all()
    assert len(found) > 0


@pytest.mark.parametrize("origin", [None, Origin("places"), Origin("places", caches="/nonexistent")])
def test_features_that_are_gone_are_told(made: Path, origin: Origin | None) -> None:
    with pytest.raises(StoreError, match="run it again"):
        open_features(replace(run_by(made, "day"), origin=origin))


def test_no_folder_is_made_by_looking_for_features(made: Path, tmp_path: Path) -> None:
    run = run_by(made, "day")
    with pytest.raises(StoreError):
        open_features(replace(run, origin=Origin("places", caches=str(tmp_path))))
    assert list(tmp_path.iterdir()) == []


def test_an_origin_does_not_depend_on_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    origin = origin_of(Configuration(dataset="city", weights=("seeded",)))
    assert origin == Origin(str(tmp_path / "city"), caches=str(tmp_path / "caches"), weights=("seeded",))
    assert origin_of(Configuration(dataset="tokyo_night")).dataset == "tokyo_night"


def test_runs_of_earlier_versions_have_no_origin(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "results" / "places_day" / PAIR, tmp_path / "old")
    file = tmp_path / "old" / "run.json"
    text = file.read_text()
    start = text.index('  "origin"')
    end = text.index('  "protocol_digest"')
    file.write_text(text[:start] + text[end:])
    assert RunFolder(tmp_path / "old").read().origin is None
