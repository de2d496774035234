"""Videos inside TFRecord files, as TCC's preparation writes them: listed, and unpacked to frames.

Each record is a SequenceExample: `name`, `len` and `label` of the whole; for every step `video`, a
JPEG, and `frame_labels`, a number (google-research `tcc/datasets.py`).
"""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from inphase.data.datasets.tfrecord import SequenceExample, records, sequence_example
from inphase.errors import InputError


@dataclass(frozen=True)
class PackedVideo:
    """A video inside a TFRecord file.

    Attributes:
        name: As the record calls it.
        labels: One number a frame; empty if there are none.
        count: How many frames it has.
    """

    name: str
    labels: Int64[np.ndarray, " t"]
    count: int


def packed_videos(file: Path) -> list[PackedVideo]:
    """List the videos of a file without looking at their pictures.

    Raises:
        InputError: If it is no such file.
    """
    return [
        _video(_parsed(data, file, number, ("frame_labels",)), file, number)
        for number, data in enumerate(records(file, check=False))
    ]


def unpack(file: Path, folder: Path) -> list[PackedVideo]:
    """Write the frames of every video to `folder/name/000000.jpg` and on, as they are.

    A video whose folder is there already is passed over. Each folder appears only once it is whole.

    Args:
        file: The TFRecord file; all checksums are compared.
        folder: Where to.

    Raises:
        InputError: If it is no such file, or damaged.
    """
    listed = packed_videos(file)
    if all((folder / video.name).is_dir() for video in listed):
        return listed
    for number, data in enumerate(records(file)):
        target = folder / listed[number].name
        if not target.is_dir():
            steps = _parsed(data, file, number, ("video",)).steps.get("video", [])
            _write([step[0] for step in steps if step and isinstance(step[0], bytes)], target)
    return listed


def _write(pictures: Sequence[bytes], target: Path) -> None:
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        for number, picture in enumerate(pictures):
            (temporary / f"{number:06d}.jpg").write_bytes(picture)
        temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _parsed(data: bytes, file: Path, number: int, steps: Sequence[str]) -> SequenceExample:
    try:
        return sequence_example(data, steps=steps)
    except InputError as error:
        raise InputError(f"{file}: record {number} is {error}") from None


def _video(found: SequenceExample, file: Path, number: int) -> PackedVideo:
    name, count = (found.context.get(key) for key in ("name", "len"))
    if not name or not count or not isinstance(name[0], bytes) or b"/" in name[0]:
        raise InputError(
            f"{file}: record {number} is no video as TCC packs them: "
            "a SequenceExample with `name` and `len`, and `video` at every step"
        )
    numbers = [int(step[0]) for step in found.steps.get("frame_labels", []) if step]
    return PackedVideo(name[0].decode(), np.array(numbers, np.int64), int(count[0]))
