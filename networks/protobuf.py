"""Reading protocol buffers without their schema: fields by number, values as they lie in the file."""

from collections.abc import Iterator

VARINT, FIXED64, LENGTH_DELIMITED, FIXED32 = 0, 1, 2, 5
_FIXED_BYTES = {FIXED64: 8, FIXED32: 4}


def read_varint(data: bytes, start: int) -> tuple[int, int]:
    """Return the variable-length integer at `start`, and where it ends; raises ValueError past the end."""
    value = shift = 0
    for end in range(start, min(start + 10, len(data))):
        value |= (data[end] & 0x7F) << shift
        if data[end] < 0x80:
            return value, end + 1
        shift += 7
    raise ValueError(f"an integer at byte {start} does not end")


def read_fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of each field of a message, in the order of the file.

    Integers come as int, unsigned; fixed-size fields, strings and messages as bytes. Raises ValueError
    where the bytes are no message.
    """
    place = 0
    while place < len(data):
        tag, place = read_varint(data, place)
        kind = tag & 7
        if kind == VARINT:
            value, place = read_varint(data, place)
            yield tag >> 3, value
            continue
        if kind == LENGTH_DELIMITED:
            length, place = read_varint(data, place)
        elif kind in _FIXED_BYTES:
            length = _FIXED_BYTES[kind]
        else:
            raise ValueError(f"a field of type {kind} before byte {place}")
        if place + length > len(data):
            raise ValueError(f"a field of {length} bytes at byte {place} goes beyond the end")
        yield tag >> 3, data[place : place + length]
        place += length


def integers(data: bytes) -> dict[int, int]:
    """Return a message's integers by field number, of repeated ones the last."""
    return {number: value for number, value in read_fields(data) if isinstance(value, int)}


def parts(data: bytes, number: int) -> list[bytes]:
    """Return the strings, messages or fixed-size values of field `number`."""
    return [value for key, value in read_fields(data) if key == number and isinstance(value, bytes)]


def packed_integers(data: bytes) -> list[int]:
    """Return integers that lie end to end without tags."""
    found: list[int] = []
    place = 0
    while place < len(data):
        value, place = read_varint(data, place)
        found.append(value)
    return found
