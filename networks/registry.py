"""Finding methods by name: one table of built-ins for each kind, and entry points for plug-ins.

A method is a class with `spec` (a `MethodSpec`), `Settings` (a frozen dataclass) and a constructor
`(settings, state, device, precision)`. Its module is imported when the method is asked for.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from data.errors import SettingsError
from networks.checkpoints import load_checkpoint
from networks.seeded import made_up_state
from networks.settings import make_settings, nearest

if TYPE_CHECKING:
    import torch

PRECISIONS = ("float32", "bf16", "fp16")
COMPILED = (
    "-compiled"  # after a precision: the networks of kinds that are `compiled` go through torch.compile
)
SEEDED = "seeded"  # weights made up from their names: a method runs, and what it gives means nothing

State: TypeAlias = "Mapping[str, torch.Tensor | np.ndarray]"
Weights: TypeAlias = "str | Path | State | None"


@dataclass(frozen=True)
class MethodSpec:
    """What a method declares of itself, whatever its kind.

    name: registry name. summary: one line for people. source: paper or repository.
    licence: licence of this code and of the weights, as text. beyond_benchmark: not part of the ten rows of
    the published benchmark. deviations: where the defaults differ from the published code, and why.
    """

    name: str
    summary: str
    source: str
    licence: str = "code Apache-2.0; no weights"
    beyond_benchmark: bool = False
    deviations: str = ""


@dataclass(frozen=True)
class Registry:
    """The methods of one kind.

    kind: word for messages ("extractor"). group: entry-point group of plug-ins.
    builtins: name -> "module:Class". compiled: whether networks are compiled where the precision says so.
    """

    kind: str
    group: str
    builtins: Mapping[str, str]
    compiled: bool = False

    def names(self) -> list[str]:
        """Return the sorted names of built-ins and plug-ins."""
        return sorted({*self.builtins, *(point.name for point in entry_points(group=self.group))})

    def load(self, name: str) -> Any:
        """Import and return the class of method `name`; raises SettingsError when unknown."""
        if name in self.builtins:
            module, _, attribute = self.builtins[name].partition(":")
            return getattr(importlib.import_module(module), attribute)
        for point in entry_points(group=self.group):
            if point.name == name:
                return point.load()
        raise SettingsError(f"no {self.kind} is called {name!r}{nearest(name, self.names())}")

    def build(
        self,
        name: str,
        weights: Weights = None,
        device: str = "cpu",
        precision: str = "float32",
        **settings: Any,
    ) -> Any:
        """Build method `name`.

        weights: None for the published file (found or fetched), a path, a state dict of arrays or
        tensors, or SEEDED for made-up ones. device: a torch device. precision: float32, bf16 or fp16,
        with COMPILED behind it for a compiled network.
        What is built gets the attribute `weights_digest`, 16 digits of its state dict, "" without one.
        Raises SettingsError for unknown names and values, WeightsError for weights that do not fit.
        """
        method = self.load(name)
        number_format = precision.removesuffix(COMPILED)
        if number_format not in PRECISIONS:
            raise SettingsError(
                f"precision {precision!r} is unknown; use one of {', '.join(PRECISIONS)}, "
                f"each with or without {COMPILED}"
            )
        chosen = make_settings(method.Settings, settings, owner=name)
        state = _state_for(method, name, chosen, weights)
        from networks import compiling  # with torch: not wanted where nothing is built
        from networks.digests import digest_of_arrays

        built = method(chosen, state, _checked_device(device), number_format)
        built.weights_digest = digest_of_arrays(state or {})
        if self.compiled and precision != number_format:
            compiling.compile_network(built)
        return built


def _state_for(method: Any, name: str, settings: Any, weights: Weights) -> "dict[str, torch.Tensor] | None":
    """Return the state dict for a method, or None for a method without a network."""
    wanted = method.checkpoint(settings)
    if wanted is None:
        if weights is not None:
            raise SettingsError(f"{name} has no weights; leave the weights out")
        return None
    given = made_up_state(method.layers(settings)) if weights == SEEDED else weights
    if isinstance(given, Mapping):
        import torch

        return {key: torch.as_tensor(value) for key, value in given.items()}
    return load_checkpoint(wanted, given)


def _checked_device(device: str) -> "torch.device":
    import torch

    try:
        chosen = torch.device(device)
    except RuntimeError as error:
        raise SettingsError(f"device {device!r} is not a torch device; use cpu or cuda") from error
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise SettingsError(f"device {device!r}: this machine has no usable CUDA device; use --device cpu")
    return chosen
