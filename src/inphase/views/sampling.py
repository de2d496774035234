"""Which frames of a video training looks at."""

import numpy as np
from jaxtyping import Int64


def two_clips(
    length: int,
    frames: int,
    generator: np.random.Generator,
    *,
    alpha: float | int = 1.5,
    beta: float | int = 0.2,
) -> tuple[Int64[np.ndarray, " frames"], Int64[np.ndarray, " frames"]]:
    """Draw the frames of two overlapping random clips, each shown at a random, uneven speed.

    Each clip is between `frames` and `alpha * frames` long, the clips share at least `beta` of the
    shorter one, and `frames` sorted frames are drawn from each without replacement. In a video
    shorter than `alpha * frames`, `frames` is lowered to its length over `alpha`, so that there
    is always something to crop.

    Source: CARL, section 3.2. The paper leaves open what the share is a share of, here of the
    shorter clip, and what is done with short videos. (The released code stretches the clip to the
    whole video and beyond on Pouring, Penn Action and Kinetics, so that nothing is cropped
    there.)

    Args:
        length: Frames in the video.
        frames: Frames in a view, T in the paper (240; 80 for Penn Action).
        generator: The source of randomness.
        alpha: Longest clip in units of `frames`, 1.5 in the paper.
        beta: Least overlap as a share, 0.2 in the paper.

    Returns:
        Two rising sequences of frame numbers, equally long.
    """
    drawn = max(1, min(frames, int(length / alpha)))
    sizes = [min(length, round(drawn * float(generator.uniform(1.0, alpha)))) for _ in range(2)]
    overlap = max(1, int(np.ceil(beta * min(sizes))))
    first = int(generator.integers(0, length - sizes[0] + 1))
    lowest = max(0, first - sizes[1] + overlap)
    highest = min(length - sizes[1], first + sizes[0] - overlap)
    second = int(generator.integers(lowest, highest + 1))
    one, two = (
        start + np.sort(generator.choice(size, drawn, replace=False))
        for start, size in zip((first, second), sizes, strict=True)
    )
    return one.astype(np.int64), two.astype(np.int64)
