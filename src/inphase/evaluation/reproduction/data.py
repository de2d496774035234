"""The data of a reproduced table: what is there of it, and what of that can be used."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from inphase.data.datasets.dataset import Dataset
from inphase.data.video import Video
from inphase.errors import InputError
from inphase.evaluation.published.data import SOURCES, Source, absent

_LETTERS = {"tennisforhand": "tennisforehand"}  # as LRProp prints it


@dataclass(frozen=True, eq=False)
class Material:
    """A data set that can be trained on and scored.

    Attributes:
        name: One of `SOURCES`.
        dataset: As read.
        labels: Of each frame, by video.
        activities: Those with videos and labels enough.
        notes: What is missing, and what was left out.
    """

    name: str
    dataset: Dataset
    labels: dict[str, Int64[np.ndarray, "_"]]
    activities: list[str]
    notes: list[str]

    @property
    def source(self) -> Source:
        """How a paper uses it."""
        return SOURCES[self.name]

    @property
    def several(self) -> bool:
        """Whether the whole data set has several activities, be they here or not."""
        return self.source.activities > 1

    @cached_property
    def phases(self) -> dict[str, tuple[str, ...]]:
        """Of each activity, in order."""
        return {video.activity: self.dataset.phases_of(video) for video in self.dataset.videos}

    def videos(self, activities: Sequence[str], split: str = "") -> list[Video]:
        """Those of some activities, of a split or of both."""
        return [
            video
            for video in self.dataset.videos
            if video.activity in activities and video.split in ((split,) if split else _SPLITS)
        ]

    def activity(self, printed: str) -> str | None:
        """The activity that a table calls so, if it is there."""
        wanted = _letters(printed)
        return next((name for name in self.activities if _letters(name) == wanted), None)

    @property
    def said(self) -> str:
        """How much there is, in words."""
        counts = [f"{len(self.videos(self.activities, split))} {split}" for split in _SPLITS]
        here, whole = len(self.activities), self.source.activities
        of = f" of {here} of the {whole} activities" if here < whole else ""
        return f"{self.name}: {' and '.join(counts)} videos{of}"


_SPLITS = ("train", "val")


def materials(names: Sequence[str], root: Path) -> tuple[dict[str, Material], dict[str, str]]:
    """Read the data sets of a table.

    Args:
        names: Of `SOURCES`.
        root: The folder of one, or of several.

    Returns:
        Those that can be used, and why others cannot.

    Raises:
        InputError: If none can be used; says what is missing and where it is published.
    """
    if not root.is_dir():
        raise InputError(f"there is no folder {root}: give the data set's, or one that holds it")
    found: dict[str, Material] = {}
    lacking: dict[str, str] = {}
    for name in dict.fromkeys(names):
        place = SOURCES[name].place(root)
        if place is None:
            lacking[name] = f"missing {absent(name)}"
            continue
        try:
            found[name] = material(name, SOURCES[name].load(place))
        except InputError as error:
            lacking[name] = str(error)
    if not found:
        raise InputError(f"{root} has no data for this table: {'; '.join(lacking.values())}")
    return found, lacking


def material(name: str, dataset: Dataset) -> Material:
    """Keep the activities that have videos to train on, and labels in both splits.

    Raises:
        InputError: If none has; says what is missing.
    """
    labels = {
        video.name: dataset.frame_labels(video)
        for video in dataset.videos
        if video.name in dataset.labels and video.split in _SPLITS
    }
    labelled = {key for key, numbers in labels.items() if (numbers >= 0).any()}
    kept, left_out = [], []
    for activity in dataset.activities:
        train, val = (dataset.split(split, activity) for split in _SPLITS)
        known = [sum(video.name in labelled for video in videos) for videos in (train, val)]
        enough = len(train) >= 2 and known[0] >= 1 and known[1] >= 2
        (kept if enough else left_out).append(activity)
    missing = [f"missing from {name}: {each}" for each in dataset.missing]
    if not kept:
        why = "; ".join(missing) or f"only {dataset.summary} are there"
        raise InputError(
            f"{name} needs two train and two val videos with labels of an activity: {why}"
        )
    notes = missing + [f"{name}: {note}" for note in dataset.notes]
    if left_out:
        notes.append(
            f"{name}: left out for want of two train and two labelled val videos: "
            f"{', '.join(left_out)}"
        )
    return Material(name, dataset, labels, kept, notes)


def _letters(name: str) -> str:
    letters = "".join(letter for letter in name.lower() if letter.isalnum())
    return _LETTERS.get(letters, letters)
