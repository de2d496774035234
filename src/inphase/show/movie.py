"""Write H.264 films that play everywhere: browsers, phones, slides."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.video.reformatter import Colorspace, VideoReformatter
from jaxtyping import UInt8

from inphase.errors import InputError
from inphase.files import atomic

BT709 = 1  # the number that stands for it in FFmpeg's enums of colour space, primaries and curve


class Movie:
    """An open film; frames are appended at a constant rate."""

    def __init__(self, container: OutputContainer, stream: av.VideoStream):
        self._container = container
        self._stream = stream
        self._count = 0
        self._reformat = VideoReformatter().reformat  # kept: making one costs more than its work

    def append(self, frame: UInt8[np.ndarray, "h w 3"], times: int = 1) -> None:
        """Show an RGB frame for so many ticks (none is allowed)."""
        if times == 0:
            return
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        picture = self._reformat(picture, format="yuv420p", dst_colorspace=Colorspace.ITU709)
        picture.time_base = 1 / self._stream.codec_context.framerate
        for _ in range(times):
            picture.pts = self._count
            self._container.mux(self._stream.encode(picture))
            self._count += 1

    def finish(self) -> None:
        """Flush the encoder."""
        self._container.mux(self._stream.encode(None))


@contextmanager
def write_movie(
    path: Path, rate: Fraction, size: tuple[int, int], *, group: int = 10, quality: int = 23
) -> Iterator[Movie]:
    """Open a film for writing: H.264, yuv420p, constant rate, index at the front of the file.

    It is written beside `path` and renamed when complete; nothing is left behind on an error.

    Args:
        path: The `.mp4` file.
        rate: Frames a second.
        size: (height, width), both even.
        group: Frames from one key frame to the next. Groups are closed and there are no B-frames,
            so that a browser lands on the frame it is asked for.
        quality: x264's constant rate factor; smaller is better and larger.

    Raises:
        InputError: If the file cannot be written (folder not writable, disk full).
    """
    height, width = size
    try:
        with (
            atomic(path) as temporary,
            av.open(
                str(temporary), "w", format="mp4", options={"movflags": "+faststart"}
            ) as container,
        ):
            stream = container.add_stream("libx264", rate=rate)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.options = {
                "crf": str(quality), "preset": "veryfast", "g": str(group), "bf": "0",
                "sc_threshold": "0", "flags": "+cgop",
            }  # fmt: skip
            context = stream.codec_context
            context.colorspace = context.color_primaries = context.color_trc = BT709
            movie = Movie(container, stream)
            yield movie
            movie.finish()
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> InputError:
    """The sentence for a file that the system does not let us write."""
    reason = error.strerror or str(error)
    return InputError(f"{path} cannot be written ({reason}): free space or choose another folder.")


def even(number: float) -> int:
    """The nearest even whole number, at least 2: yuv420p halves both sides."""
    return max(2, 2 * round(number / 2))
