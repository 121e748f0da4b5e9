"""Telling whether a file on disk is the checkpoint that it should be."""

import hashlib
import zipfile
from pathlib import Path

from data.errors import WeightsError
from data.files import sha256_of_file
from networks.checkpoint_record import Checkpoint

TORCH_FORMATS = frozenset({"zip", "pickle"})

_SIGNATURES = {
    "zip": b"PK\x03\x04",
    "gzip": b"\x1f\x8b",
    "MATLAB": b"MATLAB 5.0",
    "a Git LFS pointer": b"version https://git-lfs",
}
_EXPECTED = dict.fromkeys((".pth", ".pt", ".ckpt", ".pyth", ".tar"), TORCH_FORMATS) | {
    ".safetensors": frozenset({"safetensors"}),
    ".gz": frozenset({"gzip"}),
    ".mat": frozenset({"MATLAB"}),
}
_HEAD_BYTES = 1024


def format_of(path: Path) -> str:
    """Name the format of a file by its first bytes.

    Returns "zip" or "pickle" (PyTorch), "safetensors", "gzip", "MATLAB", "a Git LFS pointer",
    "a web page", "empty" or "unknown". Raises WeightsError when it cannot be read.
    """
    try:
        with path.open("rb") as opened:
            head = opened.read(_HEAD_BYTES)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({error.strerror}); check its permissions") from error
    for name, signature in _SIGNATURES.items():
        if head.startswith(signature):
            return name
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return "pickle"
    if head[8:9] == b"{" and 0 < int.from_bytes(head[:8], "little") <= path.stat().st_size - 8:
        return "safetensors"
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:9].lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        return "a web page"
    return "unknown" if head else "empty"


def fault_of(path: Path, checkpoint: Checkpoint) -> str | None:
    """Say why the file at `path` is not `checkpoint`, None when nothing speaks against it.

    Size and digests are compared where they are known; else the format alone. `path` may have
    another name, such as that of a download in progress.
    """
    fault = _fault_of_format(path, Path(checkpoint.file).suffix)
    if fault:
        return fault
    size = path.stat().st_size
    if checkpoint.size_bytes is not None and size != checkpoint.size_bytes:
        return f"it has {size} bytes, expected {checkpoint.size_bytes}"
    for kind, expected, digest in (
        ("sha256", checkpoint.sha256, sha256_of_file),
        ("git blob id", checkpoint.git_blob, git_blob_of_file),
    ):
        if expected is not None and (found := digest(path)) != expected:
            return f"its {kind} is {found}, expected {expected}"
    return None


def git_blob_of_file(path: Path) -> str:
    """Return what `git hash-object` prints for a file: 40 hexadecimal digits."""
    digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as opened:
        while chunk := opened.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _fault_of_format(path: Path, suffix: str) -> str | None:
    found = format_of(path)
    if found == "a web page":
        return "it is a web page (HTML), not the file: the host wants a confirmation in a browser"
    if found not in _EXPECTED.get(suffix, {found} - {"empty"}):
        return f"its first bytes are not those of such a file (found: {found})"
    if found == "zip" and not zipfile.is_zipfile(path):
        return "it is cut short: the directory at the end of the archive is missing"
    return None
