"""What a person asks about checkpoints: which there are, where they lie, whether they are whole."""

from dataclasses import dataclass
from pathlib import Path

from data.errors import WeightsError
from data.files import sha256_of_file
from networks.checkpoint_check import fault_of
from networks.checkpoint_record import Checkpoint
from networks.checkpoint_table import CHECKPOINTS, SHIPPED
from networks.settings import nearest
from networks.weights_policy import current_policy


@dataclass(frozen=True)
class Status:
    """Where a checkpoint is. path: where it lies, or belongs when it is not `present`."""

    checkpoint: Checkpoint
    path: Path
    present: bool


@dataclass(frozen=True)
class Verdict:
    """Whether a file on disk is the published one.

    fault: what speaks against it, None when nothing does. sha256: of the file as it is. proven:
    whether a published digest was compared.
    """

    path: Path
    fault: str | None
    sha256: str
    proven: bool


def status(name: str) -> Status:
    """Tell where checkpoint `name` lies or belongs; raises WeightsError for names not in the table."""
    if name not in CHECKPOINTS:
        raise WeightsError(f"no checkpoint is called {name!r}{nearest(name, CHECKPOINTS)}")
    shipped = SHIPPED / name
    path = shipped if shipped.is_file() else current_policy().folder / name
    return Status(CHECKPOINTS[name], path, path.is_file())


def list_checkpoints() -> list[Status]:
    """Return the status of every checkpoint in the table, in the table's order."""
    return [status(name) for name in CHECKPOINTS]


def verify(name: str) -> Verdict:
    """Hold the file of checkpoint `name` to what is published; raises WeightsError when it is missing."""
    found = status(name)
    if not found.present:
        raise WeightsError(
            f"{name} is missing: it belongs at {found.path}; `rerank weights fetch {name}` gets it"
        )
    checkpoint = found.checkpoint
    return Verdict(
        found.path,
        fault_of(found.path, checkpoint),
        sha256_of_file(found.path),
        proven=bool(checkpoint.sha256 or checkpoint.git_blob),
    )
