"""What is scored: labelled videos by activity, and which of them may be learnt from."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Integer

from inphase.data.labels import ROUNDING, LabelIndex, Segments
from inphase.data.video import Video
from inphase.errors import InputError

# Each video is left out on its own up to so many; of more, several at a time.
FOLDS = 20

Labels = Mapping[str, Segments | Integer[np.ndarray, "_"]]
Fold = tuple[list[int], list[int]]


@dataclass(frozen=True, eq=False)
class Activity:
    """The labelled videos of one activity.

    Attributes:
        name: Of the activity, "" if videos have none.
        videos: Those to learn from and those scored.
        labels: Of each frame of each video, a place in `phases`, below 0 for none.
        phases: In the order in which they happen.
        train: Which videos are there to learn from; none if each scored video is left out in turn.
        scored: Which videos are scored.
    """

    name: str
    videos: list[Video]
    labels: list[Integer[np.ndarray, "_"]]
    phases: tuple[str, ...]
    train: list[int]
    scored: list[int]

    @cached_property
    def folds(self) -> list[Fold]:
        """Videos to learn from and videos to score with what was learnt, each scored once."""
        if self.train:
            return [(self.train, self.scored)]
        count = min(len(self.scored), FOLDS)
        held_out = [self.scored[k::count] for k in range(count)]
        return [([v for v in self.scored if v not in out], out) for out in held_out]

    @cached_property
    def views(self) -> dict[str, list[int]]:
        """The videos of each of two views, which are their groups; none if there are not two."""
        names = sorted({video.group for video in self.videos} - {""})
        if len(names) != 2:
            return {}
        return {
            name: [k for k, video in enumerate(self.videos) if video.group == name]
            for name in names
        }

    @property
    def split(self) -> str:
        """In words, what is learnt from and what is scored."""
        count = len(self.scored)
        if self.train:
            return f"learns from {len(self.train)} train videos, scores {count} others"
        turn = "each" if count <= FOLDS else f"one of {FOLDS} parts"
        return (
            f"{count} videos: all ordered pairs; where labels are learnt, {turn} left out in turn"
        )

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that tell videos, labels and splits apart."""
        digest = hashlib.blake2b(repr((self.name, self.phases)).encode(), digest_size=8)
        for number, (video, labels) in enumerate(zip(self.videos, self.labels, strict=True)):
            digest.update(repr((video.name, video.digest, number in self.train)).encode())
            digest.update(labels.astype("<i8").tobytes())
        if self.views:
            digest.update(repr(self.views).encode())
        return digest.hexdigest()


def activities(
    videos: Sequence[Video],
    labels: Labels,
    phases: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
) -> list[Activity]:
    """Put labelled videos in order: by activity, to learn from or to score.

    Videos without a labelled frame are left out. Where an activity has videos of the splits train
    and val (or test, if there is no val), these are used; else every labelled video is scored and
    left out in turn.

    Args:
        videos: With different names.
        labels: By video, as `inphase.data.labels.LabelIndex` finds them, or one number a frame.
        phases: Names of the labels in the order in which they happen: of all activities, or by
            activity, under "" of all others; found from the labels if None.

    Raises:
        InputError: If no video has labels, or numbers are not as many as frames.
    """
    segments = {name: each for name, each in labels.items() if isinstance(each, Segments)}
    index = LabelIndex(segments)
    of_video = {
        video.name: labels[video.name] if video.name in labels else index.of(video)
        for video in videos
    }
    groups: dict[str, list[Video]] = {}
    for video in videos:
        groups.setdefault(video.activity, []).append(video)
    made = []
    for name, group in groups.items():
        known = phases.get(name, phases.get("")) if isinstance(phases, Mapping) else phases
        made.append(_activity(name, group, of_video, known))
    found = [each for each in made if each.scored]
    if not found:
        raise InputError(
            f"none of the {len(videos)} videos has labels: the labels are of "
            f"{', '.join(list(labels)[:4]) or 'nothing'}{' ...' if len(labels) > 4 else ''}"
        )
    return found


def _activity(
    name: str,
    videos: list[Video],
    known: Mapping[str, Segments | Integer[np.ndarray, "_"] | None],
    phases: Sequence[str] | None,
) -> Activity:
    of_videos = [known[video.name] for video in videos]
    segments = [each for each in of_videos if isinstance(each, Segments)]
    names = tuple(phases or order_of(segments))
    kept, numbers = [], []
    for video, each in zip(videos, of_videos, strict=True):
        if each is None:
            continue
        array = each.at(video.times + ROUNDING, names) if isinstance(each, Segments) else each
        if len(array) != len(video):
            raise InputError(f"{video.name} has {len(array)} labels and {len(video)} frames")
        if (array >= 0).any():
            kept.append(video)
            numbers.append(array)
    if numbers and not names:
        names = tuple(str(k) for k in range(1 + max(int(array.max()) for array in numbers)))
    train = [k for k, video in enumerate(kept) if video.split == "train"]
    for split in ("val", "test"):
        scored = [k for k, video in enumerate(kept) if video.split == split]
        if train and scored:
            return Activity(name, kept, numbers, names, train, scored)
    return Activity(name, kept, numbers, names, [], list(range(len(kept))))


def order_of(videos: Sequence[Segments]) -> list[str]:
    """Names of phases in the order in which they happen.

    A phase stands before another if it begins first in more of the videos that have both. Where
    phases come in circles, the order is that of how many others each comes before.
    """
    begins = [
        {label: float(each.start[each.label.index(label)]) for label in each.names}
        for each in videos
    ]
    names = list(dict.fromkeys(name for each in begins for name in each))

    def lead(name: str) -> float:
        both = {other: [each for each in begins if {name, other} <= each.keys()] for other in names}
        ahead = {
            other: sum(np.sign(each[other] - each[name]) for each in videos_with)
            for other, videos_with in both.items()
        }
        return float(sum(np.sign(each) for each in ahead.values()))

    return sorted(names, key=lead, reverse=True)
