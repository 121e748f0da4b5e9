"""The pipeline end to end on made-up places, without weights."""

import json
import logging
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image

from data.errors import (
    CacheError,
    DatasetError,
    DiskSpaceError,
    PairError,
    ResultError,
    SettingsError,
    WeightsError,
)
from networks.weights_policy import WeightsPolicy, using_policy
from rerank import space
from rerank.configuration import Configuration
from rerank.pipeline import Pipeline, Report
from rerank.results import RunFolder
from retrieval.candidates import read_candidates, write_candidates
from tests.places import make_places, place_name, texture, write_photo

PAIR = "rootsift+ransac"


@pytest.fixture
def places(tmp_path: Path) -> Path:
    return make_places(tmp_path / "places")


def run(places: Path, tmp_path: Path, **given: Any) -> Report:
    values: dict[str, Any] = {
        "pairs": (PAIR,),
        "results": tmp_path / "results",
        "caches": tmp_path / "caches",
    }
    return Pipeline(Configuration(dataset=str(places), **{**values, **given})).run()


def test_the_right_place_comes_first(places: Path, tmp_path: Path) -> None:
    retrieval, reranked = run(places, tmp_path).runs
    assert (retrieval.name, reranked.name) == ("vlad", PAIR)
    assert reranked.first_hits().tolist() == [0, 0, 0, 0]
    assert (reranked.values >= 0).all()
    assert reranked.shortlist.candidates == 6  # fewer database photos than the 100 candidates asked for


def test_the_files_of_a_run_say_what_was_done(places: Path, tmp_path: Path) -> None:
    run(places, tmp_path)
    folder = tmp_path / "results" / "places" / PAIR
    assert sorted(path.name for path in folder.iterdir()) == ["run.json", "scores.h5", "timings.h5"]
    told = json.loads((folder / "run.json").read_text())
    assert told["recalls"]["R@1"]["value"] == 100.0
    assert told["identity"]["method"]["parts"][0]["settings"]["max_keypoints"] > 0
    latency = told["latency"]
    assert latency["cold"]["median_s"] > latency["stages"]["candidate_extraction"]["median_s"] > 0
    assert latency["warm"]["median_s"] > 0


