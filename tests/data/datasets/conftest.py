"""Miniatures of published data sets; TFRecords are written by TensorBoard and protobuf."""

import io
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image


def jpeg(number: int) -> bytes:
    """A grey picture whose brightness tells its number."""
    file = io.BytesIO()
    Image.fromarray(np.full((16, 24, 3), 10 * number, np.uint8)).save(file, "JPEG", quality=95)
    return file.getvalue()


@pytest.fixture
def images() -> Callable[..., Path]:
    """Writes a folder of frames numbered from `first`."""

    def write(folder: Path, count: int, first: int = 0) -> Path:
        folder.mkdir(parents=True)
        for number in range(count):
            (folder / f"{number + first:06d}.jpg").write_bytes(jpeg(number))
        return folder

    return write


@pytest.fixture
def movie(clips) -> Callable[[Path], Path]:
    """Puts a real video of 3 s at 25 fps, 75 frames, at a place."""

    def put(path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(clips.of("short gop").path, path)
        return path

    return put


@pytest.fixture
def avi(clips) -> Callable[[Path], Path]:
    """Puts a real MPEG-4 AVI of 3 s at 25 fps, 75 frames, at a place."""

    def put(path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(clips.of("mpeg4 avi").path, path)
        return path

    return put


@pytest.fixture(scope="session")
def messages() -> SimpleNamespace:
    """Classes of TensorFlow's Example and SequenceExample, made by protobuf from their schema."""
    descriptors = pytest.importorskip("google.protobuf.descriptor_pb2")
    pool_module = pytest.importorskip("google.protobuf.descriptor_pool")
    factory = pytest.importorskip("google.protobuf.message_factory")
    file = descriptors.FileDescriptorProto(name="t.proto", package="t", syntax="proto3")
    kinds = descriptors.FieldDescriptorProto

    def field(message: Any, name: str, number: int, kind: Any, repeated=False, oneof=False) -> None:
        new = message.field.add(name=name, number=number)
        new.label = kinds.LABEL_REPEATED if repeated else kinds.LABEL_OPTIONAL
        if isinstance(kind, str):
            new.type, new.type_name = kinds.TYPE_MESSAGE, f".t.{kind}"
        else:
            new.type = kind
        if oneof:
            new.oneof_index = 0

    for name, kind in (
        ("BytesList", kinds.TYPE_BYTES),
        ("FloatList", kinds.TYPE_FLOAT),
        ("Int64List", kinds.TYPE_INT64),
    ):
        field(file.message_type.add(name=name), "value", 1, kind, repeated=True)
    feature = file.message_type.add(name="Feature")
    feature.oneof_decl.add(name="kind")
    for number, name in enumerate(("BytesList", "FloatList", "Int64List"), 1):
        field(feature, name[:-4].lower() + "_list", number, name, oneof=True)
    field(file.message_type.add(name="FeatureList"), "feature", 1, "Feature", repeated=True)
    for owner, name, value in (
        ("Features", "feature", "Feature"),
        ("FeatureLists", "feature_list", "FeatureList"),
    ):
        message = file.message_type.add(name=owner)
        entry = message.nested_type.add(name=f"{name.title().replace('_', '')}Entry")
        entry.options.map_entry = True
        field(entry, "key", 1, kinds.TYPE_STRING)
        field(entry, "value", 2, value)
        field(message, name, 1, f"{owner}.{entry.name}", repeated=True)
    field(file.message_type.add(name="Example"), "features", 1, "Features")
    sequence = file.message_type.add(name="SequenceExample")
    field(sequence, "context", 1, "Features")
    field(sequence, "feature_lists", 2, "FeatureLists")
    pool = pool_module.DescriptorPool()
    pool.Add(file)
    return SimpleNamespace(
        **{
            name: factory.GetMessageClass(pool.FindMessageTypeByName(f"t.{name}"))
            for name in ("Example", "SequenceExample")
        }
    )


@pytest.fixture(scope="session")
def write_records() -> Callable[[Path, Sequence[bytes]], Path]:
    """Writes a TFRecord file with TensorBoard's writer."""
    writer = pytest.importorskip("tensorboard.summary.writer.record_writer").RecordWriter

    def write(path: Path, data: Sequence[bytes]) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            for each in data:
                writer(file).write(each)
        return path

    return write


@pytest.fixture
def pack(messages, write_records) -> Callable[..., Path]:
    """Writes videos as TCC's preparation does: name, number of frames, labels."""

    def record(name: str, count: int, labels: Sequence[int]) -> bytes:
        message = messages.SequenceExample()
        context = message.context.feature
        context["name"].bytes_list.value.append(name.encode())
        context["len"].int64_list.value.append(count)
        context["label"].int64_list.value.append(-1)
        lists = message.feature_lists.feature_list
        for number in range(count):
            lists["video"].feature.add().bytes_list.value.append(jpeg(number))
        for label in labels:
            lists["frame_labels"].feature.add().int64_list.value.append(label)
        return message.SerializeToString()

    def write(path: Path, *videos: tuple[str, int, Sequence[int]]) -> Path:
        return write_records(path, [record(*video) for video in videos])

    return write
