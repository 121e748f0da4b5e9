"""CRC-32C (Castagnoli), the check sum of TensorFlow's and LevelDB's files, fast enough for weights.

The remainder is linear in the message over GF(2), so the message is cut into equal lanes, whose
remainders are computed side by side and then joined, each moved by the length of what follows it.
A linear map of 32 bits is an array (32,) of the images of single bits.
"""

import numpy as np

POLYNOMIAL = 0x82F63B78  # bits reversed
LANES = 4096  # a power of two
ONES = 0xFFFFFFFF
_MASK_DELTA = 0xA282EAD8


def crc32c(data: bytes) -> int:
    """Return the CRC-32C of `data`."""
    message = np.frombuffer(data, np.uint8)
    length = -(-len(message) // LANES)
    lanes = np.zeros((LANES, length), np.uint8)  # zeros before the message leave a remainder of zero alone
    lanes.reshape(-1)[lanes.size - len(message) :] = message
    remainders = np.zeros(LANES, np.uint32)
    for column in np.ascontiguousarray(lanes.T):
        remainders = _TABLE[(remainders ^ column) & 0xFF] ^ (remainders >> 8)
    joining = _power(length)
    while len(remainders) > 1:
        remainders = _apply(joining, remainders[::2]) ^ remainders[1::2]
        joining = _apply(joining, joining)
    start = _apply(_power(len(message)), np.array([ONES], np.uint32))
    return int(remainders[0] ^ start[0]) ^ ONES


def unmask(stored: int) -> int:
    """Return the check sum that LevelDB stored rotated and moved, so that sums of sums stay good."""
    rotated = (stored - _MASK_DELTA) & ONES
    return (rotated >> 17 | rotated << 15) & ONES


def _apply(linear: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Map each of `values` (N,) uint32."""
    bits = (values[:, None] >> np.arange(32, dtype=np.uint32)) & 1
    return np.bitwise_xor.reduce(bits * linear, axis=1)


def _power(count: int) -> np.ndarray:
    """Return the map that `count` zero bytes make of a remainder."""
    power = _SINGLE_BITS
    step = _TABLE[_SINGLE_BITS & 0xFF] ^ (_SINGLE_BITS >> 8)
    while count:
        if count & 1:
            power = _apply(step, power)
        step = _apply(step, step)
        count >>= 1
    return power


def _make_table() -> np.ndarray:
    """Return the remainders (256,) of single bytes."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, table >> 1 ^ np.uint32(POLYNOMIAL), table >> 1)
    return table


_SINGLE_BITS = np.uint32(1) << np.arange(32, dtype=np.uint32)
_TABLE = _make_table()
