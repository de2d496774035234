"""Penn Action: 15 sports and exercises, of which the papers use 13 that do not repeat.

The videos are of Zhang, Zhu and Derpanis (From Actemes to Action, ICCV 2013):
`frames/0001/000001.jpg` and on, counted from 1, and `labels/0001.mat` with the fields `action`,
`pose` (the view), `train` (1 or -1), `nframes` and joints. Frame rates are not published; 30 is the
default of TCC's preparation.

Phases of single frames are of Haresh et al. (Learning by Aligning Videos in Time, CVPR 2021):
`penn_action_labels/{train,val}/<action>/0001.npy`, a number a frame, with some actions named in the
plural. Their number differs from that of the frames for some videos. Key events are those of
Dwibedi et al. (Temporal Cycle-Consistency Learning, CVPR 2019, Table 2), whose own labels were
never published. TFRecords made by CARL's preparation (`penn_action_train-0.tfrecord`)
are read too.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64

from inphase.data.datasets.dataset import Dataset, Missing, numbered, several
from inphase.data.datasets.unpacking import PackedVideo, packed_videos, unpack
from inphase.data.images import is_image
from inphase.data.video import Video
from inphase.errors import InputError

URL = "http://dreamdragon.github.io/PennAction/"
LABELS_URL = "https://bit.ly/3f73e2w"  # as printed in the LAV paper, A.8

# The event that ends each phase but the last, so a phase more than events.
KEY_EVENTS = {
    "baseball_pitch": ("Knee fully up", "Arm fully stretched out", "Ball release"),
    "baseball_swing": ("Bat swung back fully", "Bat hits ball"),
    "bench_press": ("Bar fully down",),
    "bowl": ("Ball swung fully back", "Ball release"),
    "clean_and_jerk": (
        "Bar at hip", "Fully squatting", "Standing", "Begin thrusting", "Beginning balance",
    ),
    "golf_swing": ("Stick swung fully back", "Stick hits ball"),
    "jumping_jacks": (
        "Hands at shoulder (going up)", "Hands above head", "Hands at shoulders (going down)",
    ),
    "pullup": ("Chin above bar",),
    "pushup": ("Head at floor",),
    "situp": ("Abs fully crunched",),
    "squat": ("Hips at knees (going down)", "Hips at floor", "Hips at knee (going up)"),
    "tennis_forehand": ("Racket swung fully back", "Racket touches ball"),
    "tennis_serve": (
        "Ball released from hand", "Racket swung fully back", "Ball touches racket",
    ),
}  # fmt: skip
ACTIONS = tuple(KEY_EVENTS)
_ALIASES = {"bowling": "bowl", "pullups": "pullup", "pushups": "pushup", "situps": "situp"}
_ALIASES |= {"squats": "squat"}
# train, val as CARL's code counts them (1140 and 966); TCC's paper differs by a few.
COUNTS = {
    "baseball_pitch": (103, 63), "baseball_swing": (113, 57), "bench_press": (69, 71),
    "bowl": (134, 85), "clean_and_jerk": (40, 42), "golf_swing": (87, 77),
    "jumping_jacks": (56, 56), "pullup": (98, 101), "pushup": (102, 106), "situp": (50, 50),
    "squat": (111, 115), "tennis_forehand": (79, 74), "tennis_serve": (98, 69),
}  # fmt: skip

_LABEL_FOLDER = "penn_action_labels"

Known = dict[str, tuple[str, str]]  # action and split by video
Labels = dict[str, Int64[np.ndarray, " _"]]


def is_here(root: Path) -> bool:
    """Whether a folder holds Penn Action: frames and labels, or TFRecords of it."""
    named = "penn" in root.absolute().name.lower() and (root / "frames").is_dir()
    labels = (root / _LABEL_FOLDER).is_dir() or any((root / "labels").glob("[0-9]" * 4 + ".mat"))
    return named or labels or any(root.glob("penn_action_*.tfrecord"))


def load(
    root: Path,
    *,
    labels: Path | None = None,
    actions: Sequence[str] = ACTIONS,
    fps: float | int = 30,
    frames: Path | None = None,
) -> Dataset:
    """Read Penn Action.

    With LAV's labels, the videos are those labelled, and the split is theirs. Without, they are
    the official ones, whose test set the papers call val, and have no phases.

    Args:
        root: The data set's folder.
        labels: LAV's folder of labels; looked for in and beside `root` if None.
        actions: Which actions.
        fps: How fast the frames are shown.
        frames: Where frames of TFRecords are unpacked to, once; `root/frames` if None.

    Raises:
        InputError: If labels are wrong, or .mat files must be read and SciPy is not installed.
    """
    place = frames or root / "frames"
    if any(root.glob("penn_action_*.tfrecord")):
        return _from_records(root, place, fps, actions, lambda file: unpack(file, place))
    return _from_frames(root, labels, actions, fps)


def look(root: Path) -> Dataset:
    """Read what is there without unpacking anything."""
    if any(root.glob("penn_action_*.tfrecord")):
        return _from_records(root, root / "frames", 30, ACTIONS, packed_videos)
    return load(root)


def _from_frames(
    root: Path, labels: Path | None, actions: Sequence[str], fps: float | int
) -> Dataset:
    beside = (root / _LABEL_FOLDER, root.parent / _LABEL_FOLDER)
    folder = labels or next((place for place in beside if place.is_dir()), None)
    missing: list[Missing] = []
    numbers: Labels = {}
    if folder is None:
        known = _official(root / "labels")
        missing.append(Missing(f"{_LABEL_FOLDER} (LAV's phases of each frame)", LABELS_URL))
        if not known:
            missing.append(Missing("labels/*.mat (action and split)", URL))
    else:
        known, numbers = _lav(folder)
    known = {name: known[name] for name in sorted(known) if known[name][0] in actions}
    videos, absent, uneven = [], [], []
    for name, (action, split) in known.items():
        place = root / "frames" / name
        count = _count(place)
        if not count:
            absent.append(name)
            continue
        videos.append(Video(place, fps=fps, activity=action, split=split))
        if name in numbers and len(numbers[name]) != count:
            uneven.append(name)
    if absent:
        missing.append(Missing(f"frames of {several(absent, 'video')}", URL))
    return _dataset(videos, numbers, actions, missing, uneven)


def _dataset(
    videos: list[Video],
    numbers: Labels,
    actions: Sequence[str],
    missing: list[Missing],
    uneven: list[str],
    notes: Sequence[str] = (),
) -> Dataset:
    notes = list(notes)
    if uneven:
        notes.append(
            f"not as many labels as frames in {several(uneven, 'video')}; stretched to fit"
        )
    events = {action: KEY_EVENTS[action] for action in actions if action in KEY_EVENTS}
    kept = {video.name: numbers[video.name] for video in videos if video.name in numbers}
    phases = {}
    for action, ends in events.items():
        some = [kept[v.name] for v in videos if v.activity == action and v.name in kept]
        phases[action] = numbered(len(ends) + 1, some)
    return Dataset("Penn Action", videos, kept, phases, events, missing, notes)


def _lav(folder: Path) -> tuple[Known, Labels]:
    """Read LAV's labels; files that are not named by four digits are other things."""
    known, numbers = {}, {}
    for file in sorted(folder.glob("*/*/*.npy")):
        split, action = file.parts[-3:-1]
        if split not in ("train", "val") or not re.fullmatch(r"\d{4}", file.stem):
            continue
        try:
            values = np.load(file, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise InputError(f"{file}: is no array of labels ({error})") from None
        if values.ndim != 1 or not len(values) or not np.all(values == np.round(values)):
            raise InputError(
                f"{file}: expected one whole number a frame, not {values.dtype} {values.shape}"
            )
        known[file.stem] = (_ALIASES.get(action, action), split)
        numbers[file.stem] = values.astype(np.int64)
    if not known:
        raise InputError(f"{folder}: holds no labels like train/baseball_pitch/0001.npy")
    return known, numbers


def _official(folder: Path) -> Known:
    files = sorted(folder.glob("[0-9]" * 4 + ".mat"))
    return {file.stem: mat_facts(file) for file in files}


def mat_facts(file: Path) -> tuple[str, str]:
    """Read the action and the split, train or val, from a .mat file.

    Raises:
        InputError: If SciPy is not installed, or the file lacks them.
    """
    try:
        from scipy.io import loadmat
    except ModuleNotFoundError:
        raise InputError(f"{file}: is read with SciPy: pip install 'inphase[metrics]'") from None
    try:
        fields: dict[str, Any] = loadmat(file, variable_names=["action", "train"])
        action = str(np.ravel(fields["action"])[0])
        train = int(np.ravel(fields["train"])[0])
    except (OSError, ValueError, KeyError, IndexError, NotImplementedError) as error:
        raise InputError(f"{file}: is no label of Penn Action ({error})") from None
    return action, "train" if train > 0 else "val"


def _count(folder: Path) -> int:
    return sum(map(is_image, folder.iterdir())) if folder.is_dir() else 0


def _from_records(
    root: Path,
    frames: Path,
    fps: float | int,
    actions: Sequence[str],
    read: Callable[[Path], list[PackedVideo]],
) -> Dataset:
    """Read records, whose names are like `0001_baseball_pitch`."""
    videos, numbers, packed, uneven = [], {}, [], []
    for each, split in _packed(root, read):
        name, _, action = each.name.partition("_")
        if action not in actions:
            continue
        if len(each.labels):
            numbers[name] = each.labels
            uneven += [name] * (len(each.labels) != each.count)
        place = frames / each.name
        if place.is_dir():
            videos.append(Video(place, fps=fps, name=name, activity=action, split=split))
        else:
            packed.append(name)
    videos.sort(key=lambda video: video.name)
    notes = []
    if packed:
        notes.append(
            f"frames of {several(packed, 'video')} are still inside the TFRecords: "
            f"inphase.data.datasets.load({str(root)!r}) unpacks them"
        )
    splits = {split for _, split in _files(root)}
    missing = [
        Missing(f"penn_action_{split}-*.tfrecord", f"{URL} (frames) and {LABELS_URL} (labels)")
        for split in ("train", "val")
        if split not in splits
    ]
    return _dataset(videos, numbers, actions, missing, uneven, notes)


def _files(root: Path) -> Iterator[tuple[Path, str]]:
    for file in sorted(root.glob("penn_action_*.tfrecord")):
        yield file, file.name.removeprefix("penn_action_").split("-")[0]


def _packed(
    root: Path, read: Callable[[Path], list[PackedVideo]]
) -> Iterator[tuple[PackedVideo, str]]:
    for file, split in _files(root):
        for each in read(file):
            yield each, split
