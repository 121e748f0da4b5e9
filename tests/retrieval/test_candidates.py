from pathlib import Path

import h5py
import numpy as np
import pytest

from data.datasets import Dataset, open_dataset
from data.errors import CacheError, DatasetError
from retrieval.candidates import (
    FORMAT_VERSION,
    Candidates,
    check_candidates,
    labels_from_names,
    read_candidates,
    write_candidates,
)
from tests.retrieval.toy import DATABASE_COUNT, name_of, save, texture


@pytest.fixture
def candidates(dataset: Dataset) -> Candidates:
    queries = len(dataset.queries)
    indices = np.tile(np.arange(4), (queries, 1)) + np.arange(queries)[:, None]
    return Candidates(
        query_names=list(dataset.queries.names),
        names=np.array(dataset.database.names, object)[indices],
        indices=indices,
        distances=np.linspace(0.5, 1, indices.size, dtype=np.float32).reshape(indices.shape),
        attributes={"retriever": "mosaic", "settings": {"seed": 1}},
    )


def changed(path: Path, change) -> Path:  # type: ignore[no-untyped-def]
    with h5py.File(path, "a") as file:
        change(file)
    return path


@pytest.fixture
def stored(candidates: Candidates, tmp_path: Path) -> Path:
    write_candidates(tmp_path / "candidates.h5", candidates)
    return tmp_path / "candidates.h5"


def test_what_is_written_is_read_back(candidates: Candidates, stored: Path) -> None:
    found = read_candidates(stored)
    assert found.query_names == candidates.query_names
    np.testing.assert_array_equal(found.names, candidates.names)
    np.testing.assert_array_equal(found.indices, candidates.indices)
    np.testing.assert_array_equal(found.distances, candidates.distances)
    assert found.attributes == candidates.attributes
    assert found.unreadable == ()
    assert found.source == stored


def test_the_layout_is_that_of_existing_caches(stored: Path) -> None:
    with h5py.File(stored) as file:
        assert sorted(file) == [
            "queries_filenames",
            "top_candidates_distances",
            "top_candidates_filenames",
            "top_candidates_index",
        ]
        assert file["top_candidates_index"].dtype == np.int64
        assert file["top_candidates_distances"].dtype == np.float32
        assert h5py.check_string_dtype(file["queries_filenames"].dtype).encoding == "utf-8"
        assert file.attrs["format_version"] == FORMAT_VERSION


def test_names_of_any_bytes_and_unreadable_photos_survive(candidates: Candidates, tmp_path: Path) -> None:
    odd = ["@1@2@caf\u00e9.jpg", "@1@2@\udcff.jpg", *candidates.query_names[2:]]
    unreadable = ("database/x.jpg", "queries/y.jpg")
    written = Candidates(
        odd, candidates.names, candidates.indices, candidates.distances, unreadable=unreadable
    )
    write_candidates(tmp_path / "odd.h5", written)
    found = read_candidates(tmp_path / "odd.h5")
    assert found.query_names == odd
    assert found.unreadable == unreadable


def test_caches_of_other_programs_are_read_without_their_attributes(stored: Path) -> None:
    def strip(file: h5py.File) -> None:
        for name in list(file.attrs):
            del file.attrs[name]
        file.attrs["made by"] = "somebody"

    assert read_candidates(changed(stored, strip)).attributes == {}


def test_a_newer_format_is_refused(stored: Path) -> None:
    changed(stored, lambda file: file.attrs.modify("format_version", FORMAT_VERSION + 1))
    with pytest.raises(CacheError, match=f"format {FORMAT_VERSION + 1}.*reads up to {FORMAT_VERSION}"):
        read_candidates(stored)


def test_missing_damaged_and_foreign_files_are_refused_by_name(stored: Path, tmp_path: Path) -> None:
    whole = stored.read_bytes()
    stored.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CacheError, match=r"candidates\.h5 is damaged"):
        read_candidates(stored)
    stored.write_bytes(b"not HDF5")
    with pytest.raises(CacheError, match=r"candidates\.h5 is damaged"):
        read_candidates(stored)
    with pytest.raises(CacheError, match="no such candidate cache"):
        read_candidates(tmp_path / "absent.h5")


def test_a_file_of_another_layout_is_refused(stored: Path) -> None:
    def drop(file: h5py.File) -> None:
        del file["top_candidates_index"]

    with pytest.raises(CacheError, match="lacks top_candidates_index"):
        read_candidates(changed(stored, drop))


def test_arrays_that_do_not_fit_each_other_are_refused(stored: Path) -> None:
    def cut(file: h5py.File) -> None:
        short = file["top_candidates_index"][:, :2]
        del file["top_candidates_index"]
        file["top_candidates_index"] = short

    with pytest.raises(CacheError, match=r"\(3, 2\)"):
        read_candidates(changed(stored, cut))


