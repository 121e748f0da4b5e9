"""The state of a training on disk: written whole, read strictly, so that a kill loses one interval."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from data.errors import TrainingError
from data.files import replacing

FORMAT = 1


class Stateful(Protocol):
    """A module or an optimiser."""

    def state_dict(self) -> dict[str, Any]:
        """Return all that it needs to go on."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> Any:
        """Take it back."""


@dataclass
class Progress:
    """How far a training has come. best: the highest score of a validation. seconds: spent so far."""

    step: int = 0
    best: float | None = None
    seconds: float = 0.0


def save_training(
    path: Path, parts: Mapping[str, Stateful], progress: Progress, identity: Mapping[str, Any]
) -> None:
    """Write the state of a training to `path`, whole or not at all.

    parts: networks and optimisers by name. identity: JSON-able, what the training was asked to do.
    The states of torch's random generators are kept with them.
    """
    state = {
        "format": FORMAT,
        "identity": dict(identity),
        "progress": vars(progress),
        "parts": {name: part.state_dict() for name, part in parts.items()},
        "random": _random_states(),
    }
    with replacing(path) as partial:
        torch.save(state, partial)


def load_training(path: Path, parts: Mapping[str, Stateful], identity: Mapping[str, Any]) -> Progress:
    """Put the state in `path` back into `parts` and torch's random generators; returns how far it had come.

    Raises TrainingError when the file is damaged, of another format, or of a training that was asked to do
    something else, naming what differs.
    """
    state = _read(path)
    if state.get("format") != FORMAT:
        raise TrainingError(f"{path} is of format {state.get('format')}; this version reads {FORMAT}")
    found = state["identity"]
    names = sorted(name for name in {*found, *identity} if found.get(name) != identity.get(name))
    if names:
        told = "; ".join(f"{name} {found.get(name)!r}, now {identity.get(name)!r}" for name in names)
        raise TrainingError(
            f"{path} is of a training with other settings ({told}). Give its settings, or another folder."
        )
    for name, part in parts.items():
        part.load_state_dict(state["parts"][name])
    torch.set_rng_state(state["random"]["cpu"])
    if torch.cuda.is_available() and "cuda" in state["random"]:
        torch.cuda.set_rng_state_all(state["random"]["cuda"])
    return Progress(**state["progress"])


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(torch.load(path, map_location="cpu", weights_only=True))
    except MemoryError:
        raise
    except Exception as error:  # damaged bytes can make an unpickler raise anything at all
        raise TrainingError(
            f"{path} cannot be read ({type(error).__name__}); delete it to begin anew"
        ) from error


def _random_states() -> dict[str, Any]:
    states: dict[str, Any] = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.get_rng_state_all()
    return states
