"""What one pass over a file tells: when each frame is shown, and from where it can be decoded.

Frame counts and rates written in a file's header are wrong for trimmed, variable-rate and cut
files, so the packets themselves are read.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from jaxtyping import Float64, Int64

from inphase.data.opening import VideoError, frames_from_here, opened

# Where packet times are known to equal the decoded frames' times and seeking is exact. Anything
# else is decoded once, and read from the beginning.
_EXACT_FORMATS = ("mov", "matroska", "mpegts")
_EXACT_CODECS = ("h264", "hevc", "vp9", "av1", "libdav1d", "mpeg4", "mjpeg", "prores")
_HEAD = 4  # frames decoded to see whether the packets tell the truth
_CAPTURE_TAGS = ("com.android.capture.fps", "com.apple.quicktime.capture.fps")


@dataclass(frozen=True)
class Index:
    """When the frames of a file are shown, and how to get at them.

    Attributes:
        stamps: When each frame appears, in ticks, ascending.
        keys: Stamps of the frames that decoding can start at, ascending. Empty: frames can only be
            reached in order from the beginning, and are told apart by their place.
        tick: Seconds per tick.
        last: How long the last frame is shown, in ticks.
        shape: Height and width before turning, with pixels made square.
        turn: The display matrix as (swap axes, flip up-down, flip left-right), done in this order.
        capture_fps: The camera's own frame rate if the file tells it, else 0.
        note: What is odd about the file in a few words, or nothing.
        digest: The content's digest if it is known already.
    """

    stamps: Int64[np.ndarray, " t"]
    keys: Int64[np.ndarray, " k"]
    tick: Fraction
    last: int
    shape: tuple[int, int]
    turn: tuple[bool, bool, bool] = (False, False, False)
    capture_fps: float = 0.0
    note: str = ""
    digest: str = ""

    @property
    def times(self) -> Float64[np.ndarray, " t"]:
        """Seconds from the first frame to each frame."""
        ticks = self.stamps - self.stamps[:1]
        return ticks * self.tick.numerator / self.tick.denominator

    @property
    def steady(self) -> bool:
        """Whether every gap between frames is the median one, but for rounding to ticks."""
        gaps = np.diff(self.stamps)
        if not len(gaps):
            return True
        median = float(np.median(gaps))
        return bool(np.abs(gaps - median).max() <= max(2.0, 0.05 * median))

    @property
    def last_seconds(self) -> float:
        """Seconds that the last frame is shown."""
        return float(self.last * self.tick)


@dataclass
class _Packets:
    """The presentation stamps of a stream's packets, in file order."""

    shown: list[int]
    keys: list[int]
    lacking: bool = False  # a packet has no stamp
    damaged: bool = False  # a packet is cut, or the file stops in the middle of one
    trimmed: bool = False  # some packets are decoded but not shown
    last: int = 0  # length of the packet shown last

    @classmethod
    def read(cls, container: InputContainer, stream: VideoStream) -> "_Packets":
        packets, end = cls([], []), None
        try:
            for packet in container.demux(stream):
                if not packet.size:
                    continue
                if packet.pts is None or packet.is_corrupt:
                    packets.lacking |= packet.pts is None
                    packets.damaged |= packet.is_corrupt
                    continue
                if packet.is_keyframe:
                    packets.keys.append(packet.pts)
                if packet.is_discard:
                    packets.trimmed = True
                    continue
                packets.shown.append(packet.pts)
                if end is None or packet.pts > end:
                    end, packets.last = packet.pts, packet.duration or 0
        except (FFmpegError, OSError):
            packets.damaged = True
        return packets

    @property
    def whole(self) -> bool:
        """Whether every packet shown has a stamp of its own and none is cut."""
        one_each = 0 < len(self.shown) == len(set(self.shown))
        return one_each and not self.lacking and not self.damaged