def test_a_cache_fits_the_dataset_that_it_was_made_on(candidates: Candidates, dataset: Dataset) -> None:
    check_candidates(candidates, dataset)


def test_an_added_database_photo_is_noticed(candidates: Candidates, folder: Path) -> None:
    """It comes first by name, so every index is off by one though every name is there."""
    save(texture(50, (40, 40)), folder / "images" / "test" / "database" / name_of(-1))
    with pytest.raises(CacheError, match="12 of 12 candidates are not the photos at their indices"):
        check_candidates(candidates, open_dataset(folder))


def test_missing_database_photos_are_named(candidates: Candidates, folder: Path) -> None:
    gone = name_of(4)
    (folder / "images" / "test" / "database" / "0" / gone).unlink()
    with pytest.raises(CacheError, match=f"1 candidate photos are not in the database: {gone}"):
        check_candidates(candidates, open_dataset(folder))


def test_another_list_of_the_same_length_prefix_is_noticed_by_its_fingerprint(
    candidates: Candidates, folder: Path, dataset: Dataset
) -> None:
    """A photo that comes last by name moves no index, but the cache never saw it."""
    made_on = {"count": len(dataset.database), "digest": dataset.database.fingerprint.digest}
    candidates.attributes["database"] = made_on
    check_candidates(candidates, dataset)
    save(texture(50, (40, 40)), folder / "images" / "test" / "database" / name_of(99))
    with pytest.raises(
        CacheError, match=f"made on {DATABASE_COUNT} database photos.*has {DATABASE_COUNT + 1}"
    ):
        check_candidates(candidates, open_dataset(folder))


def test_queries_that_do_not_fit_are_counted_and_named(candidates: Candidates, folder: Path) -> None:
    old, new = name_of(3, offset_m=10), name_of(7, offset_m=10)
    queries = folder / "images" / "test" / "queries"
    (queries / old).rename(queries / new)
    with pytest.raises(CacheError) as refused:
        check_candidates(candidates, open_dataset(folder))
    assert f"1 of its queries are not in the dataset: {old}" in str(refused.value)
    assert f"1 queries of the dataset are not in it: {new}" in str(refused.value)


def test_queries_in_another_order_are_noticed(candidates: Candidates, dataset: Dataset) -> None:
    turned = Candidates(
        candidates.query_names[::-1], candidates.names, candidates.indices, candidates.distances
    )
    with pytest.raises(CacheError, match="another order"):
        check_candidates(turned, dataset)


def test_unreadable_queries_may_be_missing(candidates: Candidates, dataset: Dataset) -> None:
    rest = Candidates(
        candidates.query_names[1:],
        candidates.names[1:],
        candidates.indices[1:],
        candidates.distances[1:],
        unreadable=(f"queries/{dataset.queries.paths[0]}",),
    )
    check_candidates(rest, dataset)


def test_indices_outside_the_database_are_refused(candidates: Candidates, dataset: Dataset) -> None:
    candidates.indices[0, 0] = -1
    candidates.indices[1, 0] = DATABASE_COUNT
    with pytest.raises(CacheError, match="2 of 12 candidates are not the photos"):
        check_candidates(candidates, dataset)


def named(query: tuple[float, float], places: list[tuple[float, float]]) -> Candidates:
    names = [f"@{east:.2f}@{north:.2f}@10@S@.jpg" for east, north in [query, *places]]
    return Candidates(
        names[:1],
        np.array([names[1:]], object),
        np.arange(len(places))[None],
        np.zeros((1, len(places)), np.float32),
    )


def test_labels_are_a_closed_ball_around_the_query() -> None:
    places = [(500025.0, 4180000.0), (500025.01, 4180000.0), (500015.0, 4180020.0), (500015.0, 4180020.01)]
    labels = labels_from_names(named((500000.0, 4180000.0), places))
    np.testing.assert_array_equal(labels, [[True, False, True, False]])


def test_labels_need_the_centimetres_that_float32_loses() -> None:
    """Above 4,194,304 m float32 has steps of half a metre (a defect of the published script)."""
    labels = labels_from_names(named((500000.0, 4200000.1), [(500000.0, 4200025.2), (500000.0, 4200025.1)]))
    np.testing.assert_array_equal(labels, [[False, True]])


def test_labels_follow_the_threshold_and_repeat_with_a_candidate() -> None:
    candidates = named((0.0, 0.0), [(5.0, 0.0), (5.0, 0.0), (11.0, 0.0)])
    np.testing.assert_array_equal(labels_from_names(candidates, 10.0), [[True, True, False]])
    np.testing.assert_array_equal(labels_from_names(candidates, 4.0), [[False] * 3])


def test_a_name_without_a_position_is_named(candidates: Candidates) -> None:
    candidates.names[0, 0] = "holiday.jpg"
    with pytest.raises(DatasetError, match=r"holiday\.jpg"):
        labels_from_names(candidates)
