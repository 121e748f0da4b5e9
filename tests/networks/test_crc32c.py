import pytest

from networks.crc32c import crc32c, unmask


@pytest.mark.parametrize(
    ("data", "expected"),  # of RFC 3720, appendix B.4
    [
        (b"", 0),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
        (b"123456789", 0xE3069283),
    ],
)
def test_known_check_sums(data: bytes, expected: int) -> None:
    assert crc32c(data) == expected


@pytest.mark.parametrize("length", [1, 4095, 4096, 4097, 30_000])
def test_long_messages_are_summed_as_byte_by_byte(length: int) -> None:
    data = bytes(n * n % 251 for n in range(length))
    remainder = 0xFFFFFFFF
    for byte in data:
        remainder ^= byte
        for _ in range(8):
            remainder = remainder >> 1 ^ (0x82F63B78 if remainder & 1 else 0)
    assert crc32c(data) == remainder ^ 0xFFFFFFFF


def test_unmasking_undoes_the_mask() -> None:
    checked = crc32c(b"foo")
    masked = ((checked >> 15 | checked << 17) + 0xA282EAD8) & 0xFFFFFFFF
    assert masked != checked
    assert unmask(masked) == checked
