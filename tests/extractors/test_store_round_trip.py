"""Whatever is put into a store comes out of it."""

import tempfile
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from extractors import Features
from extractors.store import FeatureStore
from tests.extractors.records import IDENTITY, hold_same

PER_KEYPOINT = {
    "keypoints": (np.float32, (2,)),
    "descriptors": (np.float16, (3,)),
    "scores": (np.float32, ()),
    "scales": (np.float32, ()),
    "levels": (np.int64, ()),
}
MAPS = {"coarse": np.float16, "photo": np.uint8}
keys = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=12)
sizes = st.integers(1, 4000)


@st.composite
def records(
    draw: st.DrawFn, names: frozenset[str], maps: frozenset[str], with_global: bool, with_frame: bool
) -> Features:
    """Draw features with the arrays `names`, the dense `maps`, and a global descriptor and a frame or not."""
    count = draw(st.integers(0, 5))
    given_arrays: dict[str, Any] = {}
    for name in names & PER_KEYPOINT.keys():
        dtype, shape = PER_KEYPOINT[name]
        given_arrays[name] = draw(arrays(dtype, (count, *shape)))
    if "global_descriptor" in names:
        given_arrays["global_descriptor"] = draw(arrays(np.float32, 4))
    if "frame_size" in names:
        given_arrays["frame_size"] = (draw(sizes), draw(sizes))
    map_sizes = st.tuples(st.integers(1, 2), st.integers(0, 3), st.integers(1, 3))
    dense = {name: draw(arrays(MAPS[name], map_sizes)) for name in maps}
    if with_frame:
        given_arrays["frame_size"] = (draw(sizes), draw(sizes))
    return Features((draw(sizes), draw(sizes)), **given_arrays, dense=dense)


@st.composite
def photo_sets(draw: st.DrawFn) -> dict[str, Features]:
    names = draw(st.frozensets(st.sampled_from([*PER_KEYPOINT, "global_descriptor", "frame_size"])))
    maps = draw(st.frozensets(st.sampled_from([*MAPS])))
    record = records(names, maps, draw(st.booleans()), draw(st.booleans()))
    return draw(st.dictionaries(keys, record, min_size=1, max_size=6))


@settings(deadline=None, max_examples=60)
@given(photo_sets(), st.integers(1, 400), st.randoms(use_true_random=False))
def test_features_come_out_as_they_went_in(photos: dict[str, Features], shard_bytes: int, order: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = FeatureStore(folder, IDENTITY, shard_bytes=shard_bytes)
        with store.writer() as writer:
            for key, features in photos.items():
                writer.add(key, features)
        asked = [*photos, *photos]
        order.shuffle(asked)
        for opened in (store, FeatureStore(folder, IDENTITY)):
            assert opened.missing(photos) == []
            for key, found in zip(asked, opened.read(asked), strict=True):
                hold_same(found, photos[key])
