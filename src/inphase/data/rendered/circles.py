"""Ways of moving round a circle that no single picture tells apart.

A way of moving is a function of time, in circles: p_k = s + d(k) for frame k, where the start s is
uniform on [0, 1) and independent of all else, and d is the way's own course. A circle looks the
same at p and p + 1, and s + d modulo 1 is uniform whatever d is. Every frame of every way thus has
one and the same distribution, and only how frames follow each other tells ways apart.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from jaxtyping import Float64

# Frames per circle. At the highest speed of training, every 8th frame, `FAST` goes 131 degrees
# from picture to picture: below 180, so that even then forwards does not look like backwards.
# A clip of 16 frames sees 0.26 and 0.68 of a circle, one of every 4th frame 1.03 and 2.7 circles.
# Their ratio, 2.6, lies between 2 and 4: slow at twice its speed is not fast, nor is any other
# pair of speeds 1, 2, 4, 8 alike.
SLOW, FAST = 58.0, 22.0
# Largest change of tempo from video to video, natural logarithm.
TEMPO = 0.05
# A halting motion goes at the fast rate and takes as long for a circle as the slow one. Its step is
# no whole part of a circle: over three circles it halts at ten places, evenly spread.
STEP = 0.3

Times = Float64[np.ndarray, "t"]


def _steady(time: Times, moment: float, *, period: float) -> Times:
    return time / period


def _halting(time: Times, moment: float, *, sign: int) -> Times:
    steps = time / SLOW / STEP + moment
    whole = np.floor(steps)
    return sign * STEP * (whole + np.minimum((steps - whole) * SLOW / FAST, 1))


def _to_and_fro(time: Times, moment: float, *, period: float) -> Times:
    return 1 - np.abs((time / period + 2 * moment) % 2 - 1)


# From time in frames and where in its pattern it begins, 0 to 1, to circles. To-and-fro turns
# after each whole circle, so that it too sees all of the circle alike.
MOTIONS: dict[str, Callable[[Times, float], Times]] = {
    "forward_slow": partial(_steady, period=SLOW),
    "forward_fast": partial(_steady, period=FAST),
    "backward_slow": partial(_steady, period=-SLOW),
    "backward_fast": partial(_steady, period=-FAST),
    "to_and_fro_slow": partial(_to_and_fro, period=SLOW),
    "to_and_fro_fast": partial(_to_and_fro, period=FAST),
    "forward_halting": partial(_halting, sign=1),
    "backward_halting": partial(_halting, sign=-1),
}


def circles(motion: str, frames: int, seed: int | np.random.Generator) -> Times:
    """Return where on the circle each frame of a video is, in circles, not wrapped.

    Args:
        motion: A name in `MOTIONS`.
        frames: How many frames.
        seed: Draws start, tempo and moment in the pattern, the same for every motion: those of one
            seed all begin at the same place, in [0, 1).
    """
    start, moment, tempo = np.random.default_rng(seed).random(3)
    time = np.arange(frames) * np.exp(TEMPO * (2 * tempo - 1))
    course = MOTIONS[motion](time, float(moment))
    return start + (course - course[0])
