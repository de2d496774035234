r"""Temporal transformations: which frames a clip takes, so that only time tells clips apart.

Source: Jenni, Meishvili and Favaro, "Video Representation Learning by Recognizing Temporal
Transformations", ECCV 2020, section 3.1. Every function draws the frame numbers of one clip of
$n$ frames (`frames`, 16 in the paper), at speed $\kappa$: one frame in $2^\kappa$.

Where a clip lies in its video is drawn uniformly among all places where it fits. A speed too
large for the video is lowered to `largest_speed`, and whoever uses the speed as a label should
ask for that first. A video shorter than a clip is no error: its last frame is repeated in place
of those past its end. With a keyword argument given, nothing is drawn in its place.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from jaxtyping import Float64, Int64

from inphase.errors import InputError

CLIP = 16
SPEEDS = 4
TRANSFORMATIONS = ("speed", "random", "periodic", "warp")

Seed = int | np.random.Generator


def speed(
    length: int, seed: Seed, *, kappa: int, frames: int = CLIP, start: int | None = None
) -> Int64[np.ndarray, " {frames}"]:
    r"""Skip $2^\kappa - 1$ frames each time: $\rho + k\,2^\kappa$, $k = 0, \dots, n - 1$.

    Args:
        length: Frames in the video.
        seed: The source of randomness.
        kappa: Speed; 0 is the video's own, 3 is eight times as fast.
        frames: Frames in the clip, $n$.
        start: First frame, $\rho$.

    Raises:
        InputError: If a number makes no sense, or the clip does not fit at `start`.
    """
    step = _step(length, frames, kappa)
    offsets = step * np.arange(frames, dtype=np.int64)
    return _placed(offsets, length, np.random.default_rng(seed), start)


def random(
    length: int, seed: Seed, *, frames: int = CLIP, start: int | None = None
) -> Int64[np.ndarray, " {frames}"]:
    r"""Shuffle frames, none skipped: $\rho + \mathrm{permutation}([0, \dots, n - 1])$.

    Args:
        length: Frames in the video.
        seed: The source of randomness.
        frames: Frames in the clip, $n$.
        start: Lowest frame, $\rho$.

    Raises:
        InputError: If a number makes no sense, or the clip does not fit at `start`.
    """
    _step(length, frames, 0)
    generator = np.random.default_rng(seed)
    return _placed(generator.permutation(frames).astype(np.int64), length, generator, start)


def periodic(
    length: int,
    seed: Seed,
    *,
    kappa: int,
    frames: int = CLIP,
    midpoint: int | None = None,
    start: int | None = None,
) -> Int64[np.ndarray, " {frames}"]:
    r"""Play forward to a midpoint, then backward, both at speed $\kappa$.

    For a midpoint $2 \cdot 2^\kappa < s < (n - 3) 2^\kappa$, drawn uniformly, the frames are
    $$\rho + [0, 2^\kappa, \dots, \bar s\,2^\kappa, (\bar s - 1) 2^\kappa + \delta, \dots,
    (2 \bar s - n + 1) 2^\kappa + \delta],$$
    with $\bar s = \lfloor s / 2^\kappa \rfloor$, $\delta = s - \bar s\,2^\kappa$ and
    $\rho = \max(0, (n - 1 - 2 \bar s) 2^\kappa - \delta)$, as printed for $n = 16$. (To take
    one in $2^\kappa$ of "0 to s, then s - 1 to ...", as the text around it has it, would give
    $2 \delta$.)

    Deviation: the printed $\rho$ is the least that keeps frame numbers from being negative, and so
    the lowest frame of such a clip is always the video's first, which would tell it from the
    others by its content. A further `start` is added, as for the others; the released code, too,
    takes a random part of the video.

    Args:
        length: Frames in the video.
        seed: The source of randomness.
        kappa: Speed of both ways.
        frames: Frames in the clip, $n$, at least 7.
        midpoint: Where the direction switches, $s$, at the speed that the video allows.
        start: Lowest frame: what is added to the printed $\rho$.

    Raises:
        InputError: If a number makes no sense, or the clip does not fit at `start`.
    """
    step = _step(length, frames, kappa)
    generator = np.random.default_rng(seed)
    if frames < 7:
        raise InputError(f"A periodic clip of {frames} frames has no midpoint; give it 7 or more.")
    lowest, highest = 2 * step + 1, (frames - 3) * step - 1
    s = int(generator.integers(lowest, highest + 1)) if midpoint is None else midpoint
    if not lowest <= s <= highest:
        raise InputError(f"The midpoint {s} is not one of {lowest} to {highest}; choose another.")
    turn, delta = divmod(s, step)
    rho = max(0, (frames - 1 - 2 * turn) * step - delta)
    forward = step * np.arange(turn + 1, dtype=np.int64)
    backward = step * np.arange(turn - 1, 2 * turn - frames, -1, dtype=np.int64) + delta
    return _placed(rho + np.concatenate([forward, backward]), length, generator, start)


def warp(
    length: int,
    seed: Seed,
    *,
    frames: int = CLIP,
    most: int = 7,
    repeat: bool = False,
    skips: Sequence[int] | None = None,
    start: int | None = None,
) -> Int64[np.ndarray, " {frames}"]:
    r"""Skip a random number of frames each time, in order.

    The frames are $\rho + [0, d_1, d_1 + d_2, \dots, \sum_{j=1}^{n-1} d_j]$ with $d_j = s_j + 1$,
    each skip $s_j$ drawn independently and uniformly from $\{0, \dots, \text{most}\}$.

    The printed formula has $d_j = s_j$, which shows a frame twice where $s_j = 0$. The text calls
    $s_j$ the number of skipped frames "between any of the frames", and the released code steps
    by 1 to 8, so $s_j + 1$ is taken here; `repeat` is the formula to the letter.

    Of short videos the paper says nothing. Here the skips are those of the clips that fit: drawn
    as above under the condition that their sum does. From 121 frames on (16 frames, 7 skipped at
    most) all do. In a video of just `frames` frames there is nothing to skip, and the clip is that
    of speed 0. (The code lowers `most` with the speed that the video allows, and in less than
    64 frames draws any 16 in order.)

    Args:
        length: Frames in the video.
        seed: The source of randomness.
        frames: Frames in the clip, $n$.
        most: Largest number of skipped frames; 7 in the paper.
        repeat: Step by $s_j$ instead of $s_j + 1$.
        skips: The $s_j$, $n - 1$ of them.
        start: First frame, $\rho$.

    Raises:
        InputError: If a number makes no sense, or the clip does not fit at `start`.
    """
    _step(length, frames, 0)
    if most < 0:
        raise InputError(f"The most frames to skip are {most}; give 0 or more.")
    generator = np.random.default_rng(seed)
    least = 0 if repeat else 1
    if skips is None:
        skips = _skips(frames - 1, most, length - 1 - least * (frames - 1), generator)
    if len(skips) != frames - 1 or min(skips, default=0) < 0:
        raise InputError(f"A clip of {frames} frames needs {frames - 1} skips of 0 or more.")
    steps = np.asarray([0, *(skip + least for skip in skips)], dtype=np.int64)
    return _placed(np.cumsum(steps), length, generator, start)


def transform(
    name: str, length: int, seed: Seed, *, kappa: int, frames: int = CLIP
) -> Int64[np.ndarray, " {frames}"]:
    """Draw the frames of a clip by the transformation's name, one of `TRANSFORMATIONS`.

    Args:
        name: Of the transformation.
        length: Frames in the video.
        seed: The source of randomness.
        kappa: Speed; `random` and `warp` have none and ignore it.
        frames: Frames in the clip.

    Raises:
        InputError: If there is no such transformation, or a number makes no sense.
    """
    if name == "speed":
        return speed(length, seed, kappa=kappa, frames=frames)
    if name == "random":
        return random(length, seed, frames=frames)
    if name == "periodic":
        return periodic(length, seed, kappa=kappa, frames=frames)
    if name == "warp":
        return warp(length, seed, frames=frames)
    known = ", ".join(TRANSFORMATIONS)
    raise InputError(f"There is no transformation {name!r}; choose one of {known}.")


def largest_speed(length: int, *, frames: int = CLIP, highest: int = SPEEDS - 1) -> int:
    r"""The largest $\kappa$ up to `highest` with $(n - 1) 2^\kappa < \text{length}$, at least 0.

    (The released code asks for a frame or more beyond: $n\,2^\kappa \le \text{length}$.)
    """
    return max((k for k in range(highest + 1) if (frames - 1) * 2**k < length), default=0)


def _step(length: int, frames: int, kappa: int) -> int:
    """Check the numbers all have; give the frames from one to the next at the allowed speed."""
    if min(length, frames) < 1 or kappa < 0:
        raise InputError(
            f"No clip of {frames} frames at speed {kappa} can be taken from {length} frames; "
            "give at least 1 frame of each and a speed of 0 or more."
        )
    return 2 ** largest_speed(length, frames=frames, highest=kappa)


def _placed(
    offsets: Int64[np.ndarray, " n"],
    length: int,
    generator: np.random.Generator,
    start: int | None,
) -> Int64[np.ndarray, " n"]:
    """Add a start where the clip fits; clip what is past the end of a video that is too short."""
    room = max(0, length - 1 - int(offsets.max()))
    if start is None:
        start = int(generator.integers(room + 1))
    elif not 0 <= start <= room:
        raise InputError(f"The clip does not fit at frame {start}; give a start of 0 to {room}.")
    return np.minimum(start + offsets, length - 1)


def _skips(count: int, most: int, total: int, generator: np.random.Generator) -> list[int]:
    """Draw `count` numbers of 0 to `most`, all rows with a sum of at most `total` equally likely.

    One by one, each weighted by how many rows of the others fit into what it leaves.
    """
    left = max(0, total)
    if left >= count * most:
        return generator.integers(most + 1, size=count).tolist()
    fitting, drawn = _fitting(count, most, left), []
    for others in reversed(range(count)):
        weights = fitting[others, left - np.arange(min(most, left) + 1)]
        drawn.append(int(generator.choice(len(weights), p=weights / weights.sum())))
        left -= drawn[-1]
    return drawn


@lru_cache(maxsize=256)
def _fitting(count: int, most: int, total: int) -> Float64[np.ndarray, "{count} {total}+1"]:
    """How many rows of k numbers of 0 to `most` have a sum of at most s (row k, column s).

    Divided by the last column, for the counts may overflow.
    """
    counts = np.ones((count, total + 1))
    for k in range(1, count):
        counts[k] = np.convolve(counts[k - 1], np.ones(most + 1))[: total + 1]
        counts[k] /= counts[k, -1]
    return counts
