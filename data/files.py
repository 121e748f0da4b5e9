"""Crash-safe writing and digests of files, folders and name lists.

Every file that the project writes appears whole or not at all: it is written under a temporary
name in the same folder, flushed to disk and renamed.
"""

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from data.errors import DiskSpaceError


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on a clean exit flush it and rename it to `path`.

    An exception or a kill leaves `path` as it was. The parent folder is made if it is missing.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:80]}.", suffix=".part", dir=target.parent)
    os.close(handle)
    part = Path(name)
    try:
        yield part
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        part.chmod(0o666 & ~_umask())
        part.replace(target)
        _flush_folder(target.parent)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def telling_of_a_full_disk(advice: str) -> Iterator[None]:
    """Raise DiskSpaceError in the place of an OSError that means that the disk, or a quota of it, is full.

    advice: of what is kept, and what to do.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        where = f"{error.filename}: " if error.filename else ""
        raise DiskSpaceError(f"{where}cannot be written: the disk is full. {advice}") from error


@contextmanager
def replacing_folder(target: Path) -> Iterator[Path]:
    """Yield an empty folder beside `target`; on a clean exit it takes the place of `target`.

    An exception leaves `target` as it was; a kill may leave it under a name that ends in ".old". The parent
    folder is made if it is missing. Whether `target` may be replaced is for the caller to know.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{target.name[:80]}.", suffix=".part", dir=target.parent))
    try:
        yield part
        part.chmod(0o777 & ~_umask())
        _put(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` to `path` in UTF-8, whole or not at all."""
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:
    """Write `value` to `path` as indented JSON with sorted keys, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True) + "\n")


def sha256_of_file(path: str | Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 hexadecimal digits."""
    with Path(path).open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def digest_of(value: Any) -> str:
    """Return 16 hexadecimal digits that identify a JSON-able value, whatever its key order."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def digest_of_names(names: Iterable[str]) -> str:
    """Return 16 hexadecimal digits that identify a set of names, whatever their order."""
    digest = hashlib.sha256()
    for name in sorted(names):
        digest.update(name.encode("utf-8", "surrogateescape") + b"\n")
    return digest.hexdigest()[:16]


def _put(part: Path, target: Path) -> None:
    """Rename `part` to `target`, which if it is there is moved aside first and deleted afterwards."""
    if not target.exists():
        part.rename(target)
        return
    aside = part.with_suffix(".old")
    target.rename(aside)
    try:
        part.rename(target)
    except OSError:
        aside.rename(target)
        raise
    shutil.rmtree(aside)  # links in it are unlinked; what they lead to stays


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
