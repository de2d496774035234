r"""Another scene for every view: a random constant added to the features of all its frames.

Much of a frozen feature says where and of whom a video is, and stays the same from its first frame
to its last. With $m_{vk}$ the mean feature of video $v$ in view $k$ over its frames, $\bar m_a$ the
mean of these over all videos and views of its activity $a$, and over all $R$ of them, of $A$
activities,

$$\sigma_c^2 = \frac{1}{R - A} \sum_{v, k} (m_{vkc} - \bar m_{a(v) c})^2,$$

the frames of a view become

$$x'_{tc} = x_{tc} + s\, u\, \sigma_c\, n_c, \qquad u \sim U(0, 1), \quad n_c \sim N(0, 1),$$

so that what tells scenes apart cannot be relied on, and what changes within a video is left as it
is. Our own, in none of the papers.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float64


def spread_of_scenes(
    values: Sequence[Float[np.ndarray, "views _ c"]], activities: Sequence[str]
) -> Float64[np.ndarray, " c"]:
    r"""Measure $\sigma$: what videos of an activity, and the views of a video, differ in.

    Args:
        values: Features of each video.
        activities: What each video shows.
    """
    means = [each.mean(1, dtype=np.float64) for each in values]
    squares, free = np.zeros(means[0].shape[1]), 0
    for name in sorted(set(activities)):
        own = np.concatenate([m for m, a in zip(means, activities, strict=True) if a == name])
        squares += ((own - own.mean(0)) ** 2).sum(0)
        free += len(own) - 1
    return np.sqrt(squares / max(1, free))


def random_shift(
    spread: Float64[np.ndarray, " c"], strength: float, generator: np.random.Generator
) -> Float64[np.ndarray, " c"]:
    r"""Draw $s\, u\, \sigma_c\, n_c$, what is added to all frames of a view.

    Args:
        spread: $\sigma$.
        strength: $s$.
        generator: The source of randomness.
    """
    return strength * generator.random() * spread * generator.standard_normal(len(spread))
