"""Downloading a checkpoint: continued where it broke off, checked, renamed when it is whole."""

import errno
import fcntl
import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from data.errors import DiskSpaceError, RerankError, WeightsError
from data.files import sha256_of_file
from networks.checkpoint_check import fault_of
from networks.checkpoint_record import Checkpoint
from networks.transfer import BrokenOffError, RefusedError, append_missing, size_of
from networks.weights_policy import FOLDER_VARIABLE

logger = logging.getLogger(__name__)

RETRY_WAITS_S = (1.0, 2.0, 4.0)
TIMEOUT_S = 30.0


def by_hand(checkpoint: Checkpoint, address: str | None, target: Path) -> str:
    """Say how a person gets `checkpoint`, from `address` if there is one, and puts it at `target`."""
    how = checkpoint.by_hand or (f"download {address}" if address else "get it from its authors")
    return (
        f"By hand: {how}, and put the file at {target}; "
        f"or give --weights PATH (the file or its folder), or set ${FOLDER_VARIABLE} to its folder."
    )


@dataclass(frozen=True)
class _Errand:
    """What is fetched, from where, to where."""

    checkpoint: Checkpoint
    address: str
    target: Path

    @property
    def part(self) -> Path:
        """Where the bytes are gathered until the file is whole."""
        return self.target.with_name(f"{self.target.name}.part")

    @property
    def version(self) -> Path:
        """Where the server's version of the gathered bytes is kept."""
        return self.target.with_name(f"{self.target.name}.part.version")

    def remove_parts(self) -> None:
        """Remove what was gathered."""
        self.version.unlink(missing_ok=True)
        self.part.unlink(missing_ok=True)

    def error(self, reason: str, kind: type[RerankError] = WeightsError) -> RerankError:
        """Return an error that names the file, the address, and the way by hand."""
        return kind(
            f"{self.checkpoint.file} could not be downloaded: {reason}.\n"
            f"Address: {self.address}\n{by_hand(self.checkpoint, self.address, self.target)}"
        )


def download(
    checkpoint: Checkpoint,
    address: str,
    target: Path,
    *,
    retry_waits_s: Sequence[float] = RETRY_WAITS_S,
    timeout_s: float = TIMEOUT_S,
) -> None:
    """Fetch `checkpoint` from `address` to `target`, which appears whole and checked or not at all.

    What an earlier attempt gathered in TARGET.part is continued if the server still has the same
    file. Processes that want the same file take turns. retry_waits_s: seconds before each further
    attempt after a broken connection. timeout_s: patience with connecting and with every read.
    Raises WeightsError, or DiskSpaceError where the disk cannot hold the file.
    """
    errand = _Errand(checkpoint, address, target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone(errand) as gathered:
            if not target.exists():  # else another process brought it while this one waited
                _gather(errand, gathered, retry_waits_s, timeout_s)
                _accept(errand, gathered)
    except OSError as error:  # of the disk: the network's come as BrokenOffError
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            reason = f"the disk of {target.parent} is full ({error.strerror}); make room and try again"
            raise errand.error(reason, DiskSpaceError) from error
        raise errand.error(f"it cannot be written to {target.parent} ({error})") from error


@contextmanager
def _alone(errand: _Errand) -> Iterator[BinaryIO]:
    """Open the part for appending while no other process does, after waiting for one that does."""
    while True:
        with errand.part.open("ab") as opened:
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                logger.info("%s: waiting for another process that downloads it", errand.target)
                fcntl.flock(opened, fcntl.LOCK_EX)
            if not _is_at(errand.part, opened):
                continue  # the other process has renamed or removed what was opened here
            try:
                yield opened
            finally:
                if _is_at(errand.part, opened) and not errand.part.stat().st_size:
                    errand.remove_parts()
            return


def _is_at(part: Path, opened: BinaryIO) -> bool:
    try:
        return os.path.samestat(part.stat(), os.fstat(opened.fileno()))
    except FileNotFoundError:
        return False


def _gather(errand: _Errand, gathered: BinaryIO, waits_s: Sequence[float], timeout_s: float) -> None:
    """Bring all bytes together, in at most one attempt more than there are `waits_s`."""
    checkpoint = errand.checkpoint
    checkable = bool(checkpoint.sha256 or checkpoint.git_blob)
    for wait_s in (*waits_s, None):
        try:
            append_missing(errand.address, gathered, errand.version, timeout_s, unversioned=checkable)
            return
        except RefusedError as error:
            raise errand.error(str(error)) from error
        except BrokenOffError as error:
            if wait_s is None:
                kept = (
                    f"; the same command continues after {size} bytes" if (size := size_of(gathered)) else ""
                )
                raise errand.error(f"{error}, in the last of {len(waits_s) + 1} attempts{kept}") from error
            logger.warning("%s: %s; trying again in %g s", checkpoint.file, error, wait_s)
            time.sleep(wait_s)


def _accept(errand: _Errand, gathered: BinaryIO) -> None:
    """Check what was gathered and give it its name; a wrong file is removed and refused."""
    gathered.flush()
    os.fsync(gathered.fileno())
    fault = fault_of(errand.part, errand.checkpoint)
    if fault:
        errand.remove_parts()
        raise errand.error(f"what the server sent is not the published file: {fault}; it was removed")
    errand.part.replace(errand.target)
    errand.version.unlink(missing_ok=True)
    if errand.checkpoint.sha256 is None:
        logger.info(
            "%s: no sha256 is published; this file's is %s", errand.target, sha256_of_file(errand.target)
        )
