import logging
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import retrieval
from data.datasets import Dataset, open_dataset
from data.errors import CacheError, DatasetError, SettingsError, StoreError
from networks.loading import Loading
from retrieval.candidates import check_candidates, labels_from_names, read_candidates
from retrieval.describing import spread_order, spread_photos
from retrieval.retrieve import retrieve
from tests.retrieval.killed_run import retrieve_in_small_shards
from tests.retrieval.toy import DATABASE_COUNT, QUERY_COUNT, Mosaic, name_of

ALL_PHOTOS = DATABASE_COUNT + QUERY_COUNT


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_query_finds_its_place(dataset: Dataset, tmp_path: Path) -> None:
    found = retrieve(dataset, Mosaic(), tmp_path / "out", top_k=5)
    assert found.query_names == dataset.queries.names
    assert found.indices.shape == (QUERY_COUNT, 5)
    np.testing.assert_array_equal(found.indices[:, 0], [0, 3, 6])
    np.testing.assert_array_equal(labels_from_names(found)[:, 0], [True] * QUERY_COUNT)
    assert (np.diff(found.distances, axis=1) >= 0).all()
    check_candidates(found, dataset)


def test_what_is_returned_is_what_is_written(dataset: Dataset, tmp_path: Path) -> None:
    found, stored = retrieve(dataset, Mosaic(), tmp_path), read_candidates(tmp_path / "candidates.h5")
    np.testing.assert_array_equal(found.names, stored.names)
    np.testing.assert_array_equal(found.distances, stored.distances)
    assert found.attributes == stored.attributes
    assert stored.attributes["retriever"] == "mosaic"
    assert stored.attributes["database"]["count"] == DATABASE_COUNT


def test_more_candidates_than_photos_gives_all_photos(dataset: Dataset, tmp_path: Path) -> None:
    found = retrieve(dataset, Mosaic(), tmp_path, top_k=100)
    np.testing.assert_array_equal(np.sort(found.indices, axis=1), [range(DATABASE_COUNT)] * QUERY_COUNT)


@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_mixed_sizes_are_batched_by_size(dataset: Dataset, tmp_path: Path, batch_size: int) -> None:
    retriever = Mosaic()
    found = retrieve(dataset, retriever, tmp_path, batch_size=batch_size)
    assert max(retriever.batches) <= batch_size
    assert (len(retriever.batches) < ALL_PHOTOS) == (batch_size > 1)
    np.testing.assert_array_equal(found.indices[:, 0], [0, 3, 6])


def test_descriptors_are_used_again(dataset: Dataset, tmp_path: Path) -> None:
    first = Mosaic()
    retrieve(dataset, first, tmp_path, top_k=3)
    assert first.described == ALL_PHOTOS
    again = Mosaic()
    found = retrieve(dataset, again, tmp_path, top_k=4)
    assert again.described == 0
    assert found.indices.shape == (QUERY_COUNT, 4)


def test_query_sets_share_the_descriptors_of_the_database(folder: Path, tmp_path: Path) -> None:
    test = folder / "images" / "test"
    (test / "queries_dusk").mkdir()
    (test / "queries" / name_of(3, 10)).rename(test / "queries_dusk" / name_of(3, 10))
    retriever = Mosaic()
    for queries in ("queries", "queries_dusk"):
        dataset = open_dataset(folder, queries_folder=queries)
        out = tmp_path / queries
        found = retrieve(dataset, retriever, out, descriptors_folder=tmp_path / "kept")
        assert [path.name for path in out.iterdir()] == ["candidates.h5"]
        check_candidates(found, dataset)
    assert retriever.described == ALL_PHOTOS


