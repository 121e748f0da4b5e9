import numpy as np
import torch

from networks.digests import digest_of_arrays

STATE = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array(3, np.int64)}


def test_tensors_arrays_and_order_make_no_difference() -> None:
    tensors = {name: torch.as_tensor(STATE[name]) for name in ("b", "a")}
    assert digest_of_arrays(tensors) == digest_of_arrays(STATE)
    assert len(digest_of_arrays(STATE)) == 16


def test_names_values_shapes_and_types_make_one() -> None:
    others = [
        {"a": STATE["a"]},
        {**STATE, "b": np.array(4, np.int64)},
        {**STATE, "a": STATE["a"].reshape(3, 2)},
        {**STATE, "a": STATE["a"].astype(np.float64)},
        {"A": STATE["a"], "b": STATE["b"]},
    ]
    assert len({digest_of_arrays(state) for state in [STATE, *others]}) == 6


def test_views_are_digested_by_their_values() -> None:
    wide = torch.arange(12.0).reshape(3, 4)
    assert digest_of_arrays({"a": wide.T}) == digest_of_arrays({"a": wide.T.contiguous()})
    assert digest_of_arrays({"a": wide.bfloat16()}) != digest_of_arrays({"a": wide})


def test_nothing_has_an_empty_digest() -> None:
    assert digest_of_arrays({}) == ""
