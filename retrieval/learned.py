"""What a retriever learns on a database, kept beside the descriptors made with it."""

import logging
from pathlib import Path

import h5py
import numpy as np

from data.errors import StoreError
from data.files import replacing
from data.photoset import PhotoSet
from networks.digests import digest_of_arrays
from networks.loading import Loading
from retrieval.base import Retriever
from retrieval.describing import spread_photos

FORMAT_VERSION = 1

log = logging.getLogger(__name__)


def fit_or_restore(retriever: Retriever, database: PhotoSet, path: Path, loading: Loading) -> str:
    """Let a retriever learn on the database, or take back what is stored at `path`.

    Returns a digest of what it learned, "" for retrievers that do not learn. A damaged file is logged
    and made anew. Raises StoreError for a file of a newer format.
    """
    if not retriever.spec.learns:
        return ""
    learned = _read(path) if path.exists() else {}
    if learned:
        retriever.restore(learned)
    else:
        retriever.fit(spread_photos(database, loading))
        learned = retriever.learned()
        _write(path, learned)
    return digest_of_arrays(learned)


def _write(path: Path, learned: dict[str, np.ndarray]) -> None:
    with replacing(path) as part, h5py.File(part, "w") as file:
        file.attrs["format_version"] = FORMAT_VERSION
        for name, values in learned.items():
            file[name] = values


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        with h5py.File(path, "r") as file:
            version = int(file.attrs["format_version"])
            if version > FORMAT_VERSION:
                raise StoreError(
                    f"{path} has format {version}; this version reads up to {FORMAT_VERSION}. Update the "
                    "program, or use another folder."
                )
            return {name: values[()] for name, values in file.items()}
    except (OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        log.warning("%s is damaged and is made anew (%s)", path, error)
        return {}
