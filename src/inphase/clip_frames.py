"""Frames of videos for clip networks: all decoded once and kept, or span by span when asked for."""

import warnings
from collections.abc import Sequence

import numpy as np
from jaxtyping import Int64, UInt8
from tqdm import tqdm

from inphase.data.poses import PoseTrack
from inphase.data.video import Video, VideoError
from inphase.errors import InputError
from inphase.views.clips import HEIGHT, WIDTH


class ClipFrames:
    """Frames of numbered videos, all of one size, never one decoded twice for the same question.

    What fits into memory is decoded once, here, and kept as bytes; else each call decodes the span
    that it needs, and nothing is kept.

    Args:
        videos: To decode. One that cannot be read is warned about and left out.
        size: Height of the frames; the width follows as 171 : 128, whatever the video's own shape
            (Jenni, Meishvili and Favaro, ECCV 2020, section 3.3, after C3D).
        keep: Bytes to keep frames in, at most.
        progress: Show a bar while decoding.

    Attributes:
        videos: Those that can be read.
        lengths: Frames in each of them.
        size: Height and width of the frames.
        kept: Whether all frames are in memory.

    Raises:
        InputError: If no video can be read, or one is not a video but poses.
    """

    def __init__(
        self,
        videos: Sequence[Video],
        *,
        size: int = HEIGHT,
        keep: int = 2 * 2**30,
        progress: bool = True,
    ):
        if size < 1:
            raise InputError(f"frames must be at least 1 pixel high, not {size}")
        self.size = size, max(1, round(size * WIDTH / HEIGHT))
        lengths = _lengths(videos)
        needed = 3 * self.size[0] * self.size[1] * sum(length for _, length in lengths)
        self.kept = needed <= keep
        frames = _decoded(lengths, self.size, progress) if self.kept else {}
        found = [(k, each) for k, each in enumerate(lengths) if not self.kept or k in frames]
        self._frames = [frames[k] for k, _ in found if self.kept]
        self.videos = [video for _, (video, _) in found]
        self.lengths = [length for _, (_, length) in found]
        if not self.videos:
            raise InputError(
                f"none of the {len(videos)} videos can be read: see the warnings above"
                if videos
                else "no videos were given: give at least one"
            )

    def frames(
        self, video: int, indices: Int64[np.ndarray, " n"]
    ) -> UInt8[np.ndarray, "n {self.size[0]} {self.size[1]} 3"]:
        """Frames of one video; the file is opened once at most, and each frame decoded once.

        Args:
            video: Its number in `videos`.
            indices: Frame numbers in any order, repeats allowed.

        Raises:
            VideoError: If the file can no longer be read.
        """
        if self.kept:
            return self._frames[video][indices]
        return self.videos[video].frames(indices, size=self.size)


def _lengths(videos: Sequence[Video]) -> list[tuple[Video, int]]:
    """Videos that can be opened, and how many frames they have."""
    found = []
    for video in videos:
        if isinstance(video, PoseTrack):
            raise InputError(
                f"{video.path} holds poses, but clip networks look at pixels: give them videos"
            )
        try:
            found.append((video, len(video)))
        except VideoError as error:
            warnings.warn(f"left out: {error}", stacklevel=3)
    return found


def _decoded(
    videos: list[tuple[Video, int]], size: tuple[int, int], progress: bool
) -> dict[int, UInt8[np.ndarray, "t h w 3"]]:
    """All frames of each video, by its number, without those that break off."""
    found = {}
    total = sum(length for _, length in videos)
    with tqdm(total=total, desc="decoding", unit="frame", disable=not progress) as bar:
        for k, (video, length) in enumerate(videos):
            frames, done = np.empty((length, *size, 3), np.uint8), 0
            try:
                for chunk in video.stream(size=size):
                    frames[done : done + len(chunk)] = chunk
                    done += len(chunk)
                    bar.update(len(chunk))
                if done != length:
                    raise VideoError(f"{video.path}: {done} of its {length} frames can be read")
            except VideoError as error:
                warnings.warn(f"left out: {error}", stacklevel=3)
                continue
            found[k] = frames
    return found
