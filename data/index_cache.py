"""The index cache: names and positions of a large photo set, read once and kept on disk.

An index is one `.npz` in `.rerank/` of the dataset's root, or in `~/.cache/rerank/index` where the
root cannot be written. It is used while the stamps of all folders of the set are as they were.
"""

import json
import logging
import os
import time
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from data.errors import DatasetError
from data.files import digest_of, replacing
from data.photoset import PhotoSet
from data.scan import Stamps, unchanged

FORMAT_VERSION = 1
WORTH_CACHING = 5000  # photos; fewer are read faster than anyone notices

_SEPARATOR = "\0"  # the one character that no path contains
_SETTLED_NS = 2_000_000_000  # coarsest clock of file systems: younger folders may change unnoticed
_DAMAGE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error, DatasetError)
_ARRAYS = ("positions", "headings", "times", "zones", "conditions")

log = logging.getLogger(__name__)


def load_index(root: Path, key: str, folder: Path) -> PhotoSet | None:
    """Return the stored set `key` of the dataset at `root`; None where there is none to trust.

    folder: where its photos are. A damaged index, or one of another format, is reported in the log
    and counts as none.
    """
    for path in (_beside(root, key), _in_home(root, key)):
        if not path.is_file():
            continue
        try:
            photos = _read(path, folder)
        except (
            OSError,
            ValueError,
            KeyError,
            EOFError,
            zipfile.BadZipFile,
            zlib.error,
            DatasetError,
        ) as error:
            log.warning("%s: damaged index, the folder is read again: %s", path, error)
            continue
        if photos is not None:
            return photos
    return None


def save_index(root: Path, key: str, photos: PhotoSet, stamps: Stamps) -> None:
    """Store a set with the stamps of what it was read from; worth it for `WORTH_CACHING` photos.

    Nothing is stored where a stamp is younger than the clock of file systems can tell apart. A cache
    that cannot be written is reported in the log: the run goes on without.
    """
    youngest_ns = max(mtime_ns for mtime_ns, _ in stamps.values())
    if youngest_ns > time.time_ns() - _SETTLED_NS:
        return
    path = _beside(root, key) if os.access(root, os.W_OK) else _in_home(root, key)
    try:
        _write(path, photos, stamps)
    except OSError as error:
        log.warning("%s: the index cannot be stored: %s", path, error)


def _beside(root: Path, key: str) -> Path:
    return root / ".rerank" / f"index-{digest_of(key)}.npz"


def _in_home(root: Path, key: str) -> Path:
    digest = digest_of([str(root.absolute()), key])
    return Path.home() / ".cache" / "rerank" / "index" / f"{digest}.npz"


def _write(path: Path, photos: PhotoSet, stamps: Stamps) -> None:
    about: dict[str, Any] = {
        "version": FORMAT_VERSION,
        "ordering": photos.ordering,
        "digest": photos.fingerprint.digest,
        "stamps": stamps,
    }
    with replacing(path) as part, part.open("wb") as file:
        np.savez(
            file,
            about=_bytes(json.dumps(about)),
            paths=_bytes(_SEPARATOR.join(photos.paths)),
            **{name: getattr(photos, name) for name in _ARRAYS},
        )


def _read(path: Path, folder: Path) -> PhotoSet | None:
    with np.load(path, allow_pickle=False) as stored:
        about = json.loads(_text(stored["about"]))
        if about["version"] != FORMAT_VERSION:
            log.warning("%s: index of format %s, the folder is read again", path, about["version"])
            return None
        if not unchanged(folder, {name: (mtime, size) for name, (mtime, size) in about["stamps"].items()}):
            return None
        return PhotoSet(
            folder,
            tuple(_text(stored["paths"]).split(_SEPARATOR)),
            about["ordering"],
            **{name: stored[name] for name in _ARRAYS},
            known_digest=about["digest"],
        )


def _bytes(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-8", "surrogateescape"), np.uint8)


def _text(array: np.ndarray) -> str:
    return array.tobytes().decode("utf-8", "surrogateescape")
