"""Any folder of videos, with labels in any format beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from inphase.data.datasets.dataset import Dataset
from inphase.data.label_files import frame_text, read_labels
from inphase.data.labels import LabelIndex, Segments, labels_of
from inphase.data.sources import list_videos
from inphase.data.video import Video

# Looked for in the folder, in this order; the first found counts.
LABEL_FILES = ("labels.csv", "phases.csv", "labels.tsv", "labels.json", "annotations.json")
LABEL_FOLDERS = ("labels", "groundTruth", "annotations")  # one file a video
TRAIN_SHARE = 0.8


def is_here(root: Path) -> bool:
    """Any folder will do."""
    return root.is_dir()


def load(
    root: Path,
    *,
    labels: Path | str | None = None,
    fps: float | int | None = None,
    tier: str | None = None,
    phases: Sequence[str] = (),
    seed: int = 0,
) -> Dataset:
    """Read the videos below a folder, or listed in its `videos.csv`, and their labels.

    Labels are in one file of many formats (see `read_labels`), in a folder with a file for each
    video, or beside each video (`clip.csv`, `clip.eaf`, `clip.txt`). Videos without a split, if
    none has one, are split by a seed, 80 % train and the rest val; those of one group stay
    together.

    Args:
        root: The folder.
        labels: Where the labels are; looked for if None.
        fps: Frame rate of folders of images. (Frame-wise text takes the videos' own frame times.)
        tier: For ELAN: which tier.
        phases: The labels in the order of their numbers; the order they first appear if empty.
        seed: Of the split.

    Raises:
        InputError: If there are no videos, or a file is wrong.
    """
    listed = root / "videos.csv"
    videos, notes = list_videos(listed if listed.is_file() else root, fps)
    place = Path(labels) if labels is not None else _labels(root)
    found: dict[str, Segments] = {}
    if place is None or place.is_dir():
        found = _beside(videos, place, tier)
    else:
        known = read_labels(place, fps=fps, tier=tier)
        index = LabelIndex(known)
        found = {v.name: each for v in videos if (each := index.of(v)) is not None}
        unused = len(known) - len({id(each) for each in found.values()})
        if unused > 0:
            notes.append(f"{unused} of {len(known)} videos labelled in {place.name} are not here")
    if not any(video.split for video in videos) and len(videos) > 1:
        videos = split(videos, seed)
    return Dataset(root.absolute().name, videos, found, {"": _names(found, phases)}, notes=notes)


def split(videos: Sequence[Video], seed: int, share: float = TRAIN_SHARE) -> list[Video]:
    """Split videos at random into train and val; those of one group stay together.

    Args:
        videos: The videos; one without a group is a group of its own.
        seed: Of the random numbers.
        share: How much of the groups is for training; at least one is left for either.
    """
    groups = sorted({video.group or video.name for video in videos})
    count = min(max(1, round(share * len(groups))), max(1, len(groups) - 1))
    chosen = np.random.default_rng(seed).permutation(len(groups))[:count]
    train = {groups[k] for k in chosen.tolist()}
    return [
        replace(video, split="train" if (video.group or video.name) in train else "val")
        for video in videos
    ]


def _labels(root: Path) -> Path | None:
    files = (root / name for name in LABEL_FILES)
    folders = (root / name for name in LABEL_FOLDERS)
    return next((each for each in (*files, *folders) if each.exists()), None)


def _beside(videos: Sequence[Video], folder: Path | None, tier: str | None) -> dict[str, Segments]:
    """Read the file of each video: in a folder of labels, or beside the video."""
    found = {}
    for video in videos:
        for suffix in (".csv", ".eaf", ".txt"):
            file = (folder or video.path.parent) / f"{video.path.stem}{suffix}"
            if not file.is_file():
                continue
            if suffix == ".txt":
                found[video.name] = frame_text.read(file, times=video.index.times)
                break
            known = read_labels(file, tier=tier)
            each = labels_of(known, video)
            if each is None and len(known) == 1:
                each = next(iter(known.values()))
            if each is not None:
                found[video.name] = each
                break
    return found


def _names(labels: Mapping[str, Segments], phases: Sequence[str]) -> tuple[str, ...]:
    appearing = (name for segments in labels.values() for name in segments.names)
    return tuple(dict.fromkeys([*phases, *appearing]))
