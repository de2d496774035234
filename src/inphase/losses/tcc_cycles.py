"""Cycles of TCC: from frames to soft nearest neighbours in other rows, and back."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from inphase.errors import InputError
from inphase.losses.chance import numbers, pick
from inphase.losses.inputs import Pairs, pairs_of


@dataclass(frozen=True, eq=False)
class Return:
    """Where cycles come back to, of a batch of groups of cycles.

    Attributes:
        logits: How well each frame of home suits the way back.
        home: Which frames are of the row the cycle began in, and real.
        position: Position of these frames in their video, 0 to 1.
        origin: Which of them the cycle began at.
        began: True where there is a cycle, False where it would begin in padding.
    """

    logits: Float[Tensor, "groups cycles frames"]
    home: Bool[Tensor, "groups #cycles frames"]
    position: Float[Tensor, "groups 1 frames"]
    origin: Int64[Tensor, "groups cycles"]
    began: Bool[Tensor, "groups cycles"]

    def mean(self, values: Float[Tensor, "groups cycles"]) -> Float[Tensor, ""]:
        """Mean over the cycles of each group, then over groups."""
        return ((values * self.began).sum(1) / self.began.sum(1)).mean()


def deterministic(
    z: Float[Tensor, "rows time dim"],
    mask: Bool[Tensor, "rows time"],
    position: Float[Tensor, "rows time"],
    pairs: Pairs | None,
    scale: float,
) -> Return:
    """From every frame of one row of a pair over the other, and the other way round.

    Raises:
        InputError: If there are no two rows.
    """
    pairs = every_pair(mask, pairs)
    one, other = torch.cat([pairs, pairs.flip(1)]).T
    out = suits(z[one], z[other], mask[other][:, None], scale).softmax(-1)
    logits = suits(out @ z[other], z[one], mask[one][:, None], scale)
    origin = torch.arange(z.shape[1], device=z.device).expand(len(one), -1)
    return Return(logits, mask[one][:, None], position[one][:, None], origin, mask[one])


def stochastic(
    z: Float[Tensor, "rows time dim"],
    mask: Bool[Tensor, "rows time"],
    position: Float[Tensor, "rows time"],
    chains: Int64[Tensor, "cycles steps"],
    scale: float,
    generator: torch.Generator | None,
) -> Return:
    """From a random frame of the first row of each chain through the others, and back."""
    # All frames of all rows are candidates, those of other rows at no chance: one product serves.
    frames = z.flatten(0, 1)
    home = _frames_of(chains[:, 0], mask)
    origin = pick(home, numbers((len(chains),), z.device, generator))
    query = frames[origin]
    for rows in chains[:, 1:].unbind(1):
        query = suits(query, frames, _frames_of(rows, mask), scale).softmax(-1) @ frames
    logits = suits(query, frames, home, scale)
    began = torch.ones_like(origin, dtype=torch.bool)
    return Return(
        logits[None], home[None], position.flatten()[None, None], origin[None], began[None]
    )
