"""Small clips in many formats whose every frame shows its own number as a bar code."""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

BITS = 8
COUNT = 75  # frames in a clip, unless told


def picture(number: int, height: int = 96, width: int = 160) -> NDArray[np.uint8]:
    """The number as black and white bars in the upper half, highest bit left; grey below."""
    image = np.full((height, width, 3), 128, np.uint8)
    for bit in range(BITS):
        left, right = width * bit // BITS, width * (bit + 1) // BITS
        image[: height // 2, left:right] = 255 * (number >> (BITS - 1 - bit) & 1)
    return image


def numbers(frames: NDArray[np.uint8]) -> list[int]:
    """Read the numbers off upright pictures; a picture the wrong way up reads wrong."""
    height, width = frames.shape[1:3]
    strip = frames[:, height // 8 : max(height // 8 + 1, height * 3 // 8)].mean(axis=(1, 3))
    centres = [int(width * (bit + 0.5) / BITS) for bit in range(BITS)]
    ones = strip[:, centres] > 128
    return (ones @ (1 << np.arange(BITS)[::-1])).tolist()


def encode(
    path: Path,
    codec: str = "libx264",
    *,
    count: int = COUNT,
    height: int = 96,
    width: int = 160,
    rate: int = 25,
    milliseconds: Sequence[int] | None = None,
    pixels: str = "yuv420p",
    options: dict[str, str] | None = None,
    container: dict[str, str] | None = None,
    aspect: int = 1,
    turns: int = 0,
) -> Path:
    """Encode `count` numbered frames; `turns` stores them turned left by quarter turns."""
    if codec not in av.codecs_available:
        pytest.skip(f"this PyAV has no {codec}")
    with av.open(path, "w", options=container or {}) as file:
        stream = file.add_stream(codec, rate=rate, options=options or {})
        assert isinstance(stream, av.VideoStream)
        first = np.rot90(picture(0, height, width), turns)
        stream.height, stream.width, stream.pix_fmt = *first.shape[:2], pixels
        stream.codec_context.sample_aspect_ratio = Fraction(aspect)
        if milliseconds is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for number in range(count):
            image = np.ascontiguousarray(np.rot90(picture(number, height, width), turns))
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            if milliseconds is not None:
                frame.pts, frame.time_base = milliseconds[number], Fraction(1, 1000)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def set_display_matrix(path: Path, a: int, b: int, c: int, d: int) -> Path:
    """Write the matrix that sends (p, q) to (a p + c q, b p + d q) into an mp4's track header."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40  # after the type, and the fields of a version 0 header
    one = 1 << 16
    data[at : at + 36] = struct.pack(">9i", a * one, b * one, 0, c * one, d * one, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


def trim(path: Path, source: Path, frames: int, rate: int = 25) -> Path:
    """Copy packets with their clock set back, so that an edit list hides the first frames."""
    with av.open(source) as old, av.open(path, "w") as new:
        stream = old.streams.video[0]
        copy = new.add_stream_from_template(stream)
        assert stream.time_base is not None
        shift = round(Fraction(frames, rate) / stream.time_base)
        for packet in old.demux(stream):
            if packet.dts is not None and packet.pts is not None:
                packet.pts, packet.dts, packet.stream = packet.pts - shift, packet.dts - shift, copy
                new.mux(packet)
    return path


def join_late(path: Path, source: Path, first: int) -> Path:
    """Copy packets from the first key frame after frame `first` on, as a recorder that tunes in."""
    with av.open(source) as old, av.open(path, "w") as new:
        stream = old.streams.video[0]
        copy, started = new.add_stream_from_template(stream), False
        for packet in old.demux(stream):
            if packet.pts is not None and packet.dts is not None and stream.time_base is not None:
                late = packet.pts * stream.time_base * 25 > first
                started = started or (packet.is_keyframe and late)
                if started:
                    packet.stream = copy
                    new.mux(packet)
    return path


def cut(path: Path, source: Path, share: float) -> Path:
    """Keep only the first part of a file's bytes."""
    data = source.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


LONG_GOP = {"g": "250", "bf": "3", "sc_threshold": "0"}
SHORT_GOP = {"g": "20", "bf": "3", "sc_threshold": "0"}
X264_OPEN = {"x264-params": "open-gop=1:keyint=20:min-keyint=20:bframes=3:scenecut=0"}
X265_OPEN = {"x265-params": "open-gop=1:keyint=20:min-keyint=20:bframes=4:scenecut=0:log-level=0"}
UNEVEN = np.cumsum([0] + [16, 33, 117, 67][:4] * COUNT)[:COUNT].tolist()


@dataclass(frozen=True)
class Clip:
    """A file, and what must come out of it: the numbers on its frames and their times."""

    path: Path
    numbers: list[int]
    times: NDArray[np.float64]


def even(rate: float, count: int = COUNT) -> NDArray[np.float64]:
    return np.arange(count) / rate


def in_milliseconds(rate: float, count: int = COUNT) -> NDArray[np.float64]:
    """Matroska rounds times to milliseconds."""
    return np.round(np.arange(count) * 1000 / rate) / 1000


def _clip(path: Path, times: NDArray[np.float64], first: int = 0) -> Clip:
    return Clip(path, list(range(first, first + len(times))), times)


def _turned(path: Path, turns: int, matrix: tuple[int, int, int, int]) -> Path:
    return set_display_matrix(encode(path, options=SHORT_GOP, turns=turns), *matrix)


MAKERS: dict[str, Callable[[Path], Clip]] = {
    "long gop": lambda f: _clip(encode(f / "long.mp4", options=LONG_GOP), even(25)),
    "short gop": lambda f: _clip(encode(f / "short.mov", options=SHORT_GOP), even(25)),
    "uneven rate": lambda f: _clip(
        encode(f / "uneven.mp4", options=SHORT_GOP, milliseconds=UNEVEN), np.array(UNEVEN) / 1000
    ),
    "uneven rate mkv": lambda f: _clip(
        encode(f / "uneven.mkv", options=SHORT_GOP, milliseconds=UNEVEN), np.array(UNEVEN) / 1000
    ),
    "open gop": lambda f: _clip(encode(f / "open.mp4", options=X264_OPEN), even(25)),
    "open gop mkv": lambda f: _clip(encode(f / "open.mkv", options=X264_OPEN), in_milliseconds(25)),
    "open gop ts": lambda f: _clip(encode(f / "open.ts", options=X264_OPEN), even(25)),
    "hevc open gop": lambda f: _clip(
        encode(f / "hevc.mp4", "libx265", options=X265_OPEN), even(25)
    ),
    "hevc open gop mkv": lambda f: _clip(
        encode(f / "hevc.mkv", "libx265", options=X265_OPEN), in_milliseconds(25)
    ),
    "starts in an open gop": lambda f: _clip(
        join_late(f / "late.mp4", encode(f / "all.mp4", "libx265", options=X265_OPEN), 10),
        even(25, COUNT - 20),
        first=20,
    ),
    "starts in an open gop ts": lambda f: _clip(
        join_late(f / "late.ts", encode(f / "all.ts", options=X264_OPEN), 10),
        even(25, COUNT - 20),
        first=20,
    ),
    "three-frame gop": lambda f: _clip(
        encode(f / "two.mp4", options={"g": "3", "bf": "2", "sc_threshold": "0"}), even(25)
    ),
    "intra refresh": lambda f: _clip(
        encode(f / "refresh.mkv", options={"x264-params": "intra-refresh=1:keyint=20:scenecut=0"}),
        in_milliseconds(25),
    ),
    "vp9": lambda f: _clip(
        encode(
            f / "vp9.webm",
            "libvpx-vp9",
            rate=30,
            options={"g": "20", "lag-in-frames": "16", "auto-alt-ref": "1", "cpu-used": "6"},
        ),
        in_milliseconds(30),
    ),
    "vp8": lambda f: _clip(
        encode(
            f / "vp8.webm",
            "libvpx",
            options={"g": "20", "lag-in-frames": "16", "auto-alt-ref": "1", "cpu-used": "6"},
        ),
        in_milliseconds(25),
    ),
    "av1": lambda f: _clip(
        encode(f / "av1.mkv", "libsvtav1", options={"preset": "12", "g": "20"}),
        in_milliseconds(25),
    ),
    "mpeg4 avi": lambda f: _clip(
        encode(f / "mpeg4.avi", "mpeg4", options={"g": "20", "bf": "0"}), even(25)
    ),
    "mpeg4 avi with b-frames": lambda f: _clip(
        encode(f / "bframes.avi", "mpeg4", options={"g": "20", "bf": "2"}), even(25)
    ),
    "h264 avi": lambda f: _clip(encode(f / "h264.avi", options=SHORT_GOP), even(25)),
    "mpeg2": lambda f: _clip(
        encode(f / "two.mpg", "mpeg2video", options={"g": "15", "bf": "2"}), even(25)
    ),
    "gif": lambda f: _clip(encode(f / "one.gif", "gif", rate=20, pixels="rgb8"), even(20)),
    "odd size": lambda f: _clip(
        encode(f / "odd.mp4", height=97, width=163, pixels="yuv444p", options=SHORT_GOP), even(25)
    ),
    "trimmed": lambda f: _clip(
        trim(f / "trim.mp4", encode(f / "whole.mp4", options=SHORT_GOP), 33),
        even(25, COUNT - 33),
        first=33,
    ),
    "turned right": lambda f: _clip(_turned(f / "right.mp4", 1, (0, 1, -1, 0)), even(25)),
    "turned left": lambda f: _clip(_turned(f / "left.mp4", 3, (0, -1, 1, 0)), even(25)),
    "upside down": lambda f: _clip(_turned(f / "down.mp4", 2, (-1, 0, 0, -1)), even(25)),
}


class Clips:
    """The makers above, for tests; each kind of clip is made once."""

    encode = staticmethod(encode)
    numbers = staticmethod(numbers)
    trim = staticmethod(trim)
    cut = staticmethod(cut)
    set_display_matrix = staticmethod(set_display_matrix)

    def __init__(self, folder: Path):
        self.folder = folder
        self.made: dict[str, Clip] = {}

    def of(self, kind: str) -> Clip:
        if kind not in self.made:
            place = self.folder / kind
            place.mkdir(exist_ok=True)
            self.made[kind] = MAKERS[kind](place)
        return self.made[kind]


@pytest.fixture(scope="session")
def clips(tmp_path_factory) -> Clips:
    return Clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture(params=list(MAKERS))
def clip(request, clips) -> Clip:
    """One clip of every kind."""
    return clips.of(request.param)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch) -> Path:
    """No test reads or writes the user's cache."""
    monkeypatch.setenv("INPHASE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