def test_a_finished_benchmark_computes_nothing_again(
    places: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(places, tmp_path).runs[1]
    monkeypatch.setattr("extractors.rootsift.RootSIFT.extract", None)
    monkeypatch.setattr("matchers.ransac.Ransac.score", None)
    again = run(places, tmp_path).runs[1]
    np.testing.assert_array_equal(first.values, again.values)


def test_photos_are_extracted_once_for_all_query_sets_and_matchers(
    places: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make_places(places, queries=3, query_folder="queries_night")
    caplog.set_level(logging.INFO)
    report = run(
        places,
        tmp_path,
        pairs=(PAIR, "rootsift+rapid"),
        queries_folders=("queries", "queries_night"),
    )
    assert [run.identity.dataset for run in report.runs[:2]] == ["places", "places_night"]
    assert len(report.runs) == 6
    lines = [line for line in caplog.messages if line.startswith("extracting ") and " of " in line]
    assert [line.split(":")[1].split(" in ")[0].strip() for line in lines] == ["10 of 10", "3 of 3"]


def test_fewer_candidates_can_be_reranked(places: Path, tmp_path: Path) -> None:
    reranked = run(places, tmp_path, candidates_per_query=2).runs[1]
    assert reranked.values.shape == (4, 2)


def test_a_run_of_other_settings_is_refused_in_the_same_folder(places: Path, tmp_path: Path) -> None:
    run(places, tmp_path)
    with pytest.raises(ResultError, match="max_keypoints"):
        run(places, tmp_path, settings={"rootsift": {"max_keypoints": 50}})


def test_an_impossible_pair_is_refused_before_any_work(places: Path, tmp_path: Path) -> None:
    with pytest.raises(PairError, match=r"superglue goes with: superpoint"):
        run(places, tmp_path, pairs=(PAIR, "rootsift+superglue"))
    assert not (tmp_path / "caches").exists()


def test_missing_weights_are_told_before_any_work(places: Path, tmp_path: Path) -> None:
    policy = WeightsPolicy(tmp_path / "weights", allow_download=False)
    with using_policy(policy), pytest.raises(WeightsError, match=r"superpoint_v1.pth is missing"):
        run(places, tmp_path, pairs=(PAIR, "superpoint+ransac"))
    assert not (tmp_path / "caches").exists()


def test_made_up_weights_let_a_method_run_and_are_told(
    places: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    found = run(places, tmp_path, pairs=("superpoint+ransac",), weights=("seeded",)).runs[1]
    assert "superpoint has made-up weights" in caplog.text
    assert found.identity.method.parts[0].weights not in ("", None)
    assert np.isfinite(found.values).all()


def test_unknown_methods_and_settings_are_named(places: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="did you mean 'rootsift'"):
        run(places, tmp_path, pairs=("rootsfit+ransac",))
    with pytest.raises(SettingsError, match="did you mean 'max_keypoints'"):
        run(places, tmp_path, settings={"rootsift": {"max_keypoint": 5}})
    with pytest.raises(SettingsError, match="names no method"):
        run(places, tmp_path, settings={"rotsift": {"max_keypoints": 5}})


def test_a_candidate_cache_replaces_retrieval(places: Path, tmp_path: Path) -> None:
    run(places, tmp_path)
    (cache,) = (tmp_path / "caches").rglob("candidates.h5")
    given = run(places, tmp_path / "second", candidates=cache, caches=tmp_path / "other")
    assert given.runs[1].first_hits().tolist() == [0, 0, 0, 0]
    assert not list((tmp_path / "other").rglob("candidates.h5"))


def test_the_kind_of_index_is_told_and_its_candidates_are_kept_apart(places: Path, tmp_path: Path) -> None:
    exact = run(places, tmp_path, pairs=()).runs[0]
    kind = "ivf:lists=2,nprobe=2"
    searched = run(places, tmp_path, pairs=(), index=kind, results=tmp_path / "other").runs[0]
    assert searched.identity.protocol.retriever == f"vlad by {kind}"
    assert searched.identity.method.parts[0].settings["index"] == kind
    assert (exact.identity.protocol.retriever, exact.name, searched.name) == ("vlad", "vlad", "vlad")
    assert "index" not in exact.identity.method.parts[0].settings
    np.testing.assert_array_equal(searched.shortlist.indices, exact.shortlist.indices)
    with pytest.raises(ResultError, match="index"):
        run(places, tmp_path, pairs=(), index=kind)
    caches = sorted(path.parent.name for path in (tmp_path / "caches").rglob("candidates.h5"))
    assert len(caches) == 2 and caches[0] == "vlad" and caches[1].startswith("vlad-ivf-")
    given = next(path for path in (tmp_path / "caches").rglob("candidates.h5") if "ivf" in path.parent.name)
    again = run(places, tmp_path, pairs=(), candidates=given, results=tmp_path / "given").runs[0]
    assert again.identity.protocol.retriever == f"vlad by {kind}"
    with pytest.raises(SettingsError, match="did you mean 'ivf'"):
        Configuration(dataset=str(places), index="ivff")


def test_a_candidate_cache_of_other_photos_is_refused(places: Path, tmp_path: Path) -> None:
    run(places, tmp_path)
    (cache,) = (tmp_path / "caches").rglob("candidates.h5")
    write_photo(places / "database" / place_name(77), texture(77))
    with pytest.raises(CacheError, match="7"):
        run(places, tmp_path / "second", candidates=cache)


def test_a_padded_cache_leaves_its_padding_unscored(places: Path, tmp_path: Path) -> None:
    run(places, tmp_path)
    (cache,) = (tmp_path / "caches").rglob("candidates.h5")
    padded = read_candidates(cache)
    padded.indices[:, -1], padded.names[:, -1], padded.distances[:, -1] = -1, "", np.inf
    write_candidates(tmp_path / "padded.h5", padded)
    reranked = run(places, tmp_path / "second", candidates=tmp_path / "padded.h5").runs[1]
    assert np.isneginf(reranked.values[:, -1]).all()
    assert np.isfinite(reranked.values[:, :-1]).all()


def test_a_blank_photo_and_one_of_another_size_are_scored(places: Path, tmp_path: Path) -> None:
    write_photo(places / "database" / place_name(8), np.full((120, 160, 3), 90, np.uint8))
    write_photo(places / "database" / place_name(9), texture(9)[:90, :70])
    write_photo(places / "queries" / place_name(8, 5.0), np.zeros((120, 160, 3), np.uint8))
    reranked = run(places, tmp_path).runs[1]
    assert np.isfinite(reranked.values).all()
    assert (reranked.values[-1] == 0).all()  # the blank query matches nothing
    assert reranked.first_hits()[:4].tolist() == [0, 0, 0, 0]


def test_photos_of_every_odd_kind_go_through(places: Path, tmp_path: Path) -> None:
    database = places / "database"
    kinds = {
        "one_pixel": Image.new("RGB", (1, 1), (9, 9, 9)),
        "grey": Image.fromarray(texture(20)[..., 0]),
        "alpha": Image.fromarray(texture(21)).convert("RGBA"),
        "sixteen_bit": Image.fromarray(texture(22)[..., 0].astype(np.uint16) * 256),
        "wide": Image.fromarray(np.tile(texture(23)[:40], (1, 50, 1))[:, :8000]),
    }
    for number, (kind, image) in enumerate(kinds.items()):
        image.save(database / place_name(20 + number, note=kind).replace(".jpg", ".png"))
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.fromarray(texture(24)).save(database / place_name(30), exif=turned)
    report = run(places, tmp_path)
    assert not report.bad_photos
    assert report.runs[1].shortlist.candidates == 12
    assert np.isfinite(report.runs[1].values).all()
    assert report.runs[1].first_hits().tolist() == [0, 0, 0, 0]


def test_photos_that_break_after_retrieval_come_last_and_are_named(places: Path, tmp_path: Path) -> None:
    run(places, tmp_path)
    (cache,) = (tmp_path / "caches").rglob("candidates.h5")
    database = sorted((places / "database").iterdir())
    database[5].write_bytes(database[5].read_bytes()[:200])
    query = sorted((places / "queries").iterdir())[3]
    query.write_bytes(b"")
    report = run(places, tmp_path / "second", candidates=cache)
    reranked = report.runs[1]
    assert sorted(photo.path for photo in report.bad_photos) == [
        f"database/{database[5].name}",
        f"queries/{query.name}",
    ]
    column = reranked.shortlist.indices == 5
    assert np.isneginf(reranked.values[column]).all()
    assert np.isneginf(reranked.values[3]).all()
    assert (reranked.order[3] == np.arange(6)).all()  # the retriever's order stays


def test_photos_that_retrieval_cannot_read_are_named(places: Path, tmp_path: Path) -> None:
    (places / "database" / place_name(50)).write_bytes(b"not a photo")
    report = run(places, tmp_path)
    assert [photo.path for photo in report.bad_photos] == [f"database/{place_name(50)}"]
    assert report.runs[1].shortlist.candidates == 6


def test_an_empty_query_folder_is_refused(places: Path, tmp_path: Path) -> None:
    for photo in (places / "queries").iterdir():
        photo.unlink()
    with pytest.raises(DatasetError, match="queries"):
        run(places, tmp_path)


def test_queries_without_positives_stay_in_the_denominator(places: Path, tmp_path: Path) -> None:
    write_photo(places / "queries" / place_name(40), texture(40))
    reranked = run(places, tmp_path).runs[1]
    assert reranked.queries_without_positives == 1
    told = json.loads((tmp_path / "results" / "places" / PAIR / "run.json").read_text())["recalls"]
    assert (told["R@1"]["value"], told["queries"], told["queries_without_positives"]) == (80.0, 5, 1)


def test_a_disk_too_small_for_the_features_is_refused_with_the_figures(
    places: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(space.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DiskSpaceError, match=r"1 kB free"):
        run(places, tmp_path)
    monkeypatch.undo()
    assert run(places, tmp_path).runs[1].first_hits().tolist() == [0, 0, 0, 0]  # nothing computed is lost


def test_scores_do_not_depend_on_the_batch_size(places: Path, tmp_path: Path) -> None:
    one = run(places, tmp_path / "one", batch_size=1).runs[1]
    many = run(places, tmp_path / "many", batch_size=4).runs[1]
    np.testing.assert_array_equal(one.values, many.values)


def test_features_of_compiled_networks_are_kept_apart(
    places: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    monkeypatch.setattr("rerank.methods.check_compiler", checked.append)
    run(places, tmp_path)
    assert not checked
    compiled = run(places, tmp_path, precision="float32-compiled", results=tmp_path / "compiled").runs[1]
    assert checked == ["cpu"]
    assert (compiled.identity.method.precision, compiled.latency().precision) == ("float32-compiled",) * 2
    stores = {path.parent.name for path in (tmp_path / "caches").rglob("store.json")}
    assert len(stores) == 2
    with pytest.raises(ResultError, match="precision"):
        run(places, tmp_path, precision="float32-compiled")


def test_reading_a_run_back_gives_what_was_computed(places: Path, tmp_path: Path) -> None:
    computed = run(places, tmp_path).runs[1]
    folder = RunFolder(tmp_path / "results" / "places" / PAIR)
    np.testing.assert_array_equal(folder.read().values, computed.values)
    with h5py.File(folder.path / "scores.h5") as stored:
        assert stored["values"].shape == (4, 6)
