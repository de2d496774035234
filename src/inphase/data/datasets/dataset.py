"""What a data set is, once read: videos, labels, splits, and what is absent."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Int64

from inphase.data.labels import UNLABELLED, Segments
from inphase.data.video import Video

SPLITS = ("train", "val", "test", "")
_SHOWN = 3  # names shown of a longer list


@dataclass(frozen=True)
class Missing:
    """Something that belongs to a data set and is not there.

    Attributes:
        what: What is missing, in words.
        where: Where it is published.
    """

    what: str
    where: str

    def __str__(self) -> str:
        return f"{self.what}; published at {self.where}"


@dataclass(frozen=True)
class Dataset:
    """Videos with what is known of them.

    Labels are numbers: places in the phases of the video's activity, and below 0 where a frame has
    none; metrics leave such frames out.

    Attributes:
        name: What people call it.
        videos: Those that are there, with activity and split.
        labels: By video name: segments in seconds of file time, or one number a frame.
        phases: By activity, what the numbers mean; under `""` if it is the same for all.
        key_events: By activity, the event that ends each phase but the last; empty if not defined.
        missing: What is absent, and where it is published.
        notes: What else a user should know.
    """

    name: str
    videos: list[Video]
    labels: Mapping[str, Segments | Int64[np.ndarray, " _"]] = field(default_factory=dict)
    phases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    key_events: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    missing: list[Missing] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def activities(self) -> list[str]:
        """The activities of the videos in alphabetical order."""
        return sorted({video.activity for video in self.videos})

    def split(self, name: str, activity: str | None = None) -> list[Video]:
        """Return the videos of a split, and of one activity if given."""
        return [
            video
            for video in self.videos
            if video.split == name and activity in (None, video.activity)
        ]

    def phases_of(self, video: Video) -> tuple[str, ...]:
        """Return what the numbers of a video's labels mean."""
        return self.phases.get(video.activity, self.phases.get("", ()))

    def frame_labels(self, video: Video) -> Int64[np.ndarray, " t"]:
        """Return the label of each frame of a video; all `UNLABELLED` if it has none.

        Published sets have a few videos with more or fewer numbers than frames; see `stretched`.

        Args:
            video: One of `videos`, or a part of one under the same name.

        Raises:
            VideoError: If the video cannot be read.
        """
        known = self.labels.get(video.name)
        if known is None:
            return np.full(len(video), UNLABELLED, np.int64)
        if isinstance(known, Segments):
            return known.at(video.times, self.phases_of(video))
        everything = video.index.times
        first = int(np.searchsorted(everything, video.times[0]))
        return stretched(known, len(everything))[first : first + len(video)]

    def segments(self, video: Video) -> Segments:
        """Return a video's labels as segments, in seconds of file time.

        Args:
            video: One of `videos`.

        Raises:
            VideoError: If the video has a number for every frame and cannot be read.
        """
        known = self.labels.get(video.name)
        if known is None:
            return Segments.of([])
        if isinstance(known, Segments):
            return known
        times = video.times
        end = float(times[0] + video.duration)
        return Segments.of_frames(self.frame_labels(video), times, end, self.phases_of(video))

    @property
    def summary(self) -> str:
        """One line: how many videos of which split and activity, how many with labels.

        Where a video's activity is all that is known of it there is no word of labels.
        """
        counts = Counter(video.split for video in self.videos)
        parts = [f"{counts[split]} {split}".strip() for split in SPLITS if counts[split]]
        labelled = sum(video.name in self.labels for video in self.videos)
        count = len(set(self.activities) - {""})
        activities = f" of {count} activities" if count > 1 else ""
        labels = f", {labelled} with labels" if self.phases or self.labels else ""
        return f"{self.name}: {', '.join(parts) or 'no'} videos{activities}{labels}"

    def report(self) -> str:
        """Say in words what is there, what is missing, and where that is published."""
        lines = [self.summary]
        lines += [f"  {'missing':<8}{each}" for each in self.missing]
        lines += [f"  {'note':<8}{note}" for note in self.notes]
        return "\n".join(lines)


def stretched(labels: Int64[np.ndarray, " m"], count: int) -> Int64[np.ndarray, " n"]:
    """Spread m labels evenly over n frames.

    Frame i takes label floor(i m / n) if there are enough. If there are too few, label j is that of
    frame floor(j n / m), and frames between take the label before. Either is what CARL's
    preparation (Chen et al., CVPR 2022) does to Penn Action, but that it drops the frames between.
    One too many or too few thus leaves all others in place.

    Args:
        labels: The labels.
        count: How many frames, n.
    """
    if not len(labels):
        return np.full(count, UNLABELLED, np.int64)
    frames = np.arange(count)
    if len(labels) >= count:
        return labels[frames * len(labels) // count]
    return labels[-(-(frames + 1) * len(labels) // count) - 1]


def numbered(count: int, labels: Iterable[Int64[np.ndarray, " _"]] = ()) -> tuple[str, ...]:
    """Name phases that are known by number alone: so many, or as many as labels tell of."""
    highest = max((int(each.max(initial=-1)) for each in labels), default=-1)
    return tuple(f"phase {number}" for number in range(max(count, highest + 1)))


def several(names: Sequence[str], what: str) -> str:
    """Count things and name the first: `5 videos (0001, 0002, 0003 ...)`."""
    shown = ", ".join(names[:_SHOWN]) + " ..." * (len(names) > _SHOWN)
    return f"{len(names)} {what}{'s' * (len(names) != 1)} ({shown})"
