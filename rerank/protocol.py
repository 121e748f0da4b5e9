"""What a recall was measured on: two results compare only when this is the same.

Most quarrels of the field are one checkpoint measured on two query lists. How a result was computed
(method, weights, versions, hardware) is apart, in `rerank.provenance`: it never forbids a comparison.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from data.files import digest_of
from data.photoset import Fingerprint
from networks.settings import settings_dict

POSITIVES_RULE = "planar UTM distance, closed ball, heading ignored"

WORDS = {
    "queries.count": "number of queries",
    "queries.digest": "list of queries (digest)",
    "database.count": "number of database photos",
    "database.digest": "list of database photos (digest)",
    "candidates_digest": "candidates (digest)",
    "top_k": "candidates per query",
    "threshold_m": "threshold in metres",
    "positives_rule": "rule for positives",
    "exif": "EXIF orientation applied",
}


@dataclass(frozen=True)
class Protocol:
    """The task that methods were given.

    queries: the photos that were measured. database: the photos that were searched.
    candidates_digest: as of `digest_of_candidates`. top_k: K, candidates of a query.
    retriever: whose candidates they are, in words. threshold_m: radius of the positives.
    exif: whether photos were turned as their EXIF orientation says.
    """

    queries: Fingerprint
    database: Fingerprint
    candidates_digest: str
    top_k: int
    retriever: str
    threshold_m: float = 25.0
    positives_rule: str = POSITIVES_RULE
    exif: bool = True

    @property
    def digest(self) -> str:
        """16 hexadecimal digits that identify the protocol."""
        return digest_of(settings_dict(self))


def digest_of_candidates(query_names: Sequence[str], indices: np.ndarray) -> str:
    """Return 16 hexadecimal digits that identify a candidate cache.

    query_names: Q names in the cache's order. indices: (Q, K) int64 into the database, -1 where padded.
    """
    digest = hashlib.sha256(repr(indices.shape).encode())
    for name in query_names:
        digest.update(name.encode("utf-8", "surrogateescape") + b"\n")
    digest.update(np.ascontiguousarray(indices, "<i8").tobytes())
    return digest.hexdigest()[:16]


def differences(a: Protocol, b: Protocol) -> list[str]:
    """Say in words what differs between two protocols; empty when results of the two compare."""
    return mapping_differences(settings_dict(a), settings_dict(b), WORDS)


def mapping_differences(
    a: Mapping[str, Any], b: Mapping[str, Any], words: Mapping[str, str] | None = None
) -> list[str]:
    """Say what differs between two nested mappings, one line for each leaf.

    words: dotted path of a leaf -> what to call it; by default the path itself.
    """
    flat_a, flat_b = dict(_leaves(a)), dict(_leaves(b))
    return [
        f"{(words or {}).get(path, path)}: {flat_a.get(path, 'none')} against {flat_b.get(path, 'none')}"
        for path in {**flat_a, **flat_b}
        if path not in flat_a or path not in flat_b or flat_a[path] != flat_b[path]
    ]


def _leaves(value: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    leaves: list[tuple[str, Any]] = []
    for name, inner in value.items():
        path = f"{prefix}{name}"
        leaves += _leaves(inner, f"{path}.") if isinstance(inner, Mapping) else [(path, inner)]
    return leaves
