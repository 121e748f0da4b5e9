"""A store below a limit: which photos give way."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from data.errors import SettingsError
from extractors.store import FeatureStore
from rerank.feature_cache import FeatureCache
from rerank.query_order import NEVER
from tests.extractors.records import IDENTITY, features_of, fill, keys_of


@pytest.fixture
def photo_bytes(tmp_path: Path) -> int:
    """Return the size of the shard of photo 3, which all photos of a test are."""
    store = FeatureStore(tmp_path / "one", IDENTITY)
    with store.writer() as writer:
        writer.add("a", features_of(3))
    return store.size_bytes()


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    return FeatureStore(tmp_path / "store", IDENTITY)


@pytest.fixture
def cache(store: FeatureStore, photo_bytes: int) -> Iterator[FeatureCache]:
    """Keep three photos and one in the making."""
    with store.writer() as writer:
        yield FeatureCache(store, writer, 4 * photo_bytes, query_photos=2)


def add(cache: FeatureCache, *keys: str) -> None:
    for key in keys:
        cache.add(key, features_of(3), decode_s=0.0, extract_s=0.0)


def kept(store: FeatureStore, of: str) -> str:
    return "".join(sorted(set(of) - set(store.missing(of))))


def test_the_photo_that_is_wanted_last_gives_way(store: FeatureStore, cache: FeatureCache) -> None:
    add(cache, "a", "b", "c")
    cache.expect({"a": 5, "b": 9, "c": 2})
    cache.hold("d")
    add(cache, "d")
    assert kept(store, "abcd") == "acd"
    cache.expect({"d": NEVER})
    cache.hold("e")
    add(cache, "e")
    assert kept(store, "abcde") == "ace"


def test_a_photo_of_the_query_in_hand_stays(store: FeatureStore, cache: FeatureCache) -> None:
    add(cache, "a", "b", "c")
    cache.expect({"a": 1, "b": 2, "c": NEVER})
    cache.hold("cd")
    add(cache, "d")
    assert kept(store, "abcd") == "acd"


def test_photos_of_an_earlier_process_give_way_as_well(
    store: FeatureStore, cache: FeatureCache, photo_bytes: int
) -> None:
    add(cache, "a", "b", "c")
    with store.writer() as writer:
        later = FeatureCache(store, writer, 4 * photo_bytes, query_photos=2)
        later.expect({"a": 1, "c": 0})
        later.hold("d")
        add(later, "d")
    assert kept(store, "abcd") == "acd"


def test_shards_of_several_photos_stay_and_count(store: FeatureStore, photo_bytes: int) -> None:
    fill(store, range(4))
    staying = store.size_bytes()
    with store.writer() as writer:
        cache = FeatureCache(store, writer, staying + 3 * photo_bytes, query_photos=1)
        add(cache, "a", "b", "c")
        cache.check()
    assert store.missing(keys_of(range(4))) == []
    assert len(store) == 6 and store.size_bytes() <= staying + 3 * photo_bytes


def test_the_least_that_will_do_is_told(store: FeatureStore, photo_bytes: int) -> None:
    with store.writer() as writer:
        cache = FeatureCache(store, writer, 4 * photo_bytes - 1, query_photos=3)
        cache.check()  # no photo is known yet
        cache.hold("abc")
        add(cache, "a", "b", "c")
        assert kept(store, "abc") == "abc"
        with pytest.raises(SettingsError, match=r"it needs 3 photos of up to .* Give at least"):
            cache.check()
