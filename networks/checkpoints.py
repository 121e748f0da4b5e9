"""Published checkpoints: the way from a file name to a checked file and its state dict."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import WeightsError
from data.files import sha256_of_file
from networks.checkpoint_check import fault_of, git_blob_of_file
from networks.checkpoint_record import Checkpoint, unlisted
from networks.checkpoint_table import CHECKPOINTS, SHIPPED
from networks.download import by_hand, download
from networks.weights_policy import WeightsPolicy, current_policy

if TYPE_CHECKING:
    import torch

logger = logging.getLogger(__name__)


def load_checkpoint(name: str, path: str | Path | None = None) -> "dict[str, torch.Tensor]":
    """Return the state dict of published file `name`, found or fetched as `find_checkpoint` does.

    Raises WeightsError when the file is missing, forbidden, damaged, or wants more than tensors.
    """
    from networks.state_dicts import read_state  # torch is not needed to list or fetch files

    return read_state(find_checkpoint(name, path))


def find_checkpoint(name: str, path: str | Path | None = None) -> Path:
    """Return the file of checkpoint `name`.

    Looked for at `path`, a file or TensorFlow SavedModel that is taken as it is, or a folder that may
    hold `name`; then among the files that come with the project; then in the weights folder; then
    downloaded there, or put together there from its parts, which are found in the same way. What a
    folder holds must be the published file.
    Raises WeightsError when it is missing, damaged, or forbidden by the licence policy in force, and
    DiskSpaceError when a download does not fit.
    """
    checkpoint = CHECKPOINTS.get(name) or unlisted(name)
    policy = current_policy()
    given = None if path is None else _within_saved_model(Path(path))
    if given is not None and not given.exists():
        raise WeightsError(
            f"{given} does not exist; expected {name}, another file with its tensors, or a folder"
        )
    if given is not None and given.is_file():
        return _users_own(given, checkpoint, policy)
    if not policy.allows(checkpoint):
        raise _refusal(checkpoint)
    for folder in (SHIPPED, policy.folder) if given is None else (given, SHIPPED, policy.folder):
        place = folder / checkpoint.file
        if place.is_file():
            return _checked(place, checkpoint)
    if checkpoint.parts:
        return _put_together(checkpoint, policy.folder / checkpoint.file, given)
    return _fetched(checkpoint, policy)


def _within_saved_model(path: Path) -> Path:
    """Return the index of a TensorFlow SavedModel folder's variables, any other path as it is."""
    index = path / "variables" / "variables.index"
    return index if index.is_file() else path


def _users_own(file: Path, checkpoint: Checkpoint, policy: WeightsPolicy) -> Path:
    """Return a file that the user named; the licence of the published one binds only where it is that."""
    if policy.allows(checkpoint):
        return file
    if file.name == Path(checkpoint.file).name or _has_digest_of(checkpoint, file):
        raise _refusal(checkpoint)
    return file


def _has_digest_of(checkpoint: Checkpoint, file: Path) -> bool:
    if checkpoint.sha256 is not None:
        return sha256_of_file(file) == checkpoint.sha256
    return checkpoint.git_blob is not None and git_blob_of_file(file) == checkpoint.git_blob


def _checked(place: Path, checkpoint: Checkpoint) -> Path:
    fault = fault_of(place, checkpoint)
    if fault is None:
        return place
    raise WeightsError(
        f"{place} is not the published {checkpoint.file}: {fault}. Remove it to have it fetched anew; "
        "weights of your own are given by their file, --weights FILE."
    )


def _refusal(checkpoint: Checkpoint) -> WeightsError:
    return WeightsError(
        f"{checkpoint.file} is refused by --license-policy permissive; licence of these weights: "
        f"{checkpoint.licence}. Choose another method, or allow it with --license-policy any."
    )


def _put_together(checkpoint: Checkpoint, target: Path, given: Path | None) -> Path:
    """Write the tensors of all parts of `checkpoint` to one safetensors file, named after what they are."""
    from networks.state_dicts import read_state, write_state

    state: dict[str, torch.Tensor] = {}
    digests = {}
    for prefix, file in checkpoint.parts:
        part = find_checkpoint(file, given)
        digests[f"sha256 of {file}"] = sha256_of_file(part)
        state |= {f"{prefix}{key}": tensor for key, tensor in read_state(part).items()}
    write_state(target, state, digests)
    logger.info("put %s together from %s", target, ", ".join(file for _, file in checkpoint.parts))
    return target


def _fetched(checkpoint: Checkpoint, policy: WeightsPolicy) -> Path:
    """Download `checkpoint` into the weights folder, telling of a licence that binds its user first."""
    target = policy.folder / checkpoint.file
    address = policy.address_of(checkpoint)
    if address is None or not policy.allow_download:
        why = "it has no address to download from" if address is None else "downloads are switched off"
        raise WeightsError(
            f"{checkpoint.file} is missing, and {why}.\n{by_hand(checkpoint, address, target)}"
        )
    if not checkpoint.permissive:
        logger.warning("%s is not free for every use; licence: %s", checkpoint.file, checkpoint.licence)
    logger.info("downloading %s to %s", address, target)
    download(checkpoint, address, target)
    return target