def index_file(path: Path) -> Index:
    """Index a video file in one pass over its packets, decoding as few frames as can be.

    The stamps of the packets are taken for the frames' where container and codec are known to keep
    their word, the file is whole, and its first frames agree; else every frame is decoded once.

    Args:
        path: The video file.

    Raises:
        VideoError: If the file cannot be read, or no frame of it decodes.
    """
    with opened(path, "NONE") as (container, stream):
        packets = _Packets.read(container, stream)
        exact = any(name in container.format.name for name in _EXACT_FORMATS)
        known = exact and stream.codec_context.name in _EXACT_CODECS and packets.whole
        stated_frames, stated_seconds = stream.frames, _stated_seconds(container, stream)
        capture_fps = _capture_fps(container, stream)
        rate = Fraction(stream.average_rate or stream.guessed_rate or 25)
        tick = Fraction(stream.time_base or 1 / rate)
    stamps = np.unique(np.array(packets.shown, np.int64))

    with opened(path, "NONE" if known else "AUTO") as (container, stream):
        frames = frames_from_here(container, stream)
        first = next(frames, None)
        if first is None:
            raise VideoError(f"{path}: holds no frame that can be decoded")
        shape, turn = _shape(first, stream), _turn(first)
        head = [first.pts, *(frame.pts for frame in islice(frames, _HEAD - 1))]
        if known and head == stamps[:_HEAD].tolist():
            decoded = stamps.tolist()
        else:
            decoded = [*head, *(frame.pts for frame in frames)]
    last, keys = packets.last or round(1 / (rate * tick)), packets.keys if exact else []
    numbers = _ascending(decoded)
    if numbers is None:  # frames without trustworthy stamps can only be counted
        numbers, tick, last, keys = range(len(decoded)), 1 / rate, 1, []
    elif not set(numbers).issubset(packets.shown):  # seeking would not find them
        keys = []
    index = Index(
        np.array(numbers, np.int64),
        np.unique(np.array(keys, np.int64)),
        tick,
        last,
        shape,
        turn,
        capture_fps,
    )
    return replace(index, note=_shortfall(index, packets, stated_frames, stated_seconds))


def _ascending(stamps: Sequence[int | None]) -> list[int] | None:
    """Return the stamps if every frame has one, later than the frame before; else None."""
    numbers = [stamp for stamp in stamps if stamp is not None]
    later = all(a < b for a, b in pairwise(numbers))
    return numbers if later and len(numbers) == len(stamps) else None


def _shape(frame: VideoFrame, stream: VideoStream) -> tuple[int, int]:
    """Height and width with square pixels: the width is stretched, as players do."""
    aspect = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or 1
    return frame.height, max(1, round(frame.width * aspect))


def _turn(frame: VideoFrame) -> tuple[bool, bool, bool]:
    """Read the display matrix, which sends a pixel (p, q) to (a p + c q, b p + d q).

    Other angles than quarter turns are rounded to the nearest one.
    """
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return False, False, False
    a, b, _, c, d = np.frombuffer(bytes(matrix), np.int32)[:5].tolist()
    if abs(b) > abs(a):
        return True, b < 0, c < 0
    return False, d < 0, a < 0


def _stated_seconds(container: InputContainer, stream: VideoStream) -> float:
    """How long the picture lasts by the file's own word, 0 if it does not tell."""
    if "mov" in container.format.name and stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if len(container.streams) == 1 and container.duration:
        return container.duration / 1e6
    hours, _, rest = stream.metadata.get("DURATION", "").partition(":")
    minutes, _, seconds = rest.partition(":")
    try:
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    except ValueError:
        return 0.0


def _capture_fps(container: InputContainer, stream: VideoStream) -> float:
    """The camera's frame rate as phones note it beside slow motion, 0 if absent."""
    for metadata in (container.metadata, stream.metadata):
        for tag in _CAPTURE_TAGS:
            with suppress(KeyError, ValueError):
                return float(metadata[tag])
    return 0.0


def _shortfall(index: Index, packets: _Packets, frames: int, seconds: float) -> str:
    """Say how much of a cut or damaged file can be used, or nothing if it is whole."""
    have = float(index.times[-1]) + index.last_seconds
    early = seconds - have > max(0.5, 3 * index.last_seconds)
    if not early and not packets.damaged:
        return ""
    what = "ends early" if early or not seconds else "damaged"
    if frames > len(index.stamps) and not packets.trimmed:
        return f"{what}: {len(index.stamps)} of {frames} frames decode"
    if early:
        return f"{what}: {have:.1f} of {seconds:.1f} s decode"
    return f"{what}: {len(index.stamps)} frames decode"
