import pytest

from networks.leveldb_table import read_table, unsnappy
from tests.networks.tensorflow_writer import table

ENTRIES = {f"layer{n}/weights".encode(): bytes([n]) * n for n in range(12)} | {b"": b"header"}


@pytest.mark.parametrize("per_block", [1, 5, 100])
def test_entries_of_all_blocks_with_shared_starts_of_keys(per_block: int) -> None:
    assert read_table(table(ENTRIES, per_block)) == ENTRIES


@pytest.mark.parametrize(
    ("place", "words"), [(3, "check sum of the block at byte 0"), (-1, "the end is not that of a table")]
)
def test_a_changed_byte_is_noticed(place: int, words: str) -> None:
    data = bytearray(table(ENTRIES))
    data[place] ^= 1
    with pytest.raises(ValueError, match=words):
        read_table(bytes(data))


@pytest.mark.parametrize("kept", [0, 40, 100])
def test_a_cut_table_is_refused(kept: int) -> None:
    with pytest.raises(ValueError, match="end"):
        read_table(table(ENTRIES)[:kept])


def test_snappy() -> None:
    assert unsnappy(b"\x05\x10abcde") == b"abcde"  # a literal
    assert unsnappy(b"\x0a\x08abc" + bytes([0b000_011_01, 3])) == b"abcabcabca"  # a copy that overlaps itself
    assert unsnappy(b"\x06\x08abc" + bytes([0b000010_10, 3, 0])) == b"abcabc"  # offset of two bytes
    assert unsnappy(b"\x06\x08abc" + bytes([0b000010_11, 3, 0, 0, 0])) == b"abcabc"  # of four
    long = bytes(range(200))
    assert unsnappy(b"\xc8\x01" + bytes([60 << 2, 199]) + long) == long  # length in a byte of its own
    far = bytes(range(256)) * 3
    assert unsnappy(b"\x84\x06" + bytes([61 << 2, 255, 2]) + far + bytes([0b010_000_01, 0x10])) == (
        far + far[768 - 528 : 768 - 524]
    )


@pytest.mark.parametrize("data", [b"\x06\x08abc\x0d\x04", b"\x06\x08abc\x0d\x00", b"\x04\x08abc"])
def test_damaged_snappy_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"Snappy|decompression"):
        unsnappy(data)
