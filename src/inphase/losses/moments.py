"""Sums over all pairs of frames of one video, weighted by how far apart they are in time."""

import math
from typing import Literal, get_args

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from inphase.errors import InputError
from inphase.losses.inputs import check_choice, check_frames, check_rows, lengths_of, unit_frames
from inphase.warping.inputs import checked_gamma

Moment = Literal["contrastive_idm", "idm", "slow_feature"]
Variant = Literal["paper", "code"]
Reduction = Literal["sum", "mean"]


def moments(
    moment: Moment,
    z: Float[Tensor, "rows time dim"],
    times: Float[Tensor, "rows time"],
    mask: Bool[Tensor, "rows time"],
    lengths: Float[Tensor, " rows"] | None,
    margin: float | int,
    window: float | int,
    variant: Variant,
    reduction: Reduction,
) -> Float[Tensor, " rows"]:
    """Value of each row: see the functions of `inphase.losses.idm`.

    Raises:
        InputError: As there.
    """
    check_rows(z, times, mask)
    check_frames(mask, 2, "a regulariser that compares the frames of a video")
    check_choice(moment, get_args(Moment), "moment")
    check_choice(variant, get_args(Variant), "variant")
    check_choice(reduction, get_args(Reduction), "reduction")
    margin = checked_gamma(margin, "margin")
    if not (math.isfinite(window) and window >= 0):
        raise InputError(f"window must be a finite number, 0 or above, not {window}")
    lengths = lengths_of(lengths, times, mask)
    z = unit_frames(z, mask)
    distance = torch.baddbmm(z.new_full((1, 1, 1), 2.0), z, z.mT, alpha=-2)  # of unit frames
    gap, length = _gaps(times, mask, lengths, variant)
    gap, length = gap.to(z.dtype), length.to(z.dtype)
    heavy = (gap / length) ** 2 + 1
    if moment == "idm":
        far, values, weights = torch.zeros_like(gap, dtype=torch.bool), -distance, heavy
    else:
        far = gap > window
        values = torch.where(far, F.relu(margin - distance), distance)
        if moment == "slow_feature":
            weights = torch.ones_like(heavy)
        else:
            weights = torch.where(far, heavy, 1 / heavy if variant == "paper" else 1.0)
    weights = weights * (mask[:, :, None] & mask[:, None])
    if reduction == "mean":
        weights = weights / torch.where(far, _total(weights * far), _total(weights * ~far))
    return (weights * values).sum((1, 2))


def _gaps(times: Tensor, mask: Tensor, lengths: Tensor, variant: Variant) -> tuple[Tensor, Tensor]:
    """How far apart frames are, and the length that weights measure it by; both (rows, i, j)."""
    if variant == "paper":
        index = torch.arange(times.shape[1], device=times.device)[None]
        return (index[:, :, None] - index[:, None]).abs(), index.new_ones(1, 1, 1)
    # Padding may hold any time.
    times = times.masked_fill(~mask, 0.0)
    return (times[:, :, None] - times[:, None]).abs(), lengths[:, None, None]


def _total(weights: Float[Tensor, "rows time time"]) -> Float[Tensor, "rows 1 1"]:
    """Sum of the weights of each row; 1 where there are none."""
    total = weights.sum((1, 2), keepdim=True)
    return total.where(total > 0, 1.0)
