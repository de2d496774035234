"""Poses in place of pixels: the keypoints of every frame, as a video of stick figures."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32, Float64, Int64, UInt8
from numpy.typing import ArrayLike

from inphase.data.index import Index
from inphase.data.video import Video, VideoError

if TYPE_CHECKING:
    from inphase.data.stick_figures import StickFigure

_TICK = Fraction(1, 10**9)  # seconds; times in a file are kept to the nanosecond
_TICKS = 1000  # a frame; enough to tell a missing frame from the rounding of times


@dataclass(frozen=True, eq=False)
class Poses:
    """The keypoints of one person, animal or thing in frame after frame.

    Attributes:
        keypoints: Places of the joints, in any unit; NaN where a joint is missing.
        scores: How sure each place is, 0 to 1; None if nobody said.
        joints: Their names; empty if nobody said.
        times: When each frame is shown, in seconds; None if only `numbers` are known.
        numbers: The frames' numbers in their video, from 0.
    """

    keypoints: Float32[np.ndarray, "t joints axes"]
    scores: Float32[np.ndarray, "t joints"] | None
    joints: tuple[str, ...]
    times: Float64[np.ndarray, " t"] | None
    numbers: Int64[np.ndarray, " t"]

    @classmethod
    def of(
        cls,
        keypoints: ArrayLike,
        scores: ArrayLike | None = None,
        joints: tuple[str, ...] = (),
        times: ArrayLike | None = None,
        numbers: ArrayLike | None = None,
    ) -> "Poses":
        """Make poses of arrays, and check them.

        A joint of score 0 at the origin is missing: so many formats write what was not found.

        Raises:
            VideoError: If shapes do not fit, times do not rise, or no joint is seen in any frame.
        """
        places = np.array(keypoints, np.float32)
        if places.ndim != 3 or places.shape[2] not in (2, 3) or not places.size:
            raise VideoError(
                f"keypoints are shaped {places.shape}, but (frames, joints, 2 or 3) is needed"
            )
        lost = ~np.isfinite(places).all(2)
        sure = None
        if scores is not None:
            sure = np.nan_to_num(np.array(scores, np.float32))
            if sure.shape != places.shape[:2]:
                raise VideoError(
                    f"scores are shaped {sure.shape}, but {places.shape[:2]} is needed: one for "
                    "each joint in each frame"
                )
            lost |= (sure <= 0) & ~places.any(2)
            sure = np.where(lost, np.float32(0), np.clip(sure, 0, 1))
        places[lost] = np.nan
        if lost.all():
            raise VideoError("no joint is seen in any frame")
        if joints and len(joints) != places.shape[1]:
            raise VideoError(f"{len(joints)} joints are named, but there are {places.shape[1]}")
        seconds = None if times is None else _rising(np.array(times, np.float64), len(places))
        counted = np.arange(len(places)) if numbers is None else np.array(numbers)
        return cls(places, sure, joints, seconds, _rising(counted, len(places)).astype(np.int64))

    def __len__(self) -> int:
        return len(self.keypoints)

    def __getitem__(self, part: slice) -> "Poses":
        """Some frames that follow each other."""
        return replace(
            self,
            keypoints=self.keypoints[part],
            scores=None if self.scores is None else self.scores[part],
            times=None if self.times is None else self.times[part],
            numbers=self.numbers[part],
        )


def _rising(values: np.ndarray, count: int) -> np.ndarray:
    if values.shape != (count,):
        raise VideoError(f"{count} frames need as many times, not an array {values.shape}")
    if not (np.isfinite(values).all() and (np.diff(values) > 0).all()):
        raise VideoError(
            "times or frame numbers do not rise from row to row: one person a file is needed, with "
            "one row a frame"
        )
    return values


class _PoseIndex(Index):
    """When each pose is shown: in the time of the video it was found in, wherever that starts."""

    @property
    def times(self) -> Float64[np.ndarray, " t"]:
        return self.stamps * self.tick.numerator / self.tick.denominator


@dataclass(frozen=True)
class PoseTrack(Video):
    """A video of which only poses are known, from one file of them or one track in a file.

    Its pictures are stick figures, for people to look at; models are given the poses.

    Attributes:
        track: Which of several tracks in the file; empty if there is one alone.
        known_poses: The poses of the whole file, read from it when first needed if not given.
    """

    track: str = ""
    known_poses: Poses | None = field(default=None, repr=False, compare=False)

    @cached_property
    def _whole(self) -> Poses:
        if self.known_poses is not None:
            return self.known_poses
        from inphase.data.pose_files import read_poses

        tracks = read_poses(self.path)
        if self.track not in tracks:
            there = ", ".join(list(tracks)[:4]) or "none"
            raise VideoError(f"{self.path}: has no poses '{self.track}'; its tracks are {there}")
        return tracks[self.track]

    @cached_property
    def index(self) -> Index:
        """When each pose of the file is shown.

        Raises:
            VideoError: If the file cannot be read, or neither it nor `fps` tells times.
        """
        if self.known is not None:
            return self.known
        whole = self._whole
        if whole.times is not None:
            tick, stamps = _TICK, np.round(whole.times / float(_TICK)).astype(np.int64)
        elif self.fps is not None:
            rate = Fraction(self.fps).limit_denominator(10**6)
            tick, stamps = 1 / (_TICKS * rate), _TICKS * whole.numbers
        else:
            raise VideoError(f"{self.path}: holds no times: give the frame rate with --fps")
        last = round(float(np.median(np.diff(stamps)))) if len(stamps) > 1 else 1
        return _PoseIndex(stamps, stamps[:0], tick, last, (0, 0))

    @cached_property
    def poses(self) -> Poses:
        """The poses of every frame inside the interval."""
        return self._whole[slice(*self._span)]

    @cached_property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that tell these poses and their times from others."""
        poses = self.poses
        digest = hashlib.blake2b(
            repr((poses.joints, poses.keypoints.shape)).encode(), digest_size=8
        )
        for array in (poses.keypoints, poses.scores, self.times):
            digest.update(b"" if array is None else np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the drawn pictures: the proportions of the whole track's view."""
        return self._figure.size

    @cached_property
    def _figure(self) -> "StickFigure":
        """What the pictures show; of the whole track, so that its parts look alike."""
        from inphase.data.stick_figures import StickFigure

        return StickFigure(self._whole.keypoints, self._whole.joints)

    def _decode(
        self, places: Int64[np.ndarray, " n"], target: tuple[int, int]
    ) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
        for place in places:
            yield self._figure.draw(self._whole.keypoints[place], target)


def tracks_of(path: Path, tracks: dict[str, Poses], fps: float | int | None) -> list[Video]:
    """Make a video of each track of a file; `fps` counts where the file tells no times."""
    return [
        PoseTrack(
            path,
            fps=None if poses.times is not None else fps,
            name=f"{path.stem}/{track}" if track else path.stem,
            track=track,
            known_poses=poses,
        )
        for track, poses in tracks.items()
    ]
