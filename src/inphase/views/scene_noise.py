"""Another scene for every view: a random constant added to the features of all its frames."""

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor


def in_other_scenes(
    features: Float[Tensor, "rows t c"],
    mask: Bool[Tensor, "rows t"],
    activities: Int64[Tensor, " rows"],
    strength: float,
    generator: np.random.Generator,
) -> Float[Tensor, "rows t c"]:
    r"""Shift every row as a whole, by a random vector, along what videos differ in.

    Much of a frozen feature says where and of whom a video is, and stays the same from its first
    frame to its last. With $m_r$ the mean feature of row $r$ over its frames, $\bar m$ that of all
    rows of its activity, and $\sigma_c^2 = \sum_r (m_{rc} - \bar m_c)^2 / (R - A)$ over $R$ rows of
    $A$ activities, the frames of a row become

    $$x'_{rtc} = x_{rtc} + s\, u_r\, \sigma_c\, n_{rc}, \qquad u_r \sim U(0, 1), \quad
    n_{rc} \sim N(0, 1),$$

    so that what tells scenes apart cannot be relied on, and what changes within a video is left as
    it is. Our own, in none of the papers.

    Args:
        features: Of each frame; zero at padding, which stays zero.
        mask: True where the frame is real.
        activities: What each row shows.
        strength: $s$, in standard deviations.
        generator: The source of randomness.
    """
    real = mask[..., None]
    mean = (features * real).sum(1) / real.sum(1)
    spread = _spread(mean.detach().float(), activities)
    rows, channels = spread.new_empty(len(features), 1), len(spread)
    share = torch.from_numpy(generator.random(rows.shape)).to(rows)
    noise = torch.from_numpy(generator.standard_normal((len(rows), channels))).to(rows)
    shift = strength * share * spread * noise
    return features + shift[:, None].to(features.dtype) * real


def _spread(
    means: Float[Tensor, "rows c"], activities: Int64[Tensor, " rows"]
) -> Float[Tensor, " c"]:
    """Standard deviation of rows about the mean of their activity."""
    kinds, kind = activities.unique(return_inverse=True)
    member = torch.nn.functional.one_hot(kind, len(kinds)).to(means)  # rows, kinds
    centres = member.T @ means / member.sum(0)[:, None]
    squares = (means - centres[kind]).square().sum(0)
    return (squares / max(1, len(means) - len(kinds))).sqrt()
