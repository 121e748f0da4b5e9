"""Reading TensorFlow's variables without TensorFlow: from a SavedModel, a checkpoint, or an archive.

Source: TensorFlow's tensor bundle, version 1. `NAME.index` is a sorted table of variable names, each with
type, shape, place and check sum; `NAME.data-00000-of-00001` holds the values end to end. What this
cannot read, TensorFlow itself can: its `tf.train.load_checkpoint` gives the same names and arrays.
"""

import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

from data.errors import WeightsError
from networks.crc32c import crc32c, unmask
from networks.leveldb_table import read_table
from networks.protobuf import integers, parts

INDEX = ".index"
NUMBERS = {1: "<f4", 2: "<f8", 3: "<i4", 4: "u1", 9: "<i8", 10: "?", 19: "<f2"}  # by TensorFlow's numbering


@dataclass(frozen=True)
class Entry:
    """Where a variable lies: file number, first byte and bytes; `check_sum` of them, as stored."""

    dtype: int = 0
    shape: tuple[int, ...] = ()
    shard: int = 0
    offset: int = 0
    size: int = 0
    check_sum: int = 0


@dataclass(frozen=True)
class Files:
    """The files of a folder or an archive.

    owner: the folder or archive. names: of the files. read: returns the bytes of one.
    """

    owner: Path
    names: list[str]
    read: Callable[[str], bytes] = field(repr=False)

    def index(self) -> str:
        """Return the one index file, that of a SavedModel's variables first; raises WeightsError."""
        found = [name for name in self.names if name.endswith(INDEX)]
        chosen = [name for name in found if PurePosixPath(name).match("variables/variables.index")] or found
        if len(chosen) == 1:
            return chosen[0]
        raise WeightsError(
            f"{self.owner} should hold one TensorFlow checkpoint, a file NAME{INDEX}; found: "
            f"{', '.join(chosen) or 'none'}. Name the file itself where there are several."
        )


def read_variables(path: Path) -> dict[str, np.ndarray]:
    """Return the numeric variables of a TensorFlow checkpoint by name; text and the like is left out.

    path: an index file, a SavedModel folder or one with a single checkpoint, or an archive (tar,
    tar.gz) of such a folder, which is not unpacked. Check sums are held. Raises WeightsError.
    """
    with opened(path) as files:
        index = files.index()
        try:
            return _read_bundle(files, index)
        except (ValueError, KeyError) as error:
            raise WeightsError(
                f"checkpoint {index} of {path} is damaged or of a newer format ({error}). Fetch it anew."
            ) from error


@contextmanager
def opened(path: Path) -> Iterator[Files]:
    """Open what holds a checkpoint; raises WeightsError when it cannot be read, then or later."""
    try:
        if path.is_dir():
            names = sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
            yield Files(path, names, lambda name: (path / name).read_bytes())
        elif path.suffix == INDEX:
            names = sorted(file.name for file in path.parent.glob(f"{path.stem}.*"))
            yield Files(path.parent, names, lambda name: (path.parent / name).read_bytes())
        else:
            with tarfile.open(path) as archive:
                members = {member.name: member for member in archive if member.isfile()}
                yield Files(path, list(members), lambda name: _member(archive, members[name]))
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise WeightsError(f"{path} cannot be read ({error}). Fetch it anew.") from error


def _member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    with archive.extractfile(member) as file:  # type: ignore[union-attr]  # it is a file
        return file.read()


def _read_bundle(files: Files, index: str) -> dict[str, np.ndarray]:
    """Return the variables of an index; raises ValueError and KeyError where the bytes are damaged."""
    table = read_table(files.read(index))
    header = integers(table.pop(b""))  # 1: number of files; 2: byte order, 0 little
    if header.get(2, 0):
        raise ValueError("it was written on a big-endian machine")
    shards: dict[int, bytes] = {}
    found: dict[str, np.ndarray] = {}
    for name, message in table.items():
        entry = _entry(message)
        if entry.dtype not in NUMBERS:
            continue
        if entry.shard not in shards:
            file = f"{index.removesuffix(INDEX)}.data-{entry.shard:05d}-of-{header.get(1, 1):05d}"
            if file not in files.names:
                raise WeightsError(f"{file} is missing beside {index} in {files.owner}: it holds the values")
            shards[entry.shard] = files.read(file)
        found[name.decode()] = _values(entry, shards[entry.shard], name.decode())
    return found


def _values(entry: Entry, shard: bytes, name: str) -> np.ndarray:
    stored = shard[entry.offset : entry.offset + entry.size]
    if len(stored) < entry.size:
        raise ValueError(f"{name} ends {entry.size - len(stored)} bytes beyond the data file")
    if crc32c(stored) != unmask(entry.check_sum):
        raise ValueError(f"the check sum of {name} is wrong")
    return np.frombuffer(stored, NUMBERS[entry.dtype]).reshape(entry.shape)


def _entry(message: bytes) -> Entry:
    """Read a BundleEntryProto; what is 0 is not written."""
    numbers = integers(message)
    dims = [dim for shape in parts(message, 2) for dim in parts(shape, 2)]
    if parts(message, 7):
        raise ValueError("a variable is stored in slices, which are not supported")
    return Entry(
        dtype=numbers.get(1, 0),
        shape=tuple(integers(dim).get(1, 0) for dim in dims),
        shard=numbers.get(3, 0),
        offset=numbers.get(4, 0),
        size=numbers.get(5, 0),
        check_sum=int.from_bytes(b"".join(parts(message, 6)), "little"),
    )
