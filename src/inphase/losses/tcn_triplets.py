"""The triplet form of time-contrastive networks."""

import math

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn import functional as F

from inphase.losses.chance import numbers_at, pick
from inphase.losses.tcn_moments import Moments


def triplets(
    z: Float[Tensor, "rows time dim"],
    moments: Moments,
    margin: float | int,
    negatives: str,
    generator: torch.Generator | None,
) -> Float[Tensor, "sides time"]:
    """Hinge of each anchor between its positive and one of its negatives; 0 without a negative."""
    z = F.normalize(z, dim=-1)
    anchor = z[moments.one]
    near = _squared_distance(anchor, z[moments.other], moments.positive)
    if negatives == "random":
        chosen = pick(moments.negatives, numbers_at(moments.anchors, generator))
    else:
        chosen = _semi_hard(anchor, z[moments.apart], near, moments.negatives)
    far = _squared_distance(anchor, z[moments.apart], chosen)
    return F.relu(near - far + margin) * moments.negatives.any(-1)


def _squared_distance(
    anchor: Float[Tensor, "sides time dim"],
    frames: Float[Tensor, "sides time dim"],
    place: Int64[Tensor, "sides time"],
) -> Float[Tensor, "sides time"]:
    """Squared distance of each anchor to the frame at its place."""
    side = torch.arange(len(frames), device=frames.device)[:, None]
    return (anchor - frames[side, place]).square().sum(-1)


@torch.no_grad()
def _semi_hard(
    anchor: Float[Tensor, "sides time dim"],
    frames: Float[Tensor, "sides time dim"],
    near: Float[Tensor, "sides time"],
    allowed: Bool[Tensor, "sides time time"],
) -> Int64[Tensor, "sides time"]:
    """Place of the nearest negative that is farther than the positive, else of the farthest."""
    distance = 2 - 2 * anchor @ frames.mT
    farther = allowed & (distance > near[..., None])
    hard = distance.masked_fill(~farther, math.inf).argmin(-1)
    farthest = distance.masked_fill(~allowed, -math.inf).argmax(-1)
    return torch.where(farther.any(-1), hard, farthest)
