import logging
from pathlib import Path

import h5py
import numpy as np
import pytest

from data.errors import StoreError
from retrieval.descriptors import FORMAT_VERSION, IDENTITY_FILE, DescriptorStore

IDENTITY = {"retriever": "mosaic", "settings": {"size": (1, 2)}}
COUNT = 10


def opened(folder: Path, identity: dict = IDENTITY) -> DescriptorStore:  # type: ignore[type-arg]
    return DescriptorStore(folder, identity, COUNT, shard_photos=4)


def vector(row: int) -> np.ndarray:
    return np.full(3, row, np.float32)


def fill(store: DescriptorStore, *, but: tuple[int, ...] = ()) -> DescriptorStore:
    for shard, rows in store.missing():
        store.add(shard, {int(row): vector(row) for row in rows if row not in but})
    return store


def lacking(store: DescriptorStore) -> dict[int, list[int]]:
    return {part.shard: part.rows.tolist() for part in store.missing()}


def test_a_new_store_lacks_everything(tmp_path: Path) -> None:
    store = opened(tmp_path)
    assert lacking(store) == {0: [0, 1, 2, 3], 1: [4, 5, 6, 7], 2: [8, 9]}
    assert len(store.read().indices) == 0
    assert list(store.blocks()) == []


def test_what_is_added_is_read_back_in_order(tmp_path: Path) -> None:
    found = fill(opened(tmp_path)).read()
    np.testing.assert_array_equal(found.indices, range(COUNT))
    np.testing.assert_array_equal(found.descriptors, np.repeat(np.arange(10)[:, None], 3, axis=1))
    assert found.descriptors.dtype == np.float32
    assert lacking(opened(tmp_path)) == {}


def test_unreadable_photos_stay_missing_and_can_be_added_later(tmp_path: Path) -> None:
    store = fill(opened(tmp_path), but=(2, 9))
    assert lacking(store) == {0: [2], 2: [9]}
    store.add(0, {2: vector(2)})
    np.testing.assert_array_equal(store.read().indices, [0, 1, 2, 3, 4, 5, 6, 7, 8])
    np.testing.assert_array_equal(store.read().descriptors[:, 0], store.read().indices)


def test_blocks_are_bounded_and_hold_everything(tmp_path: Path) -> None:
    store = fill(opened(tmp_path))
    blocks = list(store.blocks(max_bytes=1))
    assert [block.indices.tolist() for block in blocks] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert [len(block.indices) for block in store.blocks()] == [10]


def test_descriptors_of_another_identity_are_refused(tmp_path: Path) -> None:
    opened(tmp_path)
    opened(tmp_path)
    with pytest.raises(StoreError, match="differ in settings; use another folder"):
        opened(tmp_path, {**IDENTITY, "settings": {"size": (1, 3)}})


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    store = fill(opened(tmp_path))
    with h5py.File(tmp_path / "000001.h5", "a") as file:
        file.attrs["format_version"] = FORMAT_VERSION + 1
    with pytest.raises(StoreError, match=r"000001\.h5 has format"):
        store.missing()
    identity = tmp_path / IDENTITY_FILE
    identity.write_text(identity.read_text().replace('"format_version": 1', '"format_version": 2'))
    with pytest.raises(StoreError, match=f"{IDENTITY_FILE} has format"):
        opened(tmp_path)


def test_a_damaged_identity_is_refused_with_what_to_do(tmp_path: Path) -> None:
    opened(tmp_path)
    (tmp_path / IDENTITY_FILE).write_text("{")
    with pytest.raises(StoreError, match=f"delete the folder {tmp_path}"):
        opened(tmp_path)


@pytest.mark.parametrize("keep", [0, 100, 1000])
def test_a_damaged_shard_is_reported_and_counts_as_missing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, keep: int
) -> None:
    store = fill(opened(tmp_path))
    shard = tmp_path / "000001.h5"
    shard.write_bytes(shard.read_bytes()[:keep])
    with caplog.at_level(logging.WARNING):
        assert lacking(store) == {1: [4, 5, 6, 7]}
    assert "000001.h5 is damaged" in caplog.text
    assert lacking(fill(store)) == {}


def test_arrays_of_unequal_length_are_damage(tmp_path: Path) -> None:
    store = fill(opened(tmp_path))
    with h5py.File(tmp_path / "000000.h5", "a") as file:
        del file["rows"]
        file["rows"] = np.arange(3)
    assert lacking(store) == {0: [0, 1, 2, 3]}