def test_finished_candidates_are_read_and_not_searched(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = retrieve(dataset, Mosaic(), tmp_path)
    monkeypatch.delattr("retrieval.retrieve.search")
    np.testing.assert_array_equal(retrieve(dataset, Mosaic(), tmp_path).indices, first.indices)


@pytest.mark.parametrize("change", ["settings", "weights_digest", "precision", "exif", "database"])
def test_nothing_of_another_configuration_is_used(
    folder: Path, dataset: Dataset, tmp_path: Path, change: str
) -> None:
    out = tmp_path / "out"
    retrieve(dataset, Mosaic(), out)
    other = Mosaic(seed=1 if change == "settings" else 0)
    if change in ("weights_digest", "precision"):
        setattr(other, change, "other")
    if change == "database":
        moved = next((folder / "images" / "test" / "database").rglob(name_of(3)))
        moved.rename(moved.with_name(name_of(30)))
    retrieve(open_dataset(folder), other, out, exif=change != "exif")
    assert other.described == (DATABASE_COUNT if change == "database" else ALL_PHOTOS)


def test_unreadable_photos_are_named_skipped_and_tried_again(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    images = folder / "images" / "test"
    broken_photo, broken_query = images / "database" / "0" / name_of(6), images / "queries" / name_of(3, 10)
    whole = broken_photo.read_bytes()
    broken_photo.write_bytes(whole[:100])
    broken_query.write_bytes(b"")
    dataset = open_dataset(folder)

    with caplog.at_level(logging.WARNING):
        found = retrieve(dataset, Mosaic(), tmp_path / "out")

    assert found.unreadable == (f"database/0/{name_of(6)}", f"queries/{name_of(3, 10)}")
    assert str(broken_photo) in caplog.text
    assert str(broken_query) in caplog.text
    assert found.query_names == [name_of(0, 10), name_of(6, 10)]
    assert found.indices.shape == (2, DATABASE_COUNT - 1)
    assert 6 not in found.indices
    check_candidates(found, dataset)
    check_candidates(read_candidates(tmp_path / "out" / "candidates.h5"), dataset)

    broken_photo.write_bytes(whole)
    again = Mosaic()
    found = retrieve(dataset, again, tmp_path / "out")
    assert found.unreadable == (f"queries/{name_of(3, 10)}",)
    assert again.described == 1
    assert found.indices[1, 0] == 6


@pytest.mark.parametrize("part", ["database", "queries"])
def test_a_set_without_any_readable_photo_is_refused(folder: Path, tmp_path: Path, part: str) -> None:
    for photo in (folder / "images" / "test" / part).rglob("*.jpg"):
        photo.write_bytes(b"not a photo")
    with pytest.raises(DatasetError, match=f"none of the .* photos in .*{part}"):
        retrieve(open_dataset(folder), Mosaic(), tmp_path / "out")


def test_descriptors_that_are_not_finite_are_refused(dataset: Dataset, tmp_path: Path) -> None:
    broken = Mosaic()
    broken.describe = lambda batch: np.full((len(batch), 2), np.nan, np.float32)  # type: ignore[method-assign]
    with pytest.raises(StoreError, match=r"@\.jpg is not finite"):
        retrieve(dataset, broken, tmp_path)


def test_a_damaged_candidate_file_is_refused_with_what_to_do(dataset: Dataset, tmp_path: Path) -> None:
    (tmp_path / "candidates.h5").write_bytes(b"damaged")
    with pytest.raises(CacheError, match="delete it and retrieve again"):
        retrieve(dataset, Mosaic(), tmp_path)


@pytest.mark.parametrize(("moment", "count"), [("describing", 6), ("describing", 13), ("renaming", 3)])
def test_a_killed_run_goes_on_and_ends_like_an_undisturbed_one(
    folder: Path, tmp_path: Path, moment: str, count: int
) -> None:
    disturbed, undisturbed = tmp_path / "disturbed", tmp_path / "undisturbed"
    command = [sys.executable, "-m", "tests.retrieval.killed_run", str(folder), str(disturbed)]
    killed = subprocess.run([*command, moment, str(count)], cwd=Path(__file__).parents[2], check=False)
    assert killed.returncode == -signal.SIGKILL
    for part in disturbed.rglob("*.part"):
        part.unlink()  # what a kill leaves behind; nobody reads it

    retriever = Mosaic()
    retrieve_in_small_shards(folder, disturbed, retriever)
    retrieve_in_small_shards(folder, undisturbed, Mosaic())

    assert 0 < retriever.described < ALL_PHOTOS
    assert files_of(disturbed) == files_of(undisturbed)


def test_candidates_of_one_kind_of_index_are_not_used_for_another(dataset: Dataset, tmp_path: Path) -> None:
    exact = retrieve(dataset, Mosaic(), tmp_path, top_k=3)
    lists = retrieve(dataset, Mosaic(), tmp_path, top_k=3, index="ivf:lists=4,nprobe=4")
    narrow = retrieve(dataset, Mosaic(), tmp_path, top_k=3, index="ivf:lists=4,nprobe=1")
    assert [found.attributes["index"] for found in (exact, lists, narrow)] == [
        "exact",
        "ivf:lists=4,nprobe=4",
        "ivf:lists=4,nprobe=1",
    ]
    np.testing.assert_array_equal(lists.indices, exact.indices)
    np.testing.assert_allclose(lists.distances, exact.distances, atol=1e-6)
    assert not np.array_equal(narrow.indices, exact.indices)


def test_candidates_that_an_index_does_not_find_are_no_photo(dataset: Dataset, tmp_path: Path) -> None:
    found = retrieve(dataset, Mosaic(), tmp_path, top_k=100, index="ivf:lists=6,nprobe=1")
    assert found.indices.shape == (QUERY_COUNT, DATABASE_COUNT)
    lacking = found.indices == -1
    assert lacking.any() and not lacking[:, 0].any()
    assert set(found.names[lacking]) == {""}
    check_candidates(read_candidates(tmp_path / "candidates.h5"), dataset)


def test_an_index_that_does_not_fit_and_other_formats_are_refused(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="1024 centroids"):
        retrieve(dataset, Mosaic(), tmp_path, index="ivf")
    retriever = Mosaic()
    for wrong in ({"index": "ivv"}, {"stored_as": "float8"}):
        with pytest.raises(SettingsError, match=r"'ivv'|'float8'"):
            retrieve(dataset, retriever, tmp_path, **wrong)
    assert retriever.described == 0


def test_half_precision_on_disk_is_kept_apart(dataset: Dataset, tmp_path: Path) -> None:
    full = retrieve(dataset, Mosaic(), tmp_path / "full", descriptors_folder=tmp_path / "kept")
    half = retrieve(
        dataset, Mosaic(), tmp_path / "half", descriptors_folder=tmp_path / "kept", stored_as="float16"
    )
    np.testing.assert_array_equal(half.indices, full.indices)
    np.testing.assert_allclose(half.distances, full.distances, atol=2e-3)
    assert len(list((tmp_path / "kept").glob("mosaic-database-*"))) == 2
    sizes = [
        sum(path.stat().st_size for path in kept.glob("0*.h5")) for kept in (tmp_path / "kept").glob("m*")
    ]
    assert max(sizes) > min(sizes)


def test_vlad_learns_once_and_is_restored(dataset: Dataset, tmp_path: Path) -> None:
    def build() -> retrieval.Retriever:
        vlad: retrieval.Retriever = retrieval.build("vlad", clusters=4)
        return vlad

    first = retrieve(dataset, build(), tmp_path)
    assert first.attributes["learned"]
    (tmp_path / "candidates.h5").unlink()
    unable = build()
    unable.fit = None  # type: ignore[assignment, method-assign]
    again = retrieve(dataset, unable, tmp_path)
    np.testing.assert_array_equal(again.distances, first.distances)
    assert again.attributes == first.attributes


def test_a_damaged_vocabulary_is_learned_anew(dataset: Dataset, tmp_path: Path) -> None:
    first = retrieve(dataset, retrieval.build("vlad", clusters=4), tmp_path)
    (learned,) = tmp_path.glob("vlad-learned-*.h5")
    learned.write_bytes(b"damaged")
    again = retrieve(dataset, retrieval.build("vlad", clusters=4), tmp_path)
    assert again.attributes["learned"] == first.attributes["learned"]


def test_other_vocabularies_make_other_descriptors(dataset: Dataset, tmp_path: Path) -> None:
    retrieve(dataset, retrieval.build("vlad", clusters=4), tmp_path)
    retrieve(dataset, retrieval.build("vlad", clusters=5), tmp_path)
    assert len(list(tmp_path.glob("vlad-database-*"))) == 2
    assert len(list(tmp_path.glob("vlad-learned-*.h5"))) == 2


def test_training_photos_are_spread_over_the_database(dataset: Dataset) -> None:
    assert len(list(spread_photos(dataset.database, Loading()))) == DATABASE_COUNT
    np.testing.assert_array_equal(np.sort(spread_order(1000)), range(1000))
    assert (np.diff(np.sort(spread_order(1000)[:10])) > 40).all()


def test_progress_is_told_stage_by_stage(
    dataset: Dataset, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        retrieve(dataset, Mosaic(), tmp_path)
    assert f"describing photos in database: {DATABASE_COUNT} of {DATABASE_COUNT}" in caplog.text
    assert f"describing photos in queries: {QUERY_COUNT} of {QUERY_COUNT}" in caplog.text
    assert "searching database photos" in caplog.text
