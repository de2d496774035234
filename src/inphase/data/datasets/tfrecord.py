"""TFRecord files, and TensorFlow's Example and SequenceExample inside them, without TensorFlow.

A file is a row of records: length (8 bytes, little-endian), checksum of the length, data, checksum
of the data; a checksum is a CRC-32C, rotated right by 15 bits plus a constant. The data is a
protocol buffer; only the few messages of TensorFlow's example.proto and feature.proto are known.
"""

import struct
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inphase.data.datasets.crc32c import crc32c
from inphase.errors import InputError

Values = list[bytes] | list[float] | list[int]

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types


@dataclass(frozen=True)
class SequenceExample:
    """Features of a whole, and of each step.

    Attributes:
        context: Values by name.
        steps: By name, the values of every step.
    """

    context: dict[str, Values]
    steps: dict[str, list[Values]]


def records(path: Path, *, check: bool = True) -> Iterator[bytes]:
    """Yield the data of each record of a file.

    Args:
        path: The file, not compressed.
        check: Whether to compare the data with its checksum; the length's is always compared.

    Raises:
        InputError: If the file is cut or damaged; names the byte.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    with file:
        size, position = path.stat().st_size, 0
        while position < size:
            head = file.read(12)
            if len(head) < 12:
                raise InputError(f"{path}: ends inside a record's head at byte {position}")
            length, checksum = struct.unpack("<QI", head)
            if masked_crc(head[:8]) != checksum:
                raise InputError(f"{path}: is no TFRecord file, or damaged at byte {position}")
            if position + 16 + length > size:
                raise InputError(f"{path}: ends inside the record that begins at byte {position}")
            data, checksum = file.read(length), struct.unpack("<I", file.read(4))[0]
            if check and masked_crc(data) != checksum:
                raise InputError(f"{path}: the record that begins at byte {position} is damaged")
            yield data
            position += 16 + length


def masked_crc(data: bytes) -> int:
    """Return the checksum that TFRecord files store."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def example(data: bytes) -> dict[str, Values]:
    """Read a tf.train.Example: values by name.

    Raises:
        InputError: If the data is not such a message.
    """
    whole: dict[str, Values] = {}
    for number, features in _fields(memoryview(data)):
        if number == 1:
            whole |= _features(features)
    return whole


def sequence_example(data: bytes, *, steps: Container[str] | None = None) -> SequenceExample:
    """Read a tf.train.SequenceExample.

    Args:
        data: The message.
        steps: Which features of the steps to read; all if None.

    Raises:
        InputError: If the data is not such a message.
    """
    context: dict[str, Values] = {}
    found: dict[str, list[Values]] = {}
    for number, part in _fields(memoryview(data)):
        if number == 1:
            context |= _features(part)
        elif number == 2:
            for name, features in _entries(part):
                if steps is None or name in steps:
                    found[name] = [
                        _values(step) for number, step in _fields(features) if number == 1
                    ]
    return SequenceExample(context, found)


def _features(data: memoryview) -> dict[str, Values]:
    return {name: _values(feature) for name, feature in _entries(data)}


def _entries(data: memoryview) -> Iterator[tuple[str, memoryview]]:
    """Yield a map's entries: its only field, repeated, with the key as field 1 and value as 2."""
    for number, entry in _fields(data):
        if number == 1:
            parts = dict(_fields(entry))
            yield str(parts.get(1, b""), "utf-8"), parts.get(2, memoryview(b""))


def _values(feature: memoryview) -> Values:
    """Read a Feature: a list of bytes (field 1), floats (2) or integers (3)."""
    for kind, values in _fields(feature):
        if kind == 1:
            return [bytes(value) for number, value in _fields(values) if number == 1]
        if kind == 2:
            floats = b"".join(bytes(value) for number, value in _fields(values) if number == 1)
            return np.frombuffer(floats, "<f4").tolist()
        if kind == 3:
            lists = [_ints(value) for number, value in _fields(values) if number == 1]
            return [each for some in lists for each in some]
    return []


def _ints(data: memoryview) -> list[int]:
    """Signed 64-bit integers of a packed list, or of one alone."""
    values, position = [], 0
    while position < len(data):
        value, position = _varint(data, position)
        values.append(value - (1 << 64) if value >> 63 else value)
    return values


def _fields(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield a message's fields: their number, and their raw content."""
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            end = _varint(data, position)[1]
        elif wire == _BYTES:
            length, position = _varint(data, position)
            end = position + length
        elif wire in (_FIXED32, _FIXED64):
            end = position + (4 if wire == _FIXED32 else 8)
        else:
            raise InputError(f"not an example of TensorFlow: wire type {wire}")
        if end > len(data):
            raise InputError("not an example of TensorFlow: a field runs past its end")
        yield number, data[position:end]
        position = end


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    """Read a number of seven bits a byte, the lowest first; return it and what follows."""
    value = shift = 0
    while position < len(data) and shift < 70:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    raise InputError("not an example of TensorFlow: a number without an end")
