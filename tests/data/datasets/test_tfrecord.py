"""TFRecord files and the messages in them, against TensorBoard's and protobuf's own writers."""

import os

import pytest

from inphase.data.datasets.crc32c import crc32c
from inphase.data.datasets.tfrecord import example, masked_crc, records, sequence_example
from inphase.errors import InputError


def test_the_checksum_is_that_of_the_standard():
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720, B.4


@pytest.mark.parametrize("length", [0, 1, 16383, 16384, 16385, 100_003, 3 * 4096 * 8 + 5])
def test_the_checksum_of_long_data_is_tensorboards(length: int):
    theirs = pytest.importorskip("tensorboard.compat.tensorflow_stub.pywrap_tensorflow")
    data = os.urandom(length)
    assert masked_crc(data) == theirs.masked_crc32c(data)


def test_records_come_back_as_written(tmp_path, write_records):
    data = [b"", b"one", os.urandom(70_000)]
    assert list(records(write_records(tmp_path / "a.tfrecord", data))) == data


def test_an_empty_file_holds_no_record(tmp_path):
    (tmp_path / "a").write_bytes(b"")
    assert list(records(tmp_path / "a")) == []


@pytest.mark.parametrize(
    ("byte", "reason"),
    [(0, "damaged at byte 0"), (9, "damaged at byte 0"), (14, "begins at byte 0"), (20, "byte 19")],
)
def test_damage_is_told_by_its_byte(tmp_path, write_records, byte: int, reason: str):
    path = write_records(tmp_path / "a", [b"abc", b"defg"])
    data = bytearray(path.read_bytes())
    data[byte] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match=reason):
        list(records(path))


def test_unless_asked_for_the_datas_checksum_is_not_compared(tmp_path, write_records):
    path = write_records(tmp_path / "a", [b"abc"])
    data = bytearray(path.read_bytes())
    data[13] ^= 1
    path.write_bytes(data)
    assert len(list(records(path, check=False))) == 1


@pytest.mark.parametrize("kept", [5, 13, 20])
def test_a_cut_file_is_told(tmp_path, write_records, kept: int):
    path = write_records(tmp_path / "a", [b"a longer record"])
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(InputError, match="ends inside"):
        list(records(path))


def test_an_example_gives_bytes_floats_and_integers(messages):
    message = messages.Example()
    feature = message.features.feature
    feature["word"].bytes_list.value.extend([b"a", b"bc"])
    feature["ratio"].float_list.value.extend([0.5, -2.0])
    feature["number"].int64_list.value.extend([0, 300, -1, 2**40])
    feature["nothing"].SetInParent()
    assert example(message.SerializeToString()) == {
        "word": [b"a", b"bc"],
        "ratio": [0.5, -2.0],
        "number": [0, 300, -1, 2**40],
        "nothing": [],
    }


def test_a_sequence_example_gives_the_whole_and_its_steps(messages):
    message = messages.SequenceExample()
    message.context.feature["name"].bytes_list.value.append(b"clip")
    for number in (3, -1):
        step = message.feature_lists.feature_list["label"].feature.add()
        step.int64_list.value.append(number)
    found = sequence_example(message.SerializeToString())
    assert found.context == {"name": [b"clip"]}
    assert found.steps == {"label": [[3], [-1]]}
    assert sequence_example(message.SerializeToString(), steps=()).steps == {}


def test_other_data_is_not_taken_for_an_example():
    with pytest.raises(InputError, match="not an example"):
        sequence_example(b"\x0f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")
    with pytest.raises(InputError, match="past its end"):
        example(b"\x0a\x7f")
