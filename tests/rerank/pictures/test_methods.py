"""Features of a finished run are read where they are stored, and extracted as it did where they are not."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from data.errors import PairError, PhotoError, SettingsError, WeightsError
from rerank.configuration import Configuration
from rerank.pictures import picture_keypoints, picture_matches, picture_predictions
from rerank.pictures.finding import candidate_photo, query_photo
from rerank.pictures.methods import (
    FeatureSource,
    Photo,
    pair_of_name,
    pair_of_run,
    pairs_of_runs,
    source_of,
    sources_of_runs,
)
from rerank.pipeline import Pipeline
from rerank.provenance import Part
from rerank.run import Run
from rerank.sources import open_task
from tests.places import make_places
from tests.rerank.plots.reading import words

HERE = Configuration("", device="cpu")
PAIRS = ("rootsift+ransac", "rootsift+rapid")
SETTINGS = {"rootsift": {"max_keypoints": 120}}


def benchmark(folder: Path) -> list[Run]:
    """Run both pairs on made-up places in `folder`, and return the two runs."""
    places = make_places(folder / "places", places=4, queries=2)
    configuration = Configuration(
        str(places), PAIRS, settings=SETTINGS, results=folder / "results", caches=folder / "caches",
        device="cpu",
    )  # fmt: skip
    return [run for run in Pipeline(configuration).run().runs if run.identity.method.reranks]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    return benchmark(tmp_path_factory.mktemp("work"))


def fail() -> None:
    raise AssertionError("not to be built")


def test_stored_features_are_read_and_nothing_is_built(runs):
    task = open_task(runs[0])
    source = dataclasses.replace(pair_of_run(runs[0], "a", HERE).source, make=fail)
    features = source.features(query_photo(task, 0))
    assert 0 < len(features) <= 120
    assert features.image_size == (120, 160)


def test_what_is_not_stored_is_extracted_as_the_run_did(runs):
    task = open_task(runs[0])
    stored = pair_of_run(runs[0], "a", HERE).source
    extracting = dataclasses.replace(stored, store=None)
    for photo in (query_photo(task, 1), candidate_photo(task, 3)):
        one, other = stored.features(photo), extracting.features(photo)
        np.testing.assert_array_equal(one.keypoints, other.keypoints)
        without_key = stored.features(Photo(photo.path))
        np.testing.assert_array_equal(one.keypoints, without_key.keypoints)


def test_the_matches_are_those_of_the_runs_matcher(runs):
    task = open_task(runs[0])
    found = pair_of_run(runs[0], "a", HERE).matches(query_photo(task, 0), candidate_photo(task, 0))
    column = int(np.flatnonzero(task.shortlist.indices[0] == 0)[0])
    assert int(found.inliers.sum()) == runs[0].inliers[0, column]


def test_a_run_of_other_weights_is_refused(runs):
    part = dataclasses.replace(runs[0].identity.method.parts[0], weights="0" * 16)
    method = dataclasses.replace(runs[0].identity.method, parts=(part, Part("ransac")))
    identity = dataclasses.replace(runs[0].identity, method=method)
    pair = pair_of_run(dataclasses.replace(runs[0], identity=identity), "a", HERE)
    with pytest.raises(WeightsError, match="made with other weights of rootsift"):
        pair.source.features(query_photo(open_task(runs[0]), 0))


def test_an_extractor_is_asked_for_once_whatever_the_matchers(runs):
    assert [source.label for source in sources_of_runs(runs, HERE)] == ["rootsift"]
    assert [pair.label for pair in pairs_of_runs(runs, HERE)] == list(PAIRS)


def test_methods_are_built_as_configured(runs):
    configuration = dataclasses.replace(HERE, settings={"rootsift": {"max_keypoints": 7}})
    photo = query_photo(open_task(runs[0]), 0)
    source = source_of("rootsift", configuration)
    assert isinstance(source, FeatureSource)
    assert len(source.features(photo)) == 7
    assert source.settings["max_keypoints"] == 7
    assert len(pair_of_name("rootsift+ransac", configuration).matches(photo, photo).inliers) == 7


def test_impossible_pairs_and_unknown_names_are_refused():
    with pytest.raises(PairError):
        pair_of_name("rootsift+superglue", HERE)
    with pytest.raises(SettingsError, match="no extractor is called"):
        source_of("rotsift", HERE)
    with pytest.raises(SettingsError, match=r"EXTRACTOR\+MATCHER"):
        pair_of_name("rootsift", HERE)


def test_pictures_are_drawn_of_runs(runs):
    task = open_task(runs[0])
    query, candidate = query_photo(task, 0), candidate_photo(task, 0)
    pairs = pairs_of_runs(runs, HERE)
    assert "keypoints" in words(picture_keypoints([query, candidate], [pairs[0].source]))
    written = words(picture_matches(query, candidate, pairs, [3.0, None]))
    assert "score 3" in written
    assert all(pair in written for pair in PAIRS)
    written = words(picture_predictions(runs, task, 0, 3))
    assert "rootsift+ransac: first right at 1" in written
    assert "3. ✗ wrong" in written


def test_photos_that_were_deleted_are_drawn_from_what_is_stored(tmp_path):
    runs = benchmark(tmp_path)
    task = open_task(runs[0])
    query, candidate = query_photo(task, 0), candidate_photo(task, 0)
    query.path.unlink()
    shutil.copy(candidate.path, tmp_path / "kept.jpg")
    candidate.path.write_bytes(b"damaged")
    figure = picture_matches(query, candidate, pairs_of_runs(runs, HERE), [None, None])
    assert "photo is missing" in words(figure)
    assert figure.axes[0].images[0].get_extent()[1] == 159.5  # the size that the features were found at
    assert "photo cannot be read" in words(picture_predictions(runs, task, 0, 3))
    with pytest.raises(PhotoError):
        picture_keypoints([query], [source_of("rootsift", HERE)])
