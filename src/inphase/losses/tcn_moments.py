"""Which frames show an anchor's moment and which another, for time-contrastive networks."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from inphase.errors import InputError
from inphase.losses.chance import numbers_at, pick
from inphase.losses.inputs import Pairs
from inphase.losses.time_gaps import nearest, time_gaps


@dataclass(frozen=True, eq=False)
class Moments:
    """Anchors, positives and negatives.

    Attributes:
        one: Row of the anchors.
        other: Row of their positives.
        apart: Row of their negatives.
        anchors: True where a frame of `one` is real.
        positive: Place of the positive of each anchor.
        negatives: Which frames are its negatives.
    """

    one: Int64[Tensor, " sides"]
    other: Int64[Tensor, " sides"]
    apart: Int64[Tensor, " sides"]
    anchors: Bool[Tensor, "sides time"]
    positive: Int64[Tensor, "sides time"]
    negatives: Bool[Tensor, "sides time time"]

    def __post_init__(self):
        if not (self.negatives & self.anchors[..., None]).any():
            raise InputError(
                "no frame is far enough from another to be its negative: sample frames farther "
                "apart, or give a smaller gap"
            )


def in_one_view(
    times: Float[Tensor, "rows time"],
    mask: Bool[Tensor, "rows time"],
    window: float | int,
    gap: float | int,
    generator: torch.Generator | None,
) -> Moments:
    """Positives at random within the window, else nearest; negatives beyond the gap."""
    rows = torch.arange(len(mask), device=mask.device)
    apart = time_gaps(times, times, mask)
    itself = torch.eye(mask.shape[1], dtype=torch.bool, device=mask.device)
    between = apart.masked_fill(itself, torch.inf)
    near = between <= window
    positive = torch.where(
        near.any(-1), pick(near, numbers_at(mask, generator)), nearest(between)[0]
    )
    # Where it lies beyond the gap, the positive itself is no negative.
    negatives = ((apart > gap) & mask[:, None]).scatter(2, positive[..., None], False)
    return Moments(rows, rows, rows, mask, positive, negatives)


def in_two_views(
    times: Float[Tensor, "rows time"],
    mask: Bool[Tensor, "rows time"],
    pairs: Pairs,
    gap: float | int,
    at_home: bool,
) -> Moments:
    """Positives nearest in time in the other view; negatives of that view, or of the anchor's."""
    one, other = torch.cat([pairs, pairs.flip(1)]).T
    across = time_gaps(times[one], times[other], mask[other])
    positive = nearest(across)[0]
    if at_home:
        negatives = (time_gaps(times[one], times[one], mask[one]) > gap) & mask[one][:, None]
        return Moments(one, other, one, mask[one], positive, negatives)
    negatives = ((across > gap) & mask[other][:, None]).scatter(2, positive[..., None], False)
    return Moments(one, other, other, mask[one], positive, negatives)
