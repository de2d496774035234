"""From a file and its index to pixels: exactly the frames asked for, resized while decoding."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from av.video.stream import VideoStream
from jaxtyping import Int, UInt8

from inphase.data.index import Index
from inphase.data.opening import VideoError, frames_from_here, opened

# Frames that are cheaper to decode than a seek, which empties and refills the decoder's threads.
_WORTH_A_SEEK = 16


def decode(
    path: Path, index: Index, wanted: Int[np.ndarray, " n"], size: tuple[int, int]
) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
    """Yield the frames wanted one by one, in memory for a few frames.

    Each is decoded from the last key frame before it, or onwards from the frame read last where
    that is cheaper; the pixels are the same either way. A frame that does not decode, in a file
    damaged in the middle, is replaced by the one shown before it, as players do.

    Args:
        path: The video file.
        index: Its index.
        wanted: Places of frames in the index, ascending.
        size: Height and width to scale to, as displayed.

    Raises:
        VideoError: If the file cannot be opened any more, or nothing of it decodes.
    """
    scale = Scaler(size, index.turn)
    with opened(path) as (container, stream):
        reader = _Reader(container, stream, index)
        for place in wanted.tolist():
            frame = reader.frame_at(place)
            if frame is None:
                raise VideoError(f"{path}: no longer decodes; was it changed or cut short?")
            yield scale(frame)


class Scaler:
    """Turn decoded frames into RGB arrays of one size, upright.

    Shrinking averages the area under each new pixel, so that fine texture does not flicker;
    enlarging is bicubic.
    """

    def __init__(self, size: tuple[int, int], turn: tuple[bool, bool, bool]):
        self.swap, self.up_down, self.left_right = turn
        self.size = size[::-1] if self.swap else size
        self.reformatter = VideoReformatter()

    def __call__(self, frame: VideoFrame) -> UInt8[np.ndarray, "h w 3"]:
        """Scale, convert and turn one frame."""
        height, width = self.size
        shrinks = height <= frame.height and width <= frame.width
        filtering = Interpolation.AREA if shrinks else Interpolation.BICUBIC
        scaled = self.reformatter.reformat(frame, width, height, "rgb24", interpolation=filtering)
        picture = scaled.to_ndarray()
        if self.swap:
            picture = picture.transpose(1, 0, 2)
        if self.up_down:
            picture = picture[::-1]
        if self.left_right:
            picture = picture[:, ::-1]
        return picture


class _Reader:
    """A position in an open file that moves on frame by frame, or seeks."""

    def __init__(self, container: InputContainer, stream: VideoStream, index: Index):
        self.container, self.stream, self.index = container, stream, index
        # The first frame shown from each key frame on. Pictures decoded after a key frame but shown
        # before it may lean on what came before the seek, and are not taken from there.
        self.starts = np.searchsorted(index.stamps, index.keys)
        self.frames = self._placed(0)
        self.ahead: tuple[int, VideoFrame] | None = None
        self.place, self.frame = -1, None

    def frame_at(self, place: int) -> VideoFrame | None:
        """Return the frame on screen at a place, which must not lie before the last one asked."""
        run = int(np.searchsorted(self.starts, place, side="right")) - 1
        if run >= 0 and self.starts[run] > self.place + _WORTH_A_SEEK:
            self._seek(run)
        while self.place < place:
            following = self.ahead or next(self.frames, None)
            self.ahead = None
            if following is None:
                break
            if following[0] > place:
                self.ahead = following
                break
            self.place, self.frame = following
        # Nothing before it decodes: the first frame that does stands in for it.
        return self.frame or (self.ahead and self.ahead[1])

    def _seek(self, run: int) -> None:
        """Go to a key frame, or to one before it if the file does not lead there."""
        for key in range(run, -1, -1):
            self.container.seek(int(self.index.keys[key]), stream=self.stream)
            self.frames = self._placed(int(self.starts[key]))
            self.ahead = next(self.frames, None)
            if self.ahead is not None and self.ahead[0] == self.starts[key]:
                break

    def _placed(self, start: int) -> Iterator[tuple[int, VideoFrame]]:
        """Yield the frames decoded from here on with their places in the index, from `start` on."""
        frames = frames_from_here(self.container, self.stream)
        if not len(self.index.keys):
            yield from enumerate(frames)
            return
        for frame in frames:
            if frame.pts is None:
                continue
            place = int(np.searchsorted(self.index.stamps, frame.pts))
            if start <= place < len(self.index.stamps):
                yield place, frame
