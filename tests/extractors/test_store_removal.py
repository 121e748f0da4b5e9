"""Removing photos from a store: those that have a shard to themselves."""

from pathlib import Path

import pytest

from data.errors import StoreError
from extractors.store import FeatureStore
from tests.extractors.records import IDENTITY, features_of, fill, hold_same, keys_of


def fill_apart(store: FeatureStore, numbers: range) -> None:
    for number in numbers:
        fill(store, range(number, number + 1))


def disk_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.h5"))


def test_photos_apart_can_be_removed_and_stored_again(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, IDENTITY)
    fill_apart(store, range(4))
    assert list(store.removable()) == keys_of(range(4))
    assert sum(store.removable().values()) == store.size_bytes() == disk_bytes(tmp_path)
    hold_same(store.read(keys_of([1]))[0], features_of(1))
    for number in (1, 3, 0):
        store.remove(*keys_of([number]))
        assert store.missing(keys_of([number])) == keys_of([number])
        assert store.size_bytes() == disk_bytes(tmp_path)
    fill_apart(store, range(3, 5))
    fill(store, range(2))
    assert store.missing(keys_of(range(5))) == []
    for number in range(5):
        hold_same(store.read(keys_of([number]))[0], features_of(number))
    assert list(store.removable()) == keys_of([2, 3, 4])
    hold_same(FeatureStore(tmp_path, IDENTITY).read(keys_of([4]))[0], features_of(4))


def test_a_photo_that_shares_its_shard_is_not_removed(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, IDENTITY)
    fill(store, range(2))
    assert store.removable() == {}
    with pytest.raises(StoreError, match="with 1 other photos"):
        store.remove(*keys_of([0]))
    with pytest.raises(StoreError, match="1 of 1 photos have no features"):
        store.remove("unknown")
    assert store.missing(keys_of(range(2))) == []
