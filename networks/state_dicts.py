"""State dicts: read from a file without running what is in it, unwrapped, loaded strictly."""

import pickle
import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from data.errors import WeightsError
from data.files import replacing
from networks.checkpoint_check import TORCH_FORMATS, format_of
from networks.delg_variables import read_delg
from networks.tensorflow_bundle import INDEX

N = TypeVar("N", bound=nn.Module)

CONTAINER_KEYS = (
    *("state_dict", "model_state_dict", "model_state", "state", "model", "net", "weights"),
    "extractor",  # of DISK
)
PARALLEL_PREFIX = "module."  # of networks that were trained under DataParallel
COUNTERS = "*num_batches_tracked"  # torch's own, of no use in evaluation, in some published files
_SHOWN = 5


def read_state(path: Path) -> dict[str, torch.Tensor]:
    """Read the state dict of a PyTorch or safetensors file, unwrapped, on the CPU.

    Of TensorFlow's files, an index or an archive, DELG's are known. Raises WeightsError when the file
    is of another format, damaged, or a pickle that wants more than tensors and plain containers, which
    could run code of its maker.
    """
    found = format_of(path)
    if found == "gzip" or path.suffix == INDEX:
        return read_delg(path)
    if found == "safetensors":
        return unwrap(_read_safetensors(path), str(path))
    if found in TORCH_FORMATS:
        return unwrap(_read_torch(path), str(path))
    raise WeightsError(f"{path} is neither a PyTorch nor a safetensors file (found: {found}). Fetch it anew.")


def write_state(path: Path, state: Mapping[str, torch.Tensor], provenance: Mapping[str, str]) -> None:
    """Write a state dict to a safetensors file, whole or not at all, with texts that say where it is from."""
    own = {key: tensor.clone().contiguous() for key, tensor in state.items()}  # safetensors shares no memory
    with replacing(path) as part:
        save_file(own, part, metadata={"format": "pt", **provenance})


def unwrap(loaded: Any, owner: str) -> dict[str, torch.Tensor]:
    """Return the state dict inside what a file held.

    loaded: a state dict, or a mapping that holds one under a key of CONTAINER_KEYS. A prefix
    "module." that all keys carry is removed. owner: the file, for messages.
    Raises WeightsError when there is no mapping of names to tensors.
    """
    candidates = [loaded]
    if isinstance(loaded, Mapping):
        candidates += [loaded[key] for key in CONTAINER_KEYS if key in loaded]
    for candidate in candidates:
        if _is_state(candidate):
            return _without_parallel_prefix(candidate)
    keys = (
        f"a mapping with {_few(map(str, loaded))}" if isinstance(loaded, Mapping) else type(loaded).__name__
    )
    raise WeightsError(
        f"{owner} holds no state dict: expected names with tensors, plain or under one of "
        f"{', '.join(CONTAINER_KEYS)}; found {keys}."
    )


def load_strictly(
    network: N, state: Mapping[str, torch.Tensor], owner: str, optional: Sequence[str] = ()
) -> N:
    """Fill `network` with `state` and return it in evaluation mode, its parameters frozen.

    state: checkpoint key -> tensor of the network's shape; float16 and float64 are converted to the
    network's type. owner: the method's name, for messages. optional: patterns, as in fnmatch, of keys
    that may be missing or left over; `num_batches_tracked` always may.
    Raises WeightsError naming keys that are missing, unknown or of another shape.
    """
    wanted = network.state_dict()
    problems = {
        "missing": _needed(wanted.keys() - state.keys(), optional),
        "unknown": _needed(state.keys() - wanted.keys(), optional),
        "of another shape": [
            f"{key} (found {tuple(state[key].shape)}, expected {tuple(wanted[key].shape)})"
            for key in wanted.keys() & state.keys()
            if state[key].shape != wanted[key].shape
        ],
    }
    found = [f"{what}: {_few(keys)}" for what, keys in problems.items() if keys]
    if found:
        raise WeightsError(
            f"the weights are not those of {owner}; {'; '.join(found)}. "
            "Check that the checkpoint belongs to this method and these settings."
        )
    network.load_state_dict({key: state[key] for key in wanted.keys() & state.keys()}, strict=False)
    return network.eval().requires_grad_(False)


def _read_torch(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except pickle.UnpicklingError as error:
        # Torch's own message recommends switching its protection off: only the name is taken from it.
        wanted = re.search(r"GLOBAL (\S+)", str(error))
        raise WeightsError(
            f"{path} is refused: it wants {wanted[1] if wanted else 'instructions'} beside tensors, which "
            "could run its maker's code, or it is damaged. Fetch it anew; or, where you trust it, save its "
            "state dict alone as safetensors."
        ) from error
    except Exception as error:  # damaged bytes can make an unpickler raise anything at all
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise WeightsError(f"{path} is damaged ({reason[:200]}). Fetch it anew.") from error


def _read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    try:
        return load_file(path, device="cpu")
    except SafetensorError as error:
        raise WeightsError(f"{path} is damaged ({error}). Fetch it anew.") from error


def _is_state(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and bool(value)
        and all(isinstance(key, str) and isinstance(tensor, torch.Tensor) for key, tensor in value.items())
    )


def _without_parallel_prefix(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    shared = all(key.startswith(PARALLEL_PREFIX) for key in state)
    prefix = PARALLEL_PREFIX if shared else ""
    return {key.removeprefix(prefix): tensor.detach() for key, tensor in state.items()}


def _needed(keys: Iterable[str], optional: Sequence[str]) -> list[str]:
    return [key for key in keys if not any(fnmatchcase(key, pattern) for pattern in (COUNTERS, *optional))]


def _few(keys: Iterable[str]) -> str:
    names = sorted(keys)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
