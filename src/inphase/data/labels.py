"""What happens when in a video: labelled stretches in seconds, and labels of single frames."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from jaxtyping import Float64, Int64, Integer
from numpy.typing import ArrayLike

from inphase.data.pose_files import SUFFIXES as POSE_SUFFIXES
from inphase.data.sources import SUFFIXES
from inphase.data.video import Video
from inphase.errors import InputError

__all__ = ["ROUNDING", "UNLABELLED", "LabelIndex", "Segments", "labels_of"]

UNLABELLED = -1  # the label of a frame in no segment; metrics leave such frames out
_TOLERANCE = 1e-6  # seconds; times written with six decimals still find their own frame
# Tables hold seconds to three or four digits, so the first frame of a segment may seem to lie just
# before it. Half a millisecond is far less than a frame.
ROUNDING = 0.0005


@dataclass(frozen=True, eq=False)
class Segments:
    """Labelled stretches of one video, ordered by start.

    A segment holds the times from its start up to, but not including, its end. One that ends where
    it starts is a moment. Segments may overlap and leave gaps.

    Attributes:
        start: When each begins, in seconds of file time.
        end: When each is over, in seconds of file time.
        label: What each is.
    """

    start: Float64[np.ndarray, " n"]
    end: Float64[np.ndarray, " n"]
    label: tuple[str, ...]

    def __post_init__(self):
        if not len(self.start) == len(self.end) == len(self.label):
            raise InputError(
                f"segments need as many starts as ends and labels, not {len(self.start)}, "
                f"{len(self.end)} and {len(self.label)}"
            )
        good = np.isfinite(self.start) & np.isfinite(self.end) & (self.end >= self.start)
        if not good.all():
            k = int(np.argmin(good))
            raise InputError(
                f"segment {k} ({self.label[k]}) runs from {self.start[k]} to {self.end[k]} s; "
                "a segment needs an end that does not come before its start"
            )
        order = np.argsort(self.start, kind="stable")
        for name in ("start", "end"):
            values = getattr(self, name)[order]
            values.flags.writeable = False
            object.__setattr__(self, name, values)
        object.__setattr__(self, "label", tuple(self.label[k] for k in order))

    @classmethod
    def of(cls, rows: Iterable[tuple[float | int, float | int, str]]) -> "Segments":
        """Make segments of rows (start, end, label).

        Raises:
            InputError: If a segment ends before it starts, or a time is not finite.
        """
        rows = list(rows)
        start, end = (np.array([row[k] for row in rows], np.float64) for k in (0, 1))
        return cls(start, end, tuple(row[2] for row in rows))

    @classmethod
    def of_frames(
        cls,
        labels: Sequence[str] | Integer[np.ndarray, " t"],
        times: ArrayLike,
        end: float,
        names: Sequence[str] = (),
    ) -> "Segments":
        """Join neighbouring frames with the same label.

        Args:
            labels: Of each frame: a word, or a place in `names`; below 0 is no label.
            times: When each frame is shown, in seconds.
            end: When the last frame is over, in seconds.
            names: What the numbers mean.
        """
        edges = np.append(np.asarray(times, np.float64), end)
        values = np.asarray(labels)
        if len(edges) != len(values) + 1:
            raise InputError(f"{len(values)} labels do not fit {len(edges) - 1} frames")
        if not len(values):
            return cls.of([])
        first = np.flatnonzero(np.append(True, values[1:] != values[:-1]))
        last = np.append(first[1:], len(values))
        if values.dtype.kind != "U":
            kept = values[first] >= 0
            first, last = first[kept], last[kept]
            values = np.asarray(names, str)[values] if len(first) else values
        return cls(edges[first], edges[last], tuple(str(value) for value in values[first]))

    def __len__(self) -> int:
        return len(self.label)

    def __iter__(self) -> Iterator[tuple[float, float, str]]:
        return zip(self.start.tolist(), self.end.tolist(), self.label, strict=True)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Segments):
            return NotImplemented
        return list(self) == list(other)

    @property
    def names(self) -> tuple[str, ...]:
        """The different labels in the order they first appear."""
        return tuple(dict.fromkeys(self.label))

    def at(
        self, seconds: ArrayLike, names: Sequence[str] | None = None
    ) -> Int64[np.ndarray, "..."]:
        """Label moments, such as a video's frame times.

        Of segments that overlap, the one that starts last counts; of those that start together,
        the last one listed.

        Args:
            seconds: Times of any shape, in seconds of file time.
            names: The labels in the order of their numbers; others count as none. The labels in
                the order they first appear if None.

        Returns:
            The place in `names` of the label at each time, and `UNLABELLED` where there is none.
        """
        numbers = {name: k for k, name in enumerate(self.names if names is None else names)}
        times = np.asarray(seconds, np.float64) + _TOLERANCE
        labels = np.full(times.shape, UNLABELLED, np.int64)
        for start, end, label in self:
            inside = (times >= start) & (times < end)
            labels[inside] = numbers.get(label, UNLABELLED)
        return labels

    def shifted(self, seconds: float | int) -> "Segments":
        """Return the same segments, so many seconds later."""
        return Segments(self.start + seconds, self.end + seconds, self.label)

    def filled(self, label: str, start: float | int, end: float | int) -> "Segments":
        """Return the same segments and others, so labelled, in the gaps from `start` to `end`."""
        rows, covered = list(self), start
        for begin, over, _ in self:
            if covered < min(begin, end):
                rows.append((covered, min(begin, end), label))
            covered = max(covered, over)
        if covered < end:
            rows.append((covered, end, label))
        return Segments.of(rows)

    def within(self, start: float | int, end: float | int) -> "Segments":
        """Return what lies from `start` up to `end`, cut there."""
        cut = ((max(a, start), min(b, end), label, a == b) for a, b, label in self)
        return Segments.of(
            (a, b, c) for a, b, c, moment in cut if a < b or (moment and a == b < end)
        )

    def without(self, *labels: str) -> "Segments":
        """Return all segments but those with these labels."""
        return Segments.of(row for row in self if row[2] not in labels)


class LabelIndex:
    """Finds each video's segments among those of many, however its file is written there.

    A key fits if it is the video's name, or the end of its path, with or without a video suffix;
    of several that fit, the name counts first and then the longest.

    Args:
        labels: Segments by video.
    """

    def __init__(self, labels: Mapping[str, Segments]):
        self._labels = labels
        # By the end of a path; of keys that differ in their suffix alone, the last in the alphabet.
        self._keys: dict[tuple[str, ...], str] = {}
        for key in labels:
            wanted = PurePosixPath(key.replace("\\", "/"))
            tail = tuple(p for p in wanted.parts[:-1] if p != ".") + (_bare(wanted.name),)
            self._keys[tail] = max(key, self._keys.get(tail, key))

    def of(self, video: Video) -> Segments | None:
        """Find a video's segments."""
        if video.name in self._labels:
            return self._labels[video.name]
        path = PurePosixPath(video.path.absolute().as_posix())
        parts = path.parts[:-1] + (_bare(path.name),)
        for start in range(len(parts)):
            if parts[start:] in self._keys:
                return self._labels[self._keys[parts[start:]]]
        return None


def labels_of(labels: Mapping[str, Segments], video: Video) -> Segments | None:
    """Find the segments of a single video; of many, `LabelIndex` finds them faster.

    Args:
        labels: Segments by video.
        video: The video.
    """
    return LabelIndex(labels).of(video)


def _bare(name: str) -> str:
    """Take a video's or poses' suffix off, and nothing else: `take.2.mp4` is `take.2`."""
    path = Path(name)
    return path.stem if path.suffix.lower() in SUFFIXES | POSE_SUFFIXES else name
