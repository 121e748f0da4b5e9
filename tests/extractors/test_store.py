import json
import logging
import os
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

import extractors.store
from data.errors import StoreError
from extractors import Features
from extractors.shards import ShardReader
from extractors.store import FeatureStore
from tests.extractors.records import IDENTITY, features_of, fill, hold_same, keys_of


def shards(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.h5"))


def test_a_new_store_is_empty(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path / "new" / "folder", IDENTITY)
    assert len(store) == 0 and store.bytes_per_photo() is None
    assert store.read([]) == [] and store.seconds([]).shape == (0, 2)
    assert store.missing(["a", "b"]) == ["a", "b"]
    with store.writer():
        pass
    assert shards(store.folder) == []


def test_identity_is_written_for_people_to_read(tmp_path: Path) -> None:
    FeatureStore(tmp_path, IDENTITY)
    written = json.loads((tmp_path / "store.json").read_text())
    assert written == {**IDENTITY, "descriptor_dtype": "float16", "format_version": 1}


def test_another_identity_is_refused_by_what_differs(tmp_path: Path) -> None:
    FeatureStore(tmp_path, IDENTITY)
    FeatureStore(tmp_path, dict(reversed(IDENTITY.items())))  # the order of names says nothing
    other = {**IDENTITY, "settings": {"max_keypoints": 5}, "exif": False}
    with pytest.raises(StoreError) as refusal:
        FeatureStore(tmp_path, other)
    assert "settings.max_keypoints is 9 there and 5 here" in str(refusal.value)
    assert "exif is absent there and False here" in str(refusal.value)
    assert "weights" not in str(refusal.value)
    with pytest.raises(StoreError, match="descriptor_dtype is float16 there and float32 here"):
        FeatureStore(tmp_path, IDENTITY, descriptor_dtype="float32")


@pytest.mark.parametrize("text", ["", "{", "[1]", "{}", '{"format_version": "x"}'])
def test_a_damaged_identity_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "store.json").write_text(text)
    with pytest.raises(StoreError, match=r"store\.json is damaged"):
        FeatureStore(tmp_path, IDENTITY)


def test_shards_of_unknown_identity_are_refused(tmp_path: Path) -> None:
    fill(FeatureStore(tmp_path, IDENTITY), range(3))
    (tmp_path / "store.json").unlink()
    with pytest.raises(StoreError, match=r"has features but no store\.json"):
        FeatureStore(tmp_path, IDENTITY)


def test_newer_formats_are_refused(tmp_path: Path) -> None:
    fill(FeatureStore(tmp_path, IDENTITY), range(3))
    with h5py.File(shards(tmp_path)[0], "r+") as file:
        file.attrs["format_version"] = 2
    with pytest.raises(StoreError, match="has format 2; this version of the program reads up to 1"):
        FeatureStore(tmp_path, IDENTITY)
    written = json.loads((tmp_path / "store.json").read_text())
    (tmp_path / "store.json").write_text(json.dumps({**written, "format_version": 2}))
    with pytest.raises(StoreError, match=r"store\.json has format 2"):
        FeatureStore(tmp_path, IDENTITY)


