"""Reading LevelDB's sorted tables, the form of TensorFlow's checkpoint indexes.

Source: LevelDB's table format; Snappy's raw format description. A table is a list of blocks of sorted
keys, each followed by its compression and check sum, and an index block that says where they lie.
"""

from collections.abc import Iterator

from networks.crc32c import crc32c, unmask
from networks.protobuf import read_varint

MAGIC = 0xDB4775248B80FB57.to_bytes(8, "little")
_FOOTER_BYTES = 48
_TRAILER_BYTES = 5  # compression, check sum
_PLAIN, _SNAPPY = 0, 1


def read_table(data: bytes) -> dict[bytes, bytes]:
    """Return all keys and values of a table; raises ValueError saying what is damaged."""
    if len(data) < _FOOTER_BYTES or not data.endswith(MAGIC):
        raise ValueError("the end is not that of a table")
    _, place = _handle(data, len(data) - _FOOTER_BYTES)  # of the meta index, which is empty
    index, _ = _handle(data, place)
    entries: dict[bytes, bytes] = {}
    for _, handle in _entries(_block(data, *index)):
        entries.update(_entries(_block(data, *_handle(handle, 0)[0])))
    return entries


def unsnappy(data: bytes) -> bytes:
    """Decompress Snappy's raw format; raises ValueError where the bytes are none."""
    length, place = read_varint(data, 0)
    out = bytearray()
    while place < len(data):
        tag, place = data[place], place + 1
        if tag & 3 == 0:  # a literal, whose length follows in 1 to 4 bytes where it is 61 or more
            count, extra = tag >> 2, max(0, (tag >> 2) - 59)
            if extra:
                count = int.from_bytes(data[place : place + extra], "little")
            place += extra + count + 1
            out += data[place - count - 1 : place]
            continue
        width = (0, 1, 2, 4)[tag & 3]  # of the offset of a copy
        offset = int.from_bytes(data[place : place + width], "little")
        place += width
        count = (tag >> 2) + 1
        if width == 1:
            count, offset = (tag >> 2 & 7) + 4, offset | tag >> 5 << 8
        if not 0 < offset <= len(out):
            raise ValueError(f"a Snappy copy reaches {offset} bytes back after {len(out)}")
        for _ in range(count):  # byte by byte: a copy may overlap what it writes
            out.append(out[-offset])
    if len(out) != length:
        raise ValueError(f"{len(out)} bytes after decompression, expected {length}")
    return bytes(out)


def _handle(data: bytes, place: int) -> tuple[tuple[int, int], int]:
    """Return offset and size of a block, and where the two numbers end."""
    offset, place = read_varint(data, place)
    size, place = read_varint(data, place)
    return (offset, size), place


def _block(data: bytes, offset: int, size: int) -> bytes:
    """Return a block's contents, its check sum held and its compression undone."""
    end = offset + size
    trailer = data[end : end + _TRAILER_BYTES]
    if len(trailer) < _TRAILER_BYTES:
        raise ValueError(f"a block at byte {offset} goes beyond the end")
    if crc32c(data[offset : end + 1]) != unmask(int.from_bytes(trailer[1:], "little")):
        raise ValueError(f"the check sum of the block at byte {offset} is wrong")
    if trailer[0] not in (_PLAIN, _SNAPPY):
        raise ValueError(
            f"the block at byte {offset} has compression {trailer[0]}, known are none and Snappy"
        )
    return unsnappy(data[offset:end]) if trailer[0] == _SNAPPY else data[offset:end]


def _entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield keys and values of a block; a key says how much of its start it shares with the one before."""
    restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 * (restarts + 1)
    place, key = 0, b""
    while place < end:
        shared, place = read_varint(block, place)
        own, place = read_varint(block, place)
        length, place = read_varint(block, place)
        key = key[:shared] + block[place : place + own]
        yield key, block[place + own : place + own + length]
        place += own + length
