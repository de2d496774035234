"""Controls: what must stand beside a score before it says anything about looking.

A control re-orders or cuts the features of a video and gives them to the same model with the times
of the frames whose places they take; labels stay at their positions. On shuffled or frozen frames
nothing can be seen of the order any more: a score that stays is counting, by a position code, by
the edges of the video or by its length. A model that looks at single frames falls to chance.
"""

import hashlib

import numpy as np
from jaxtyping import Float32, Float64, Int64

# What may be cut from either end of a video.
CUT = 0.3
ORDERS = ("shuffled", "reversed", "frozen")


def reordered(kind: str, frames: int, seed: int, video: str) -> Int64[np.ndarray, " t"]:
    """Which frame is shown at each position: shuffled, reversed, or the middle one all along."""
    if kind == "shuffled":
        return _random(seed, video).permutation(frames)
    if kind == "reversed":
        return np.arange(frames)[::-1].copy()
    return np.full(frames, frames // 2)


def sub_clip(frames: int, seed: int, video: str) -> slice:
    """A random part of a video: up to `CUT` of it is cut from the start and from the end."""
    start, end = _random(seed, video).uniform(0, CUT, size=2)
    first = int(start * frames)
    return slice(first, max(first + 1, frames - int(end * frames)))


def clock(times: Float64[np.ndarray, " t"], *, normalised: bool) -> Float32[np.ndarray, "t 1"]:
    """Elapsed time alone, no pixels: in seconds, or from 0 at the first frame to 1 at the last."""
    elapsed = times - times[0]
    if normalised and len(times) > 1:
        elapsed = elapsed / elapsed[-1]
    return elapsed[:, None].astype(np.float32)


def _random(seed: int, video: str) -> np.random.Generator:
    """Drawn for each video on its own, so that its draw does not depend on the others."""
    name = hashlib.blake2b(video.encode(), digest_size=6).hexdigest()
    return np.random.default_rng((seed, int(name, 16)))
