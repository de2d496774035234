"""CRC-32C (Castagnoli) at the speed of NumPy, for checking TFRecord files.

A checksum is linear: that of two pieces joined follows from their own. So the data is cut into many
equal lanes, all lanes advance a byte at a time together, and are then joined two by two.
"""

from functools import cache

import numpy as np
from jaxtyping import UInt32

_POLYNOMIAL = 0x82F63B78  # reflected
_SHORT = 1 << 14  # bytes that are sooner done one by one
_LANES = 1 << 12

Tables = UInt32[np.ndarray, "4 256"]


def crc32c(data: bytes) -> int:
    """Return the CRC-32C of bytes (RFC 3720, B.4)."""
    step = len(data) // _LANES if len(data) >= _SHORT else 0
    state = 0xFFFFFFFF
    if step:
        lanes = np.frombuffer(data, np.uint8, step * _LANES).reshape(_LANES, step).T
        table = _byte_table()
        states = np.zeros(_LANES, np.uint32)
        states[0] = state
        for column in np.ascontiguousarray(lanes):
            states = table[(states ^ column) & 0xFF] ^ (states >> np.uint32(8))
        length = step
        while len(states) > 1:
            states = _advance(states[::2], _zeros(length)) ^ states[1::2]
            length *= 2
        state = int(states[0])
    table = _byte_list()
    for byte in data[step * _LANES :]:
        state = table[(state ^ byte) & 0xFF] ^ (state >> 8)
    return state ^ 0xFFFFFFFF


@cache
def _byte_list() -> list[int]:
    """What each byte does to the state."""
    entries = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
        entries.append(value)
    return entries


@cache
def _byte_table() -> UInt32[np.ndarray, " 256"]:
    return np.array(_byte_list(), np.uint32)


def _advance(states: UInt32[np.ndarray, " n"], zeros: Tables) -> UInt32[np.ndarray, " n"]:
    """Return the states after the zero bytes that the tables stand for."""
    parts = [zeros[k][(states >> np.uint32(8 * k)) & 0xFF] for k in range(4)]
    return parts[0] ^ parts[1] ^ parts[2] ^ parts[3]


@cache
def _zeros(length: int) -> Tables:
    """What so many zero bytes do to each of a state's four bytes."""
    values = np.arange(256, dtype=np.uint32)
    if length == 1:
        states = np.stack([values << np.uint32(8 * k) for k in range(4)])
        return _byte_table()[states & 0xFF] ^ (states >> np.uint32(8))
    half = _zeros(length // 2)
    whole = np.stack([_advance(row, half) for row in half])
    if length % 2:
        whole = np.stack([_advance(row, _zeros(1)) for row in whole])
    return whole
