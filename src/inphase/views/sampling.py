"""Which frames of a video training looks at: one rising array of frame numbers a view."""

import math
from typing import Literal

import numpy as np
from jaxtyping import Int64, Integer

View = Int64[np.ndarray, " _"]


def two_clips(
    length: int,
    frames: int,
    generator: np.random.Generator,
    *,
    alpha: float | int = 1.5,
    beta: float | int = 0.2,
    variant: Literal["paper", "code"] = "paper",
) -> tuple[View, View]:
    r"""Draw the frames of two overlapping random clips, each shown at a random, uneven speed.

    Each clip is between `frames` and `alpha * frames` long, the clips share at least `beta` of the
    shorter one, and `frames` sorted frames are drawn from each without replacement. In a video
    shorter than `alpha * frames`, `frames` is lowered to its length over `alpha`, so that there
    is always something to crop.

    Source: Chen et al., CARL, CVPR 2022, section 3.2. The paper leaves open what the share is a
    share of, here of the shorter clip, and what is done with short videos.

    `code` is what the released code does on Pouring, Penn Action and Kinetics: of
    $n = \min(L, T)$ sorted steps out of $\lceil r L \rceil$, $r \sim U(1, \alpha)$, those past the
    end of the video are dropped. So both views span the whole video, nothing is cropped, `beta`
    has no part, and with $\alpha = 1.5$ about 19 % of the steps are lost. (The code masks lost
    steps; should all be lost, the last frame is kept here.)

    Args:
        length: Frames in the video, $L$.
        frames: Frames in a view, $T$ in the paper (240; 80 for Penn Action).
        generator: The source of randomness.
        alpha: Longest clip in units of `frames`, 1.5 in the paper.
        beta: Least overlap as a share, 0.2 in the paper.
        variant: `paper` or `code`.

    Returns:
        Two rising sequences of frame numbers, equally long in the paper's variant.
    """
    if variant == "code":
        one, two = (_past_the_end(length, frames, generator, alpha) for _ in range(2))
        return one, two
    drawn = max(1, min(frames, int(length / alpha)))
    sizes = [min(length, round(drawn * float(generator.uniform(1.0, alpha)))) for _ in range(2)]
    overlap = max(1, int(np.ceil(beta * min(sizes))))
    first = int(generator.integers(0, length - sizes[0] + 1))
    lowest = max(0, first - sizes[1] + overlap)
    highest = min(length - sizes[1], first + sizes[0] - overlap)
    second = int(generator.integers(lowest, highest + 1))
    one, two = (
        start + _sorted(size, drawn, generator)
        for start, size in zip((first, second), sizes, strict=True)
    )
    return one, two


def uniform_chunks(length: int, frames: int, generator: np.random.Generator) -> tuple[View]:
    """Cut the whole video into `frames` equal chunks and draw one frame of each.

    Source: Haresh et al., LAV, CVPR 2021, section 4, implementation details. Of videos shorter
    than `frames` the paper says nothing; here they give every frame once.

    Args:
        length: Frames in the video.
        frames: Chunks, the paper's p: 40 on Pouring, 20 on Penn Action and IKEA ASM.
        generator: The source of randomness.

    Returns:
        One view of min(`frames`, `length`) frames.
    """
    count = min(frames, length)
    edges = np.arange(count + 1, dtype=np.int64) * length // count
    return (generator.integers(edges[:-1], edges[1:]).astype(np.int64),)


def sorted_random(length: int, frames: int, generator: np.random.Generator) -> tuple[View]:
    """Draw `frames` different frames of the whole video, every set as likely as any other.

    Source: Dwibedi et al., TCC, CVPR 2019 (`offset_uniform` in the code), and Liu et al., VAVA,
    CVPR 2022, supplement, "Robustness when aligning videos with different durations".
    Deviation: a video shorter than `frames` gives every frame once, where TCC's code repeats the
    last one.

    Args:
        length: Frames in the video.
        frames: Frames in a view, 20 in TCC.
        generator: The source of randomness.

    Returns:
        One view of min(`frames`, `length`) frames.
    """
    return (_sorted(length, min(frames, length), generator),)


def every_frame(
    length: int,
    frames: int,
    generator: np.random.Generator | None = None,
    *,
    stride: int = 1,
) -> tuple[View]:
    """Take the whole video: every frame, or as many as `frames` evenly spaced ones.

    Args:
        length: Frames in the video.
        frames: Most frames in a view.
        generator: Not used: nothing is random.
        stride: Take every so-manieth frame, before it is looked whether these are too many.

    Returns:
        One view; the first and the last of the frames `stride` apart are always in it, if `frames`
        is 2 or more.
    """
    shown = np.arange(0, length, stride, dtype=np.int64)
    if len(shown) <= frames:
        return (shown,)
    places = np.linspace(0, len(shown) - 1, frames)
    return (shown[np.round(places).astype(np.int64)],)


def context(
    indices: Integer[np.ndarray, " n"],
    length: int,
    *,
    count: int = 2,
    stride: int = 15,
    ahead: int = 0,
) -> Int64[np.ndarray, "n {count}"]:
    r"""Name the frames that are shown to a convolutional encoder with each frame $t$.

    They are $t - s (k - 1), \dots, t - s, t$ for $k$ frames with stride $s$, where the first frame
    stands in for those before the beginning. Only frames before are looked at, as in TCC (Dwibedi
    et al., CVPR 2019) and LAV (Haresh et al., CVPR 2021): two frames, 15 apart in their code.
    With $a$ frames ahead all of them are $s a$ later, and the last frame stands in for those past
    the end.

    Args:
        indices: Frame numbers $t$.
        length: Frames in the video.
        count: Frames shown at a time, $k$, the frame itself included.
        stride: Frames from one of them to the next, $s$.
        ahead: How many of them come after the frame itself, $a$.

    Returns:
        Frame numbers, in order of time.
    """
    before = (np.arange(count - 1, -1, -1) - ahead) * stride
    return np.clip(indices[:, None] - before, 0, length - 1).astype(np.int64)


def _sorted(length: int, count: int, generator: np.random.Generator) -> View:
    return np.sort(generator.choice(length, count, replace=False)).astype(np.int64)


def _past_the_end(
    length: int, frames: int, generator: np.random.Generator, alpha: float | int
) -> View:
    block = math.ceil(float(generator.uniform(1.0, alpha)) * length)
    steps = _sorted(block, min(length, frames), generator)
    kept = steps[steps < length]
    return kept if len(kept) else np.array([length - 1])
