"""Cycles of TCC: from frames to soft nearest neighbours in other rows, and back."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn import functional as F

from inphase.losses.chance import numbers, pick
from inphase.losses.inputs import Pairs


@dataclass(frozen=True)
class Similarity:
    """How alike frames are, as logits.

    Attributes:
        name: "squared_l2", or "cosine" for frames that are normalised.
        temperature: What it is divided by; squared distances also by the dimension.
    """

    name: str
    temperature: float

    def __call__(
        self,
        query: Float[Tensor, "*batch n dim"],
        frames: Float[Tensor, "*batch m dim"],
        allowed: Bool[Tensor, "*batch #n m"],
    ) -> Float[Tensor, "*batch n m"]:
        """Logits of the frames for each query; minus infinity where one is not allowed."""
        if self.name == "cosine":
            query = F.normalize(query, dim=-1) / self.temperature
            return (query @ frames.mT).masked_fill(~allowed, -math.inf)
        # The square of the query is the same for all frames, so a softmax does not see it.
        scale = 1 / (query.shape[-1] * self.temperature)
        squares = scale * (frames * frames).sum(-1)[..., None, :]
        # Masked in the squares, which takes no pass over all logits.
        return (query * (2 * scale)) @ frames.mT - squares.masked_fill(~allowed, math.inf)


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
    pairs: Pairs,
    similarity: Similarity,
) -> Return:
    """From every frame of one row of a pair over the other row, and the other way round."""
    one, other = torch.cat([pairs, pairs.flip(1)]).T
    home = mask[one][:, None]
    there = similarity(z[one], z[other], mask[other][:, None]).softmax(-1)
    back = similarity(there @ z[other], z[one], home)
    origin = torch.arange(z.shape[1], device=z.device).expand(len(one), -1)
    return Return(back, home, position[one][:, None], origin, mask[one])


def stochastic(
    z: Float[Tensor, "rows time dim"],
    mask: Bool[Tensor, "rows time"],
    position: Float[Tensor, "rows time"],
    chains: Int64[Tensor, "cycles steps"],
    similarity: Similarity,
    generator: torch.Generator | None,
) -> Return:
    """From a random frame of the first row of each chain through its other rows, and back."""
    # The candidates are all frames, those of other rows masked: one product serves all chains.
    frames = z.flatten(0, 1)
    home = _frames_of(chains[:, 0], mask)
    origin = pick(home, numbers((len(chains),), z.device, generator))
    query = frames[origin]
    for rows in chains[:, 1:].unbind(1):
        query = similarity(query, frames, _frames_of(rows, mask)).softmax(-1) @ frames
    back = similarity(query, frames, home)
    return Return(
        logits=back[None],
        home=home[None],
        position=position.flatten()[None, None],
        origin=origin[None],
        began=torch.ones_like(origin, dtype=torch.bool)[None],
    )


def _frames_of(
    rows: Int64[Tensor, " cycles"], mask: Bool[Tensor, "rows time"]
) -> Bool[Tensor, "cycles frames"]:
    """True where a frame, of all rows one after the other, is a real one of the row given."""
    row = torch.arange(len(mask), device=mask.device)
    return ((row == rows[:, None])[:, :, None] & mask).flatten(1)
