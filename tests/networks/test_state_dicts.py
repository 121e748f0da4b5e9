import os
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from data.errors import WeightsError
from networks.state_dicts import load_strictly, read_state, unwrap

STATE = {"conv.weight": torch.arange(6.0).reshape(1, 6), "conv.bias": torch.ones(1)}


class Malicious:
    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.witness),)


def assert_state(state: dict[str, torch.Tensor]) -> None:
    assert state.keys() == STATE.keys()
    assert all(torch.equal(state[key], STATE[key]) for key in STATE)


@pytest.mark.parametrize("zipped", [True, False])
def test_torch_files(tmp_path: Path, zipped: bool) -> None:
    torch.save(STATE, tmp_path / "net.pth", _use_new_zipfile_serialization=zipped)
    assert_state(read_state(tmp_path / "net.pth"))


def test_safetensors(tmp_path: Path) -> None:
    save_file(STATE, tmp_path / "net.safetensors")
    assert_state(read_state(tmp_path / "net.safetensors"))


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_that_runs_code_is_refused(tmp_path: Path, zipped: bool) -> None:
    path, witness = tmp_path / "net.pth", tmp_path / "witness"
    torch.save(STATE | {"x": Malicious(witness)}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(WeightsError, match=r"net.pth is refused.*mkdir") as caught:
        read_state(path)
    assert not witness.exists()
    assert "safetensors" in str(caught.value)


def test_a_plain_pickle_that_runs_code_is_refused(tmp_path: Path) -> None:
    path, witness = tmp_path / "net.pth", tmp_path / "witness"
    path.write_bytes(pickle.dumps(Malicious(witness)))
    with pytest.raises(WeightsError, match=r"net\.pth"):
        read_state(path)
    assert not witness.exists()


def test_a_whole_module_is_refused(tmp_path: Path) -> None:
    torch.save(nn.Linear(2, 1), tmp_path / "net.pth")
    with pytest.raises(WeightsError, match=r"refused.*torch\.nn\.modules\.linear\.Linear"):
        read_state(tmp_path / "net.pth")


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.95])
def test_truncated_torch_files(tmp_path: Path, zipped: bool, kept: float) -> None:
    path = tmp_path / "net.pth"
    torch.save({"weight": torch.arange(1000.0)}, path, _use_new_zipfile_serialization=zipped)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(WeightsError, match=r"net\.pth"):
        read_state(path)


def test_any_flipped_byte_of_the_pickle_is_an_error_or_a_state(tmp_path: Path) -> None:
    path = tmp_path / "net.pth"
    torch.save(STATE, path, _use_new_zipfile_serialization=False)
    whole = path.read_bytes()
    refused = 0
    for position in range(2, min(len(whole), 300)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x5A]) + whole[position + 1 :])
        try:
            read_state(path)
        except WeightsError:
            refused += 1
    assert refused > 100


def test_truncated_safetensors(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    save_file(STATE, path)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(WeightsError, match="damaged"):
        read_state(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "net.pth"
    torch.save(STATE, path)
    path.chmod(0)
    with pytest.raises(WeightsError, match="cannot be read"):
        read_state(path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="cannot be read"):
        read_state(tmp_path)


@pytest.mark.parametrize("body", [b"", b"<html></html>", b"MATLAB 5.0 MAT-file", struct.pack("<Q", 9) + b"{"])
def test_other_formats_are_named(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "net.pth"
    path.write_bytes(body)
    with pytest.raises(WeightsError, match="neither a PyTorch nor a safetensors file"):
        read_state(path)


def test_npz_and_other_archives_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "net.npz", weight=np.zeros(3))
    with zipfile.ZipFile(tmp_path / "net.zip", "w") as archive:
        archive.writestr("readme.txt", "no tensors")
    for name in ("net.npz", "net.zip"):
        with pytest.raises(WeightsError, match=name):
            read_state(tmp_path / name)


@pytest.mark.parametrize(
    "loaded",
    [
        STATE,
        {"state_dict": STATE},
        {"net": "Net()", "state_dict": STATE},
        {"epoch": 3, "model_state_dict": STATE, "optimizer_state_dict": {"lr": 0.1}},
        {"model": STATE, "args": [1]},
        {"net": STATE},
        {"weights": STATE, "num_pcs": 512},
        {"state": STATE, "optim": {}},
        {"model_state": STATE},
        {"state_dict": {f"module.{key}": tensor for key, tensor in STATE.items()}},
        {key: nn.Parameter(tensor) for key, tensor in STATE.items()},
    ],
)
def test_containers(loaded: Any) -> None:
    state = unwrap(loaded, "net.pth")
    assert_state(state)
    assert not any(tensor.requires_grad for tensor in state.values())


def test_a_prefix_that_not_all_keys_carry_stays() -> None:
    state = {"module.a": torch.ones(1), "b": torch.ones(1)}
    assert unwrap(state, "net.pth").keys() == state.keys()


@pytest.mark.parametrize(
    "loaded", [[1, 2], {}, {"epoch": 1}, {"state_dict": {"lr": 0.1}}, {"model": {}}, "text"]
)
def test_no_state_dict_inside(loaded: Any) -> None:
    with pytest.raises(WeightsError, match=r"net\.pth holds no state dict"):
        unwrap(loaded, "net.pth")


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Linear(6, 1)
        self.norm = nn.BatchNorm1d(1)
        self.register_buffer("grid", torch.full((2,), 7.0))


def full_state() -> dict[str, torch.Tensor]:
    return {key: torch.full_like(value, 3) for key, value in Net().state_dict().items()}


def test_strict_loading_fills_and_freezes() -> None:
    network = load_strictly(Net(), full_state(), "net")
    assert all(bool((value == 3).all()) for value in network.state_dict().values())
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_float_types_become_the_networks(dtype: torch.dtype) -> None:
    state = {
        key: value.to(dtype) if value.is_floating_point() else value for key, value in full_state().items()
    }
    network = load_strictly(Net(), state, "net")
    assert network.conv.weight.dtype == torch.float32
    assert bool((network.conv.weight == 3).all())


def test_counters_may_be_missing_or_left_over() -> None:
    state = full_state()
    counter = state.pop("norm.num_batches_tracked")
    load_strictly(Net(), state, "net")
    load_strictly(Net(), state | {"other.num_batches_tracked": counter}, "net")


def test_optional_keys_may_be_missing_or_left_over() -> None:
    state = full_state()
    del state["grid"]
    state["pool.p"] = torch.ones(1)
    network = load_strictly(Net(), state, "net", optional=("grid", "pool.*"))
    assert torch.equal(network.get_buffer("grid"), torch.full((2,), 7.0))
    with pytest.raises(WeightsError, match=r"missing: grid; unknown: pool\.p"):
        load_strictly(Net(), state, "net")


def test_misfits_are_listed_and_change_nothing() -> None:
    state = full_state() | {f"extra{number}": torch.ones(1) for number in range(8)}
    state["conv.weight"] = torch.full((2, 6), 3.0)
    del state["conv.bias"]
    network = Net()
    before = network.norm.weight.clone()
    with pytest.raises(WeightsError) as caught:
        load_strictly(network, state, "net")
    message = str(caught.value)
    for part in (
        "of net;",
        "missing: conv.bias",
        "extra0",
        "and 3 more",
        "conv.weight (found (2, 6), expected (1, 6))",
    ):
        assert part in message
    assert torch.equal(network.norm.weight, before)
