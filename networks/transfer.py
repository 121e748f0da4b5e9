"""One HTTP transfer into an open file, continuing after the bytes that are already in it."""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import BinaryIO
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

_CHUNK_BYTES = 1 << 20
_WORTH_RETRYING = frozenset({408, 425, 429, 500, 502, 503, 504})


class BrokenOffError(Exception):
    """The transfer ended early in a way that another attempt may survive."""


class RefusedError(Exception):
    """The server will not give the file, however often it is asked."""


def append_missing(
    address: str, gathered: BinaryIO, version: Path, timeout_s: float, *, unversioned: bool
) -> None:
    """Ask `address` once for the bytes that `gathered` lacks, and append them.

    gathered: a file opened for appending; emptied when its bytes cannot be continued. version: small
    file that keeps the server's ETag or date of those bytes between attempts. timeout_s: patience
    with connecting and with every read. unversioned: continue also where the server named no version,
    since the caller knows a digest of the whole.
    Raises BrokenOffError, RefusedError, and OSError of the disk (ENOSPC also in advance).
    """
    tag = version.read_text("utf-8") if version.exists() else ""
    if not tag and not unversioned:
        _empty(gathered)
    held = size_of(gathered)
    response = _ask(address, gathered, tag, timeout_s)
    if response is None:
        return
    with response:
        if response.status != 206:  # no ranges there, or another file by now: from the beginning
            _empty(gathered)
            held = 0
            version.write_text(_version_of(response), "utf-8")
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {held}-"):
            _empty(gathered)
            raise BrokenOffError("the server sent another range than it was asked for")
        _check_space(version.parent, response.length or 0)
        _append(response, gathered, held)


def size_of(gathered: BinaryIO) -> int:
    """Return the size in bytes of a file opened for appending, what is still in its buffer included."""
    return gathered.seek(0, os.SEEK_END)


def _ask(address: str, gathered: BinaryIO, tag: str, timeout_s: float) -> HTTPResponse | None:
    """Send the request; None when the server says that `gathered` is whole."""
    held = size_of(gathered)
    headers = {"User-Agent": "vpr-rerank"}
    if held:
        headers |= {"Range": f"bytes={held}-"} | ({"If-Range": tag} if tag else {})
    try:
        response: HTTPResponse = urlopen(Request(address, headers=headers), timeout=timeout_s)
    except HTTPError as error:
        error.close()
        if error.code == 416 and error.headers.get("Content-Range") == f"bytes */{held}":
            return None
        if error.code == 416:
            _empty(gathered)
            raise BrokenOffError(f"the server has no bytes after the {held} that were here") from error
        kind = BrokenOffError if error.code in _WORTH_RETRYING else RefusedError
        raise kind(f"HTTP {error.code} {error.reason}") from error
    except URLError as error:
        raise BrokenOffError(f"no connection ({error.reason})") from error
    except (OSError, HTTPException) as error:
        raise BrokenOffError(f"no answer ({error or type(error).__name__})") from error
    return response


def _append(response: HTTPResponse, gathered: BinaryIO, held: int) -> None:
    """Append the body of `response`; raises BrokenOffError when it ends before its announced length."""
    total = None if response.length is None else held + response.length
    with _progress(held, total) as advance:
        while chunk := _read(response):
            gathered.write(chunk)
            advance(len(chunk))
    gathered.flush()
    if total is not None and size_of(gathered) != total:
        raise BrokenOffError(f"the connection closed after {size_of(gathered)} of {total} bytes")


def _read(response: HTTPResponse) -> bytes:
    try:
        return response.read1(_CHUNK_BYTES)
    except TimeoutError as error:
        raise BrokenOffError("the server fell silent") from error
    except (OSError, HTTPException) as error:
        raise BrokenOffError(f"the connection broke ({error or type(error).__name__})") from error


def _version_of(response: HTTPResponse) -> str:
    """Return what If-Range takes: a strong ETag, else the date, else nothing."""
    etag = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else response.headers.get("Last-Modified", "")


def _empty(gathered: BinaryIO) -> None:
    if size_of(gathered):
        gathered.seek(0)
        gathered.truncate()


def _check_space(folder: Path, missing: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < missing:
        raise OSError(errno.ENOSPC, f"{missing} bytes are still to come, {free} are free")


@contextmanager
def _progress(held: int, total: int | None) -> Iterator[Callable[[int], None]]:
    """Draw a bar on the terminal, if there is one, for as long as the block runs."""
    console = Console(stderr=True)
    columns = (TextColumn("downloading"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("downloading", total=total, completed=held)
        yield lambda count: bar.advance(task, count)
