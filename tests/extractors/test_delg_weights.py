import json
import logging
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import extractors
from data.errors import WeightsError
from data.files import sha256_of_file
from extractors.delg_network import Architecture, DelgNetwork
from extractors.delg_weights import convert_delg, settings_asked_for
from networks.tensorflow_graph import Node
from networks.weights_policy import WeightsPolicy, using_policy
from tests.networks.tensorflow_writer import graph_node, saved_model, write_variables

TENSORFLOW = {
    "weight": "weights",
    "bias": "biases",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    """Weights of the right shapes, each filled with one value of its own."""
    with torch.device("meta"):
        shapes = DelgNetwork(Architecture()).state_dict()
    shapes = {key: tensor.shape for key, tensor in shapes.items() if "num_batches" not in key}
    return {key: torch.full(shape, 0.5 + number) for number, (key, shape) in enumerate(shapes.items())}


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    """A folder that goes at once, since files of weights are large."""
    yield tmp_path
    shutil.rmtree(tmp_path)


@pytest.fixture(scope="module")
def model(state: dict[str, torch.Tensor], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A SavedModel of them, as the released one."""
    folder = tmp_path_factory.mktemp("released") / "r50delg"
    variables = {released_name(key): for_tensorflow(tensor) for key, tensor in state.items()}
    write_variables(folder / "variables" / "variables.index", variables)
    relu = graph_node("while/dim_reduction/conv1/Relu", "Relu")
    resize = graph_node("while/ResizeBilinear", "ResizeBilinear", half_pixel_centers=True)
    (folder / "saved_model.pb").write_bytes(saved_model(relu, resize))
    yield folder
    shutil.rmtree(folder.parent)


def released_name(key: str) -> str:
    """Return what the released files call a tensor."""
    layer, _, leaf = key.rpartition(".")
    layer = layer.replace("downsample.0", "shortcut").replace("downsample.1", "shortcut/BatchNorm")
    for norm, convolution in (("bn1", "conv1"), ("bn2", "conv2"), ("bn3", "conv3"), ("bn", "conv")):
        layer = layer.replace(f".{norm}", f".{convolution}/BatchNorm")
    parts = layer.split(".")
    if parts[0] == "backbone" and parts[1].startswith("layer"):
        layer = f"resnet_v1_50/block{parts[1][-1]}/unit_{int(parts[2]) + 1}/bottleneck_v1/{parts[3]}"
    elif parts[0] == "backbone":
        layer = f"resnet_v1_50/{parts[1]}"
    places = {"attention.": "attonly/attention/compute/", "reduction.conv": "dim_reduction/conv1"}
    for ours, theirs in (places | {"expansion.conv": "dim_expand/conv1"}).items():
        layer = layer.replace(ours, theirs)
    if key == "pool.p":
        return "gem/gem_power"
    if layer.endswith("BatchNorm"):
        leaf = {"weight": "gamma", "bias": "beta"}.get(leaf, leaf)
    return f"{layer}/{TENSORFLOW.get(leaf, leaf)}"


def for_tensorflow(tensor: torch.Tensor) -> np.ndarray:
    axes = {4: (2, 3, 1, 0), 2: (1, 0)}.get(tensor.ndim, tuple(range(tensor.ndim)))
    return tensor.permute(axes).contiguous().numpy()


def hold(path: Path, state: dict[str, torch.Tensor]) -> None:
    found = load_file(path)
    assert found.keys() == state.keys()
    assert all(torch.equal(found[key], state[key]) for key in state)


def metadata(path: Path) -> dict[str, str]:
    with safe_open(path, "pt") as file:
        return file.metadata()


@pytest.fixture(scope="module")
def written(model: Path) -> Path:
    return convert_delg(model, model.with_suffix(".safetensors"))


def test_a_saved_model_becomes_safetensors_with_its_provenance(
    model: Path, written: Path, state: dict[str, torch.Tensor]
) -> None:
    hold(written, state)
    told = metadata(written)
    assert json.loads(told["settings"]) == {
        "variant": "released", "depth": 50, "reduction_activation": "relu", "resize": "half-pixel"
    }  # fmt: skip
    index = model / "variables" / "variables.index"
    assert told["source"] == "r50delg"
    assert json.loads(told["source_sha256"])["variables/variables.index"] == sha256_of_file(index)
    assert len(json.loads(told["source_sha256"])) == 2


def test_the_index_of_a_saved_model_is_that_model(model: Path, written: Path, scratch: Path) -> None:
    other = convert_delg(model / "variables" / "variables.index", scratch / "delg.safetensors")
    assert metadata(other) == metadata(written)


def test_an_archive_goes_to_the_weights_folder(
    model: Path, state: dict[str, torch.Tensor], scratch: Path, caplog: pytest.LogCaptureFixture
) -> None:
    archive = scratch / "r50delg_gldv2clean_20200914.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=1) as opened:
        opened.add(model, "r50delg_gldv2clean_20200914")
    with using_policy(WeightsPolicy(folder=scratch / "weights")), caplog.at_level(logging.WARNING):
        written = convert_delg(archive)
    assert caplog.messages == ["these weights want --set delg.reduction_activation=relu"]
    assert written == scratch / "weights" / "r50delg_gldv2clean_20200914.safetensors"
    hold(written, state)
    assert json.loads(metadata(written)["source_sha256"]) == {archive.name: sha256_of_file(archive)}


def test_the_extractor_takes_the_model_and_the_converted_file(model: Path, written: Path) -> None:
    of_forms = [extractors.build("delg", path) for path in (model, written)]
    assert of_forms[0].weights_digest == of_forms[1].weights_digest != ""
    assert float(of_forms[0].network.pool.p) == float(load_file(written)["pool.p"])


def test_files_of_ports(state: dict[str, torch.Tensor], scratch: Path) -> None:
    of_port = {key: tensor.double() for key, tensor in state.items()} | {"pool.p": state["pool.p"].reshape(1)}
    counted = of_port | {"backbone.bn1.num_batches_tracked": torch.tensor(4)}
    torch.save(
        {"state_dict": {f"module.{key}": tensor for key, tensor in counted.items()}}, scratch / "port.pth"
    )
    hold(convert_delg(scratch / "port.pth", scratch / "1.safetensors"), state)
    dumped = {released_name(key): torch.from_numpy(for_tensorflow(tensor)) for key, tensor in state.items()}
    save_file(dumped, scratch / "dump.safetensors")
    hold(convert_delg(scratch / "dump.safetensors", scratch / "2.safetensors"), state)


def test_weights_of_the_training_code_say_what_they_want(
    scratch: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with torch.device("meta"):
        shapes = DelgNetwork(Architecture("training")).state_dict()
    state = {key: torch.zeros(value.shape) for key, value in shapes.items() if "num_batches" not in key}
    save_file(state, scratch / "port.safetensors")
    with caplog.at_level(logging.WARNING):
        convert_delg(scratch / "port.safetensors", scratch / "delg.safetensors")
    assert caplog.messages == ["these weights want --set delg.variant=training"]


def test_incomplete_weights_are_refused_and_nothing_is_written(
    state: dict[str, torch.Tensor], scratch: Path
) -> None:
    index = write_variables(scratch / "few.index", {"gem/gem_power": for_tensorflow(state["pool.p"])})
    with pytest.raises(WeightsError, match=r"not those of delg \(released\); missing: "):
        convert_delg(index, scratch / "delg.safetensors")
    assert not (scratch / "delg.safetensors").exists()
    with pytest.raises(WeightsError, match=r"none\.pth does not exist"):
        convert_delg(scratch / "none.pth")


def strided(stride: int) -> Node:
    name = "while/resnet_v1_50/block3/unit_6/bottleneck_v1/conv2/Conv2D"
    return Node(name, "Conv2D", (), {"strides": (1, stride, stride, 1)})


def attending(source: str) -> Node:
    return Node("attonly/attention/compute/conv1/Conv2D", "Conv2D", (source, "kernel"))


@pytest.mark.parametrize(
    ("node", "settings"),
    [
        (Node("embed/MatMul", "MatMul"), {}),
        (Node("dim_reduction/conv1/Conv2D", "Conv2D"), {"reduction_activation": None}),
        (strided(2), {"block3_stride": 32}),
        (strided(1), {"block3_stride": 16}),
        (attending("dim_expand/conv1/Relu"), {"attention_input": "expanded"}),
        (attending("while/resnet_v1_50/block3/unit_6/Relu"), {"attention_input": "block3"}),
        (Node("n", "FusedBatchNormV3", (), {"epsilon": float(np.float32(1e-5))}), {"batch_norm_eps": 1e-5}),
        (Node("r", "ResizeBilinear", (), {"half_pixel_centers": False}), {"resize": "legacy"}),
    ],
)
def test_settings_that_a_graph_tells(node: Node, settings: dict[str, object]) -> None:
    assert settings_asked_for([node]) == settings
