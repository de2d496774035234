"""A video: a file or a folder of images, an optional interval, and exact presentation times."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
from jaxtyping import Float64, Int64, UInt8
from numpy.typing import ArrayLike

from inphase.data.decode import decode
from inphase.data.digest import content_digest
from inphase.data.images import image_files, index_folder, read_images
from inphase.data.index import Index, index_file
from inphase.data.opening import VideoError
from inphase.errors import InputError

__all__ = ["Size", "Video", "VideoError"]

Size = int | tuple[int, int] | None

# Times written with six decimals still find their own frame.
_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Video:
    """A video file, or a part of it, or a folder of images.

    Nothing is read before it is asked for, and no file stays open. Time is in seconds from the
    first frame shown of the file, also with an interval; frames are numbered from the first one
    inside the interval. Rotation noted in the file is applied and pixels are made square.

    Attributes:
        path: The video file, or a folder of images.
        start: Frames shown from here on, in seconds.
        end: Frames shown before this time, in seconds.
        fps: Frames per second of a folder of images; never for a file, which has its own times.
        name: Unique in a collection; the file's stem if not given.
        activity: What is done in it.
        group: Videos that belong together: views of one scene, or one person.
        split: train, val, test or nothing.
        capture_fps: The camera's frame rate, if the file plays slower or faster than life.
    """

    path: Path
    start: float | int | None = None
    end: float | int | None = None
    fps: float | int | None = None
    name: str = ""
    activity: str = ""
    group: str = ""
    split: str = ""
    capture_fps: float | int | None = None
    # What is known of the file already; read from it when first needed if not given.
    known: Index | None = field(default=None, repr=False, compare=False)

    def __post_init__(self):
        object.__setattr__(self, "path", Path(self.path))
        if not self.name:
            object.__setattr__(self, "name", self.path.stem)
        if self.fps is not None and not 0 < self.fps < float("inf"):
            raise InputError(f"{self.path}: fps must be above 0, not {self.fps}")
        if self.start is not None and self.end is not None and not self.start < self.end:
            raise InputError(f"{self.path}: the interval {self.start} to {self.end} s is empty")

    @cached_property
    def index(self) -> Index:
        """When the frames of the whole file are shown, and how to get at them.

        Raises:
            VideoError: If the file or folder cannot be read.
        """
        if self.known is not None:
            return self.known
        return index_folder(self.path, self.fps) if self.path.is_dir() else index_file(self.path)

    @cached_property
    def _span(self) -> tuple[int, int]:
        """First and last-but-one place in the file of the frames inside the interval."""
        times = self.index.times
        first = 0 if self.start is None else np.searchsorted(times, self.start - _TOLERANCE)
        end = len(times) if self.end is None else np.searchsorted(times, self.end - _TOLERANCE)
        if first >= end:
            raise VideoError(
                f"{self.path}: no frame from {self.start} to {self.end} s; "
                f"its frames span 0 to {times[-1]:.3f} s"
            )
        return int(first), int(end)

    @cached_property
    def times(self) -> Float64[np.ndarray, " t"]:
        """When each frame is shown, in seconds of file time.

        Raises:
            VideoError: If the file cannot be read, or no frame lies inside the interval.
        """
        first, end = self._span
        times = self.index.times[first:end]
        times.flags.writeable = False
        return times

    @property
    def size(self) -> tuple[int, int]:
        """Height and width as displayed."""
        height, width = self.index.shape
        return (width, height) if self.index.turn[0] else (height, width)

    def __len__(self) -> int:
        first, end = self._span
        return end - first

    @property
    def duration(self) -> float:
        """Seconds from the first frame to the end of the last one."""
        end = self._span[1]
        everything = self.index.times
        if end < len(everything):
            return float(everything[end] - self.times[0])
        return float(everything[-1] - self.times[0]) + self.index.last_seconds

    @property
    def rate(self) -> float:
        """Frames per second: over all frames if they come evenly, else by the median gap."""
        times = self.times
        if len(times) == 1:
            gap = self.duration
        elif self.index.steady:  # files count in ticks, often coarse ones; the mean evens them out
            gap = (times[-1] - times[0]) / (len(times) - 1)
        else:
            gap = np.median(np.diff(times))
        return 1 / float(gap) if gap > 0 else 0.0

    def index_at(self, seconds: ArrayLike | float | int) -> Int64[np.ndarray, "..."]:
        """Return the frame on screen at each time: the last one shown by then.

        Times before the first or after the last frame give the first or the last frame.

        Args:
            seconds: Times of any shape, in seconds of file time.
        """
        places = np.searchsorted(self.times, np.asarray(seconds) + _TOLERANCE, side="right") - 1
        return np.asarray(np.clip(places, 0, len(self) - 1), np.int64)

    def frames(
        self, indices: ArrayLike | None = None, *, size: Size = None
    ) -> UInt8[np.ndarray, "n h w 3"]:
        """Decode frames to RGB.

        Args:
            indices: Frame numbers in any order, repeats allowed, negative ones from the end;
                all frames if None.
            size: None for the video's own size; a number scales the short side to so many pixels,
                never up; (height, width) is exact.

        Raises:
            InputError: If an index lies outside the video or the size is not above 0.
            VideoError: If the file cannot be read.
        """
        places = self._places(indices)
        wanted, position = np.unique(places, return_inverse=True)
        height, width = self._target(size)
        out = np.empty((len(places), height, width, 3), np.uint8)
        order = np.argsort(position, kind="stable")
        stops = np.searchsorted(position[order], np.arange(len(wanted) + 1))
        for k, picture in enumerate(self._decode(wanted, (height, width))):
            out[order[stops[k] : stops[k + 1]]] = picture
        return out

    def frames_at(
        self, seconds: ArrayLike | float | int, *, size: Size = None
    ) -> UInt8[np.ndarray, "n h w 3"]:
        """Decode the frame on screen at each time; see `index_at` and `frames`.

        Args:
            seconds: Times, in seconds of file time.
            size: As in `frames`.

        Raises:
            VideoError: If the file cannot be read.
        """
        return self.frames(np.atleast_1d(self.index_at(seconds)), size=size)

    def stream(
        self, *, size: Size = None, chunk: int = 32
    ) -> Iterator[UInt8[np.ndarray, "n h w 3"]]:
        """Decode all frames in order, in memory for one chunk; pixels are those of `frames`.

        Args:
            size: As in `frames`.
            chunk: Frames at a time; the last chunk may be shorter.

        Raises:
            VideoError: If the file cannot be read.
        """
        target = self._target(size)
        pictures = self._decode(np.arange(*self._span), target)
        for first in pictures:
            yield np.stack([first, *islice(pictures, chunk - 1)])

    @cached_property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that tell the content, and the interval, apart.

        See `inphase.data.digest.content_digest`.

        Raises:
            VideoError: If the file cannot be read.
        """
        content = (self.known and self.known.digest) or content_digest(self.path)
        part = (self.start, self.end, self.fps)
        if part == (None, None, None):
            return content
        return hashlib.blake2b(repr((content, *part)).encode(), digest_size=8).hexdigest()

    def _places(self, indices: ArrayLike | None) -> Int64[np.ndarray, " n"]:
        """Turn frame numbers into places in the file."""
        first, end = self._span
        if indices is None:
            return np.arange(first, end)
        numbers = np.asarray(indices)
        if numbers.size == 0:
            return np.empty(0, np.int64)
        if numbers.ndim != 1 or not np.issubdtype(numbers.dtype, np.integer):
            raise InputError(
                f"frame numbers must be a list of integers, not {numbers.dtype} "
                f"of shape {numbers.shape}"
            )
        count = end - first
        if numbers.min() < -count or numbers.max() >= count:
            raise InputError(
                f"{self.path}: has frames 0 to {count - 1}, "
                f"but {numbers.min()} to {numbers.max()} were asked for"
            )
        return np.where(numbers < 0, numbers + count, numbers).astype(np.int64) + first

    def _target(self, size: Size) -> tuple[int, int]:
        """Height and width of the pictures to return."""
        if size is None:
            return self.size
        if isinstance(size, tuple):
            target = size
        else:
            scale = min(1.0, size / min(self.size))
            target = (round(self.size[0] * scale), round(self.size[1] * scale))
        if min(target) < 1 and (not isinstance(size, int) or size < 1):
            raise InputError(f"pictures of size {size} cannot be made: give numbers above 0")
        return max(1, target[0]), max(1, target[1])

    def _decode(
        self, places: Int64[np.ndarray, " n"], target: tuple[int, int]
    ) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
        if self.path.is_dir():
            return read_images(image_files(self.path), places, target)
        return decode(self.path, self.index, places, target)