def test_descriptors_and_maps_are_halved_by_default_and_nothing_else(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    full = Features(
        (4, 5),
        keypoints=1000 * draw.random((6, 2), np.float32),
        descriptors=draw.random((6, 8), np.float32),
        scores=draw.random(6, np.float32),
        global_descriptor=draw.random(7, np.float32),
        dense={"map": draw.random((3, 4, 2), np.float32), "photo": np.full((4, 5, 3), 255, np.uint8)},
    )
    for dtype in ("float16", "float32"):
        store = FeatureStore(tmp_path / dtype, IDENTITY, descriptor_dtype=dtype)
        with store.writer() as writer:
            writer.add("a", full)
        expected = replace(
            full,
            descriptors=full.descriptors.astype(dtype),
            dense={"map": full.dense["map"].astype(dtype), "photo": full.dense["photo"]},
        )
        hold_same(store.read(["a"])[0], expected)


@pytest.mark.parametrize(
    ("large", "what"),
    [
        (Features((4, 5), np.zeros((1, 2), np.float32), np.full((1, 3), 1e5, np.float32)), "descriptors of"),
        (Features((4, 5), dense={"fine": np.full((1, 1, 3), 1e5, np.float32)}), "map fine of"),
    ],
)
def test_what_goes_beyond_the_stored_type_is_refused(tmp_path: Path, large: Features, what: str) -> None:
    store = FeatureStore(tmp_path, IDENTITY)
    with store.writer() as writer, pytest.raises(StoreError, match=rf"{what} a reach 1e\+05.*float32"):
        writer.add("a", large)


def test_every_photo_must_have_the_same_arrays(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, IDENTITY)
    with store.writer() as writer:
        writer.add("a", features_of(1))
        with pytest.raises(StoreError, match="features of b have the arrays"):
            writer.add("b", replace(features_of(2), scores=None))
        with pytest.raises(StoreError, match="frame_size"):
            writer.add("b", replace(features_of(2), frame_size=(480, 640)))
        writer.add("c", features_of(3))
    assert store.missing(["a", "b", "c"]) == ["b"]


@pytest.mark.parametrize("key", ["", "a\0b"])
def test_impossible_keys_are_refused(tmp_path: Path, key: str) -> None:
    with FeatureStore(tmp_path, IDENTITY).writer() as writer, pytest.raises(StoreError, match="photo key"):
        writer.add(key, features_of(1))


def test_keys_may_hold_bytes_that_are_no_text(tmp_path: Path) -> None:
    key = os.fsdecode(b"database/caf\xe9.jpg")
    store = FeatureStore(tmp_path, IDENTITY)
    with store.writer() as writer:
        writer.add(key, features_of(1))
    assert FeatureStore(tmp_path, IDENTITY).missing([key]) == []


def test_shards_have_a_bounded_size(tmp_path: Path) -> None:
    by_size = FeatureStore(tmp_path / "size", IDENTITY, shard_bytes=1500)
    fill(by_size, range(60))
    assert 8 < len(shards(by_size.folder)) < 40
    assert max(path.stat().st_size for path in shards(by_size.folder)) < 20_000
    by_time = FeatureStore(tmp_path / "time", IDENTITY, shard_s=0.0)
    fill(by_time, range(4))
    assert [path.name[:7] for path in shards(by_time.folder)] == ["000001-", "000002-", "000003-", "000004-"]


def test_a_failing_block_keeps_what_it_had(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, IDENTITY)
    with pytest.raises(KeyboardInterrupt), store.writer() as writer:
        writer.add("a", features_of(1))
        raise KeyboardInterrupt
    assert store.missing(["a"]) == []


def test_missing_photos_are_named_when_read(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, IDENTITY)
    fill(store, range(3))
    with pytest.raises(StoreError, match=r"2 of 3 photos have no features in .*, first 'x'"):
        store.read(["x", *keys_of([1]), "y"])


def test_shards_of_others_are_found(tmp_path: Path) -> None:
    mine, other = FeatureStore(tmp_path, IDENTITY), FeatureStore(tmp_path, IDENTITY)
    fill(other, range(3))
    hold_same(mine.read(keys_of([2]))[0], features_of(2))
    assert len(mine) == 3


def test_a_photo_stored_twice_counts_once(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, IDENTITY)
    for _ in range(2):
        with store.writer() as writer:
            writer.add("a", features_of(1))
    assert len(shards(tmp_path)) == 2 and len(store) == 1
    hold_same(store.read(["a"])[0], features_of(1))


def test_seconds_are_kept_with_the_features(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, IDENTITY)
    with store.writer() as writer:
        writer.add("a", features_of(1), decode_s=0.5, extract_s=2.0)
        writer.add("b", features_of(2))
    np.testing.assert_array_equal(store.seconds(["b", "a"]), [[np.nan, np.nan], [0.5, 2.0]])


def test_bytes_per_photo_are_those_on_disk(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, IDENTITY)
    fill(store, range(10))
    assert store.bytes_per_photo() == shards(tmp_path)[0].stat().st_size / 10


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_shard_is_skipped_by_name(
    tmp_path: Path, share: float, caplog: pytest.LogCaptureFixture
) -> None:
    store = FeatureStore(tmp_path, IDENTITY)
    fill(store, range(5))
    fill(store, range(5, 10))
    damaged = shards(tmp_path)[0]
    os.truncate(damaged, int(share * damaged.stat().st_size))
    with caplog.at_level(logging.WARNING):
        again = FeatureStore(tmp_path, IDENTITY)
    assert len(caplog.records) == 1 and str(damaged) in caplog.text
    assert again.missing(keys_of(range(10))) == keys_of(range(5))
    fill(again, range(10))
    hold_same(again.read(keys_of([3]))[0], features_of(3))


def test_a_shard_whose_lengths_disagree_is_skipped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("keys", "seconds", "offsets", "scores", "image_sizes"):
        folder = tmp_path / name
        fill(FeatureStore(folder, IDENTITY), range(1, 4))
        with h5py.File(shards(folder)[0], "r+") as file:
            shorter = file[name][: len(file[name]) // 2]
            del file[name]
            file[name] = shorter
        again = FeatureStore(folder, IDENTITY)
        assert len(again) == 0, name
        assert f"{folder}" in caplog.text


def test_a_shard_that_vanishes_is_an_error_that_names_it(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, IDENTITY)
    fill(store, range(3))
    assert len(store) == 3
    gone = shards(tmp_path)[0]
    gone.unlink()
    with pytest.raises(StoreError, match=f"cannot read {gone}.*run the same command again"):
        store.read(keys_of([1]))


def test_open_files_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_now: set[Path] = set()
    most = 0

    class Counting(ShardReader):
        def __init__(self, path: Path) -> None:
            nonlocal most
            super().__init__(path)
            self.path = path
            open_now.add(path)
            most = max(most, len(open_now))

        def close(self) -> None:
            super().close()
            open_now.remove(self.path)

    monkeypatch.setattr(extractors.store, "OPEN_SHARDS", 3)
    monkeypatch.setattr(extractors.store, "ShardReader", Counting)
    store = FeatureStore(tmp_path, IDENTITY, shard_s=0.0)
    fill(store, range(12))
    for _ in range(2):
        for found, number in zip(store.read(keys_of(range(12))), range(12), strict=True):
            hold_same(found, features_of(number))
    assert len(open_now) == 3 and most <= 4


def test_threads_can_read_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extractors.store, "OPEN_SHARDS", 2)
    store = FeatureStore(tmp_path, IDENTITY, shard_s=0.0)
    fill(store, range(12))
    problems: list[Exception] = []

    def read_all(seed: int) -> None:
        try:
            for number in np.random.default_rng(seed).integers(0, 12, 40).tolist():
                hold_same(store.read(keys_of([number]))[0], features_of(number))
        except Exception as problem:
            problems.append(problem)

    threads = [threading.Thread(target=read_all, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def test_old_leftovers_of_killed_processes_go_and_young_ones_stay(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, IDENTITY)
    old, young = tmp_path / ".000001-aa.h5.x.part", tmp_path / ".000002-bb.h5.y.part"
    for part in (old, young):
        part.write_bytes(b"half")
    os.utime(old, (1, 1))
    with store.writer():
        pass
    assert not old.exists() and young.exists()


def test_a_store_can_be_moved(tmp_path: Path) -> None:
    fill(FeatureStore(tmp_path / "here", IDENTITY), range(4))
    shutil.move(tmp_path / "here", tmp_path / "there")
    hold_same(FeatureStore(tmp_path / "there", IDENTITY).read(keys_of([3]))[0], features_of(3))
