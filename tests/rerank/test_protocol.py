import dataclasses

import numpy as np
import pytest

from data.photoset import Fingerprint
from networks.settings import settings_dict
from rerank.protocol import Protocol, differences, digest_of_candidates, mapping_differences

PROTOCOL = Protocol(
    queries=Fingerprint(105, "aa"),
    database=Fingerprint(75984, "bb"),
    candidates_digest="cc",
    top_k=100,
    retriever="cosplace",
)


def test_equal_protocols_differ_in_nothing():
    same = dataclasses.replace(PROTOCOL)
    assert differences(PROTOCOL, same) == []
    assert same.digest == PROTOCOL.digest


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"queries": Fingerprint(315, "aa")}, "number of queries: 105 against 315"),
        ({"queries": Fingerprint(105, "ab")}, "list of queries (digest): aa against ab"),
        ({"database": Fingerprint(75984, "ff")}, "list of database photos (digest): bb against ff"),
        ({"candidates_digest": "cd"}, "candidates (digest): cc against cd"),
        ({"top_k": 20}, "candidates per query: 100 against 20"),
        ({"retriever": "vlad"}, "retriever: cosplace against vlad"),
        ({"threshold_m": 10.0}, "threshold in metres: 25.0 against 10.0"),
        ({"positives_rule": "same street"}, "rule for positives: planar UTM distance, closed ball"),
        ({"exif": False}, "EXIF orientation applied: True against False"),
    ],
)
def test_every_field_is_named_in_words_and_in_the_digest(change, words):
    other = dataclasses.replace(PROTOCOL, **change)
    assert len(differences(PROTOCOL, other)) == 1
    assert differences(PROTOCOL, other)[0].startswith(words)
    assert other.digest != PROTOCOL.digest


def test_every_field_of_the_protocol_was_changed_above():
    assert set(settings_dict(PROTOCOL)) == {
        "queries", "database", "candidates_digest", "top_k", "retriever", "threshold_m",
        "positives_rule", "exif",
    }  # fmt: skip


def test_differences_tell_what_only_one_has():
    assert mapping_differences({"a": {"x": 1, "y": 2}}, {"a": {"x": 1}, "b": 3}) == [
        "a.y: 2 against none",
        "b: none against 3",
    ]


def test_candidates_are_identified_by_queries_indices_and_shape():
    indices = np.array([[0, 1], [2, -1]])
    digest = digest_of_candidates(["a", "b"], indices)
    assert digest == digest_of_candidates(["a", "b"], indices.astype(np.int32))
    others = [
        digest_of_candidates(["b", "a"], indices),
        digest_of_candidates(["a", "b"], indices[:, ::-1]),
        digest_of_candidates(["a", "b"], indices.reshape(1, 4)),
        digest_of_candidates(["ab", ""], indices),
    ]
    assert len({digest, *others}) == 5
