"""What this process may do to get weights: where they lie, whether to download, which licences."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from data.errors import SettingsError
from networks.checkpoint_record import Checkpoint

FOLDER_VARIABLE = "RERANK_WEIGHTS"
MIRROR_VARIABLE = "RERANK_WEIGHTS_MIRROR"
LICENSE_VARIABLE = "RERANK_LICENSE_POLICY"
LICENSE_POLICIES = ("any", "permissive")


@dataclass(frozen=True)
class WeightsPolicy:
    """How checkpoints may be obtained.

    folder: where they lie and are downloaded to. license_policy: "any", or "permissive" to refuse
    weights that are not free for every use, also those on disk. allow_download: whether missing files
    are fetched. mirror: http address whose MIRROR/FILE replaces every official address.
    """

    folder: Path
    license_policy: str = "any"
    allow_download: bool = True
    mirror: str | None = None

    def __post_init__(self) -> None:
        if self.license_policy not in LICENSE_POLICIES:
            known = ", ".join(LICENSE_POLICIES)
            raise SettingsError(f"license policy {self.license_policy!r} is unknown; use one of {known}")
        if self.mirror is not None and not self.mirror.startswith(("http://", "https://")):
            raise SettingsError(f"the weights mirror must be an http address, found {self.mirror!r}")

    def allows(self, checkpoint: Checkpoint) -> bool:
        """Tell whether the licence of `checkpoint` is one that this policy accepts."""
        return self.license_policy == "any" or checkpoint.permissive

    def address_of(self, checkpoint: Checkpoint) -> str | None:
        """Return where `checkpoint` is downloaded from, None where only a person can get it."""
        if self.mirror is not None:
            return f"{self.mirror.rstrip('/')}/{quote(checkpoint.file)}"
        return checkpoint.address


_chosen: WeightsPolicy | None = None  # of the whole process, so that threads see it too


def policy_of_environment() -> WeightsPolicy:
    """Return the policy that the environment asks for.

    $RERANK_WEIGHTS: the folder, by default ~/.cache/rerank/weights. $RERANK_LICENSE_POLICY: "any" or
    "permissive". $RERANK_WEIGHTS_MIRROR: the mirror. Empty variables count as absent.
    """
    folder = os.environ.get(FOLDER_VARIABLE)
    return WeightsPolicy(
        folder=Path(folder).expanduser() if folder else Path.home() / ".cache" / "rerank" / "weights",
        license_policy=os.environ.get(LICENSE_VARIABLE) or "any",
        mirror=os.environ.get(MIRROR_VARIABLE) or None,
    )


def current_policy() -> WeightsPolicy:
    """Return the policy in force: the one set by `set_policy`, else that of the environment."""
    return _chosen if _chosen is not None else policy_of_environment()


def set_policy(policy: WeightsPolicy | None) -> None:
    """Put `policy` in force for this process and its threads; None goes back to the environment's."""
    global _chosen
    _chosen = policy


@contextmanager
def using_policy(policy: WeightsPolicy) -> Iterator[None]:
    """Put `policy` in force for the enclosed block."""
    before = _chosen
    set_policy(policy)
    try:
        yield
    finally:
        set_policy(before)
