"""How far frames of two sequences are in time, and which is nearest."""

import math

from jaxtyping import Bool, Float, Int64
from torch import Tensor


def time_gaps(
    times: Float[Tensor, "pairs a"],
    others: Float[Tensor, "pairs b"],
    real: Bool[Tensor, "pairs b"],
) -> Float[Tensor, "pairs a b"]:
    """How far the frames of others are in time, in frames; infinity where they are padding."""
    gap = (times[:, :, None] - others[:, None]).abs()
    return gap.masked_fill(~real[:, None], math.inf)


def nearest(
    gap: Float[Tensor, "pairs a b"],
) -> tuple[Int64[Tensor, "pairs a"], Float[Tensor, "pairs a"]]:
    """The frame of the other sequence that is nearest in time, and how far it is."""
    distance, place = gap.min(-1)
    return place, distance
