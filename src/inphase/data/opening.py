"""Open a video file, or say in one sentence why it cannot be opened."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError, InvalidDataError
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from inphase.errors import InputError

# FFmpeg's names of formats that hold pictures themselves.
_FILES_ONLY = {
    "format_whitelist": "mov,mp4,matroska,webm,avi,gif,mpeg,mpegts,mpegvideo,m4v,asf,flv,ogg,h264,"
    "hevc,ivf,mjpeg,yuv4mpegpipe,dv,mxf,nut,rm"
}


class VideoError(InputError):
    """A video that cannot be read; one sentence that names the file and the reason."""


@contextmanager
def opened(path: Path, threads: str = "AUTO") -> Iterator[tuple[InputContainer, VideoStream]]:
    """Yield the container and its picture stream; close the file afterwards.

    Args:
        path: A video file. Playlists, which lead to other files or wait for a network, are refused.
        threads: FFmpeg's decoding threads, "AUTO" for speed or "NONE" for many files at once.

    Raises:
        VideoError: If the file is missing, not readable, not a video, or holds no picture.
    """
    where = str(path.absolute())  # never taken for an address
    try:
        # Opening it ourselves tells a missing file from a broken one in the system's own words.
        with path.open("rb") as file:
            head = file.read(12)
        container = av.open(where, options=_FILES_ONLY, metadata_errors="replace")
    except FileNotFoundError:
        raise VideoError(f"{path}: there is no such file") from None
    except PermissionError:
        raise VideoError(f"{path}: no permission to read this file") from None
    except IsADirectoryError:
        raise VideoError(f"{path}: a folder, not a video file") from None
    except (FFmpegError, OSError, ValueError) as error:
        raise VideoError(f"{path}: {_why_unreadable(path, head, error)}") from None
    with container:
        streams = [s for s in container.streams.video if not _is_cover(s)]
        if not streams:
            raise VideoError(f"{path}: holds no picture stream, only {_kinds(container)}")
        streams[0].thread_type = threads
        yield container, streams[0]


def frames_from_here(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Yield every frame that decodes from the container's position on, in order shown.

    Damaged packets are passed over and damaged containers end early, as players do.
    """
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except (FFmpegError, OSError):
            packet = None
        if packet is not None and packet.is_corrupt:
            continue
        with suppress(FFmpegError):
            yield from stream.decode(packet)
        if packet is None:
            return


def _is_cover(stream: VideoStream) -> bool:
    """Whether the stream is a still cover picture, as music files carry."""
    return bool(stream.disposition & Disposition.attached_pic)


def _kinds(container: InputContainer) -> str:
    kinds = sorted({stream.type for stream in container.streams})
    return " and ".join(kinds) or "nothing"


def _why_unreadable(path: Path, head: bytes, error: Exception) -> str:
    if not head:
        return "the file is empty"
    if head[4:8] == b"ftyp":
        return "ends before its table of frames (moov atom missing): the recording was cut short"
    # EINVAL: not on the list above. Its class has another name in each series of PyAV.
    if isinstance(error, InvalidDataError) or getattr(error, "errno", None) == errno.EINVAL:
        return "not a video file of a known format"
    return f"cannot be opened ({getattr(error, 'strerror', None) or error})"
