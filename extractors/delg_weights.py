"""Converting DELG's published weights to safetensors, with their provenance.

What the released network does between its variables stands in its graph alone. Where the source has one
(`saved_model.pb`), the settings that it asks for are read from it, written down and logged.
"""

import hashlib
import json
import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Literal

import torch
from safetensors.torch import save_file

from data.errors import WeightsError
from data.files import replacing, sha256_of_file
from extractors.delg import DelgSettings
from extractors.delg_network import Architecture, DelgNetwork
from networks.delg_variables import from_tensorflow, read_delg
from networks.state_dicts import load_strictly, read_state
from networks.tensorflow_bundle import INDEX, Files, opened
from networks.tensorflow_graph import Node, read_nodes
from networks.weights_policy import current_policy

CONVERTER_VERSION = 1
GRAPH = "saved_model.pb"
LOCAL_STRIDES = r"block3/unit_\d+/bottleneck_v1/conv2/Conv2D$"
ARCHIVES = (".tar.gz", ".tgz", ".tar")

log = logging.getLogger(__name__)


def convert_delg(path: Path, output: Path | None = None) -> Path:
    """Convert DELG's weights to a safetensors file and return its path.

    path: a SavedModel folder or an archive of one, the index file of a TensorFlow checkpoint, or a
    PyTorch or safetensors file with the keys of `extractors.delg_network` or TensorFlow's names and
    layout. output: by default a file of the source's name in the weights folder. Its metadata say what
    was converted, by what, and the settings that its graph asks for.
    Raises WeightsError when the weights are damaged, incomplete, or not DELG's.
    """
    if not path.exists():
        raise WeightsError(
            f"{path} does not exist; expected DELG's SavedModel folder, archive, index or file"
        )
    if path.suffix == INDEX and path.parent.name == "variables":
        path = path.resolve().parent.parent  # the SavedModel, which has the graph too
    of_tensorflow = path.is_dir() or path.suffix == INDEX or path.name.endswith(ARCHIVES)
    state = read_delg(path) if of_tensorflow else _of_port(read_state(path))
    architecture = architecture_of(state)
    network = load_strictly(DelgNetwork(architecture), state, f"delg ({architecture.variant})")
    settings: dict[str, object] = {"variant": architecture.variant, "depth": architecture.depth}
    settings |= _settings_of(path) if of_tensorflow else {}
    target = output or current_policy().folder / f"{_stem(path)}.safetensors"
    kept = {key: value for key, value in network.state_dict().items() if value.is_floating_point()}
    with replacing(target) as part:
        save_file(kept, part, metadata=_provenance(path, settings))
    _tell(settings, architecture.variant)
    return target


def architecture_of(state: Mapping[str, torch.Tensor]) -> Architecture:
    """Return the network that a state dict is of, as far as its keys tell."""
    return Architecture(
        variant="released" if "pool.p" in state else "training",
        depth=101 if "backbone.layer3.22.conv1.weight" in state else 50,
    )


def settings_asked_for(nodes: Sequence[Node]) -> dict[str, object]:
    """Return the settings of DELG that a released graph tells: setting -> value.

    Found by the names of variables, whatever scope the exporter put around them.
    """
    told: dict[str, object] = {}
    if any("dim_reduction/" in node.name for node in nodes):
        active = any(node.operation == "Relu" and "dim_reduction/" in node.name for node in nodes)
        told["reduction_activation"] = "relu" if active else None
    strides = [node.attributes.get("strides") for node in nodes if re.search(LOCAL_STRIDES, node.name)]
    if strides:
        told["block3_stride"] = 32 if (1, 2, 2, 1) in strides else 16
    for node in nodes:
        if node.name.endswith("attonly/attention/compute/conv1/Conv2D"):
            told["attention_input"] = "expanded" if "dim_expand" in node.inputs[0] else "block3"
        if "BatchNorm" in node.operation and "epsilon" in node.attributes:
            told["batch_norm_eps"] = float(f"{node.attributes['epsilon']:.6g}")  # float32 in the file
        if node.operation == "ResizeBilinear" and "half_pixel_centers" in node.attributes:
            told["resize"] = "half-pixel" if node.attributes["half_pixel_centers"] else "legacy"
    return told


def _of_port(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the state dict of a port's file, which may keep TensorFlow's names, or a vector for a scalar."""
    state = from_tensorflow({key: value.float().numpy() for key, value in state.items()}) or state
    if "pool.p" in state and state["pool.p"].numel() == 1:
        state["pool.p"] = state["pool.p"].reshape(())
    return state


def _settings_of(path: Path) -> dict[str, object]:
    """Return what the graph beside the variables asks for; nothing where there is no graph."""
    with opened(path) as files:
        graph = [name for name in files.names if PurePosixPath(name).name == GRAPH]
        if len(graph) != 1:
            return {}
        try:
            return settings_asked_for(read_nodes(files.read(graph[0])))
        except ValueError as error:
            raise WeightsError(f"{graph[0]} of {path} is damaged ({error}). Fetch it anew.") from error


def _provenance(path: Path, settings: Mapping[str, object]) -> dict[str, str]:
    return {
        "format": "pt",
        "method": "delg",
        "settings": json.dumps(settings, sort_keys=True),
        "source": path.name,
        "source_sha256": json.dumps(_digests(path), sort_keys=True),
        "converter": f"{__name__} {CONVERTER_VERSION}",
    }


def _digests(path: Path) -> dict[str, str]:
    """Return the SHA-256 of every file that the weights came from."""
    if path.is_file() and path.suffix != INDEX:
        return {path.name: sha256_of_file(path)}
    with opened(path) as files:
        return {name: hashlib.sha256(files.read(name)).hexdigest() for name in _bundle(files)}


def _bundle(files: Files) -> list[str]:
    stem = files.index().removesuffix(INDEX)
    return [name for name in files.names if name == stem + INDEX or name.startswith(f"{stem}.data-")]


def _stem(path: Path) -> str:
    """Return the name of a file without endings, or of a folder."""
    for ending in ARCHIVES:
        if path.name.endswith(ending):
            return path.name.removesuffix(ending)
    return path.resolve().name if path.is_dir() else path.stem


def _tell(settings: Mapping[str, object], variant: Literal["released", "training"]) -> None:
    """Log what must be set to use these weights, where it is not the default."""
    defaults, own = DelgSettings(), DelgSettings(variant=variant).architecture
    for name, value in settings.items():
        of_variant = name in ("attention_input", "batch_norm_eps", "reduction_activation")
        if value != getattr(own if of_variant else defaults, name):
            log.warning("these weights want --set delg.%s=%s", name, value)
