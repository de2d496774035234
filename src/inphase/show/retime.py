"""Which frame of a video to show at each moment of a clock.

A clock ticks at a constant rate, the reference's. Every function here returns one own frame index
per tick, never decreasing, so that one forward pass through a video is enough to show it.

Three clocks, so that people see what aligning does:

- `aligned`: the own frame that the alignment matches with the reference's frame of that tick;
- `own`: each video in its own time, all started together, held on its last frame when finished;
- `percentage`: each video stretched evenly over the reference's duration.
"""

from collections.abc import Generator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from jaxtyping import Float64, Int, UInt8

from inphase.data.video import Video
from inphase.tasks.align import Alignment

CLOCKS = ("aligned", "own", "percentage")

# Times that come through interpolation miss a frame's exact time by rounding; no camera has
# frames as short as this.
ROUNDING = 1e-4


@dataclass(frozen=True)
class Clock:
    """The reference's clock: `count` ticks at a constant `rate` (ticks a second)."""

    rate: Fraction
    count: int

    def middles(self, count: int | None = None) -> Float64[np.ndarray, " n"]:
        """Seconds from the start to the middle of each tick.

        A frame is looked up at the middle of its tick, where rounding cannot tip it over.
        """
        return (np.arange(self.count if count is None else count) + 0.5) / float(self.rate)

    def ticks_in(self, seconds: float) -> int:
        """How many ticks a stretch of time takes, at least one."""
        return max(1, round(seconds * float(self.rate)))


def clock_of(reference: Video) -> Clock:
    """The clock of a reference: its median frame rate over its duration.

    A rate that differs from the median only by rounded times (some containers keep whole
    milliseconds) is taken as constant, and then each frame has exactly one tick.
    """
    count = max(1, round(reference.duration * reference.rate))
    if abs(count - len(reference)) <= 0.02 * len(reference):
        count = len(reference)
    return Clock(Fraction(count / reference.duration).limit_denominator(1001), count)


def own_frames(clock: Clock, video: Video, count: int | None = None) -> Int[np.ndarray, " n"]:
    """The frame on screen at each tick when a video plays in its own time.

    Args:
        clock: The reference's clock.
        video: Any video, the reference among them.
        count: Number of ticks; by default the video's own duration. Past its end the last frame
            is held.
    """
    count = clock.ticks_in(video.duration) if count is None else count
    return _on_screen(video, float(video.times[0]) + clock.middles(count))


def percentage_frames(clock: Clock, video: Video) -> Int[np.ndarray, " n"]:
    """The frame on screen at each tick when a video is stretched evenly over the reference."""
    share = (np.arange(clock.count) + 0.5) / clock.count
    return _on_screen(video, float(video.times[0]) + share * video.duration)


def aligned_frames(
    clock: Clock, reference: Video, video: Video, alignment: Alignment
) -> Int[np.ndarray, " n"]:
    """The own frame matched with the reference's frame of each tick."""
    reference_times = reference.times[own_frames(clock, reference, clock.count)]
    return _on_screen(video, np.asarray(alignment.to_other(reference_times)) + ROUNDING)


def frames_to_show(
    name: str, clock: Clock, reference: Video, video: Video, alignment: Alignment | None
) -> Int[np.ndarray, " n"]:
    """The own frame index at each tick of the named clock.

    Args:
        name: One of `CLOCKS`. On `own` there are as many ticks as the video lasts.
        clock: The reference's clock.
        reference: The reference.
        video: The video to show.
        alignment: Its alignment with the reference; None for the reference itself.
    """
    if name == "own":
        return own_frames(clock, video)
    if alignment is None:
        return own_frames(clock, video, clock.count)
    if name == "percentage":
        return percentage_frames(clock, video)
    return aligned_frames(clock, reference, video, alignment)


def play(
    video: Video,
    indices: Int[np.ndarray, " n"],
    *,
    size: tuple[int, int] | None = None,
    chunk: int = 8,
) -> Generator[UInt8[np.ndarray, "h w 3"], None, None]:
    """Yield the frames at non-decreasing indices, decoding once and holding `chunk` frames."""
    stream = video.stream(size=size, chunk=chunk)
    frames = (frame for block in stream for frame in block)
    at, frame = -1, None
    try:
        for index in indices:
            while at < index:
                frame = next(frames)
                at += 1
            assert frame is not None
            yield frame
    finally:
        frames.close()
        close = getattr(stream, "close", None)  # ends the decoder now, not when collected
        if close is not None:
            close()


def _on_screen(video: Video, seconds: Float64[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
    return np.maximum.accumulate(np.asarray(video.index_at(seconds)))
