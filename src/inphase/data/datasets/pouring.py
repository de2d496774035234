"""Pouring: hands pour a drink; five phases in 70 training and 14 validation videos.

The videos are of Sermanet et al. (Time-Contrastive Networks, ICRA 2018); the phases, as published,
of Dwibedi et al. (Temporal Cycle-Consistency Learning, CVPR 2019, Table 2).

Published are three TFRecord files, `pouring_{train-0-of-2,train-1-of-2,val-0-of-1}.tfrecord`, that
hold frames and labels. A folder of plain videos, with `train` and `val` below or not, is read too;
it has no labels of its own. The 32 test videos that TCC's code counts are not published with them.
TCC's preparation keeps no frame rate: 30 is its default, CARL's videos made from it play at 25.
"""

from collections.abc import Callable
from pathlib import Path

from inphase.data.datasets import folder
from inphase.data.datasets.dataset import Dataset, Missing, numbered, several
from inphase.data.datasets.unpacking import PackedVideo, packed_videos, unpack
from inphase.data.video import Video

PHASES = 5
KEY_EVENTS = (
    "Hand touches bottle",
    "Liquid starts exiting",
    "Pouring complete",
    "Bottle back on table",
)
FILES = (
    "pouring_train-0-of-2.tfrecord",
    "pouring_train-1-of-2.tfrecord",
    "pouring_val-0-of-1.tfrecord",
)
URL = "https://storage.googleapis.com/tcc-pouring/"
COUNTS = {"train": 70, "val": 14}


def is_here(root: Path) -> bool:
    """Whether a folder holds Pouring's TFRecords."""
    return any(root.glob("pouring_*.tfrecord"))


def load(root: Path, *, fps: float | int = 30, frames: Path | None = None) -> Dataset:
    """Read Pouring.

    Args:
        root: A folder with the TFRecords, or with plain videos.
        fps: How fast the frames of TFRecords are shown.
        frames: Where frames are unpacked to, once; `root/frames` if None.

    Raises:
        InputError: If there is neither, or a file is damaged.
    """
    if not is_here(root):
        plain = folder.load(root)
        note = f"phases come with the TFRecords alone: {URL}{FILES[0]}"
        notes = plain.notes + ([] if plain.labels else [note])
        if (root / "train.pkl").is_file():
            notes.append("train.pkl and val.pkl, CARL's lists, are pickles of tensors and not read")
        return Dataset("Pouring", plain.videos, plain.labels, plain.phases, notes=notes)
    place = frames or root / "frames"
    return _from_records(root, place, fps, lambda file: unpack(file, place))


def look(root: Path) -> Dataset:
    """Read what is there without unpacking anything."""
    return _from_records(root, root / "frames", 30, packed_videos)


def _from_records(
    root: Path, frames: Path, fps: float | int, read: Callable[[Path], list[PackedVideo]]
) -> Dataset:
    videos, labels, packed, damaged = [], {}, [], []
    for file in sorted(root.glob("pouring_*.tfrecord")):
        split = file.name.removeprefix("pouring_").split("-")[0]
        for each in read(file):
            labels[each.name] = each.labels
            if len(each.labels) != each.count:
                damaged.append(each.name)
            if (frames / each.name).is_dir():
                video = Video(frames / each.name, fps=fps, activity="pouring", split=split)
                videos.append(video)
            else:
                packed.append(each.name)
    absent = [file for file in FILES if not (root / file).is_file()]
    notes = []
    if packed:
        notes.append(
            f"frames of {several(packed, 'video')} are still inside the TFRecords: "
            f"inphase.data.datasets.load({str(root)!r}) unpacks them"
        )
    if damaged:
        notes.append(
            f"not as many labels as frames in {several(damaged, 'video')}; stretched to fit"
        )
    return Dataset(
        "Pouring",
        videos,
        {name: numbers for name, numbers in labels.items() if len(numbers)},
        {"": numbered(PHASES, labels.values())},
        {"": KEY_EVENTS},
        [Missing(file, URL + file) for file in absent],
        notes,
    )
