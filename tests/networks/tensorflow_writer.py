"""Writing TensorFlow's variables, for tests: the tensor bundle, without compression."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from networks.crc32c import crc32c
from networks.leveldb_table import MAGIC

TYPES = {"float32": 1, "float64": 2, "int64": 9, "float16": 19}


def varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def field(number: int, value: int | bytes | float) -> bytes:
    """Return a protocol buffer's field; 0 is not written, as in the files."""
    if isinstance(value, float):
        return varint(number << 3 | 5) + np.float32(value).tobytes()
    if isinstance(value, int):
        return varint(number << 3) + varint(value) if value else b""
    return varint(number << 3 | 2) + varint(len(value)) + value


def masked(data: bytes) -> bytes:
    checked = crc32c(data)
    return (((checked >> 15 | checked << 17) + 0xA282EAD8) & 0xFFFFFFFF).to_bytes(4, "little")


def table(entries: Mapping[bytes, bytes], per_block: int = 5) -> bytes:
    """Return a sorted table; keys share their start with the one before, as LevelDB writes them."""
    out, handles, keys = b"", {}, sorted(entries)
    for start in range(0, len(keys), per_block):
        chosen = keys[start : start + per_block]
        block = _block({key: entries[key] for key in chosen})
        handles[chosen[-1]] = varint(len(out)) + varint(len(block) - 5)
        out += block
    meta = varint(len(out)) + varint(len(_block({})) - 5)
    out += _block({})
    index = varint(len(out)) + varint(len(_block(handles)) - 5)
    out += _block(handles)
    return out + (meta + index).ljust(40, b"\0") + MAGIC


def _block(entries: Mapping[bytes, bytes]) -> bytes:
    out, before = b"", b""
    for key, value in entries.items():
        shared = next((n for n, pair in enumerate(zip(key, before, strict=False)) if pair[0] != pair[1]), 0)
        out += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        before = key
    out += bytes(4) + (1).to_bytes(4, "little") + b"\0"  # one restart, no compression
    return out + masked(out)


def write_variables(index: Path, arrays: Mapping[str, np.ndarray], text: bytes = b"graph") -> Path:
    """Write arrays, and one variable that is text, as `index` and its data file; return `index`."""
    entries, values = {b"": field(1, 1) + field(3, field(1, 1))}, bytearray()
    for name in sorted(arrays):
        array = np.asarray(arrays[name])
        dims = b"".join(field(2, field(1, size)) for size in array.shape)
        head = field(1, TYPES[array.dtype.name]) + field(2, dims)
        place = field(4, len(values)) + field(5, array.nbytes)
        entries[name.encode()] = head + place + varint(6 << 3 | 5) + masked(array.tobytes())
        values += array.tobytes()
    entries[b"_CHECKPOINTABLE_OBJECT_GRAPH"] = field(1, 7) + field(4, len(values)) + field(5, len(text))
    index.parent.mkdir(parents=True, exist_ok=True)
    index.write_bytes(table(entries))
    index.with_suffix(".data-00000-of-00001").write_bytes(bytes(values) + text)
    return index


def graph_node(
    name: str, operation: str, inputs: tuple[str, ...] = (), **attributes: float | bool | list[int]
) -> bytes:
    """Return a NodeDef."""
    out = field(1, name.encode()) + field(2, operation.encode())
    out += b"".join(field(3, source.encode()) for source in inputs)
    for key, value in attributes.items():
        if isinstance(value, bool):
            stored = varint(5 << 3) + varint(value)
        elif isinstance(value, float):
            stored = field(4, value)
        else:
            stored = field(1, field(3, b"".join(varint(number) for number in value)))
        out += field(5, field(1, key.encode()) + field(2, stored))
    return out


def saved_model(*nodes: bytes, in_function: bool = False) -> bytes:
    """Return a SavedModel message with one graph, whose nodes lie in a function of its library or not."""
    if in_function:
        graph = field(2, field(1, b"".join(field(3, node) for node in nodes)))
    else:
        graph = b"".join(field(1, node) for node in nodes)
    return field(1, 1) + field(2, field(2, graph))
