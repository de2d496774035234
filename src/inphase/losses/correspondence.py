"""Which frames of two videos surely show the same moment, and which surely do not."""

import math
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from inphase.warping import dtw

# Cells along a side of a matrix of costs: one a frame, as in the paper, up to this many.
_MOST_CELLS = 1024


class Cells(NamedTuple):
    """Whole videos, cell by cell, as all their views tell.

    Attributes:
        frames: Embeddings of the cells.
        counts: How many cells each video has; the others are padding.
        places: The cell of each frame of each view.
    """

    frames: Float[Tensor, "videos cells dim"]
    counts: list[int]
    places: Int64[Tensor, "videos views time"]


class Found(NamedTuple):
    """What is sure of the frames of two videos; of most, it is neither.

    Attributes:
        positives: True where both show the same moment.
        negatives: True where they do not.
    """

    positives: Bool[Tensor, "pairs a b"]
    negatives: Bool[Tensor, "pairs a b"]


@torch.no_grad()
def full_length(
    unit: Float[Tensor, "videos views time dim"],
    times: Float[Tensor, "videos views time"],
    mask: Bool[Tensor, "videos views time"],
    lengths: Float[Tensor, " videos"],
) -> Cells:
    r"""Interpolate the views of each video to one cell a frame, and average them.

    The cosine cost is linear in each of two frames of length 1, and the weights of interpolation
    sum to 1. So $1 - \bar u_i \cdot \bar v_j$ of frames $\bar u$ and $\bar v$ that are made so is
    the average of the four cost matrices between the views of two videos, each interpolated to
    full length, and no matrix needs interpolating. Before its first frame and after its last, a
    view stands still. Videos of more than 1024 frames have that many cells, each of more frames.
    """
    frames_per_cell = (lengths / _MOST_CELLS).clamp_min(1)
    counts = (lengths / frames_per_cell).ceil().clamp_min(1)
    cells = torch.arange(int(counts.max()), device=times.device) * frames_per_cell[:, None]
    cells = cells.to(times)[:, None].expand(-1, times.shape[1], -1).contiguous()
    known = times.masked_fill(~mask, math.inf)
    before = (torch.searchsorted(known, cells, right=True) - 1).clamp_min(0)
    after = (before + 1).minimum(mask.sum(-1, keepdim=True) - 1)
    earlier = times.gather(-1, before)
    gap = times.gather(-1, after) - earlier
    share = ((cells - earlier) / gap.where(gap > 0, 1)).clamp(0, 1).to(unit)
    frames = torch.lerp(
        unit.take_along_dim(before[..., None], 2),
        unit.take_along_dim(after[..., None], 2),
        share[..., None],
    )
    places = (times / frames_per_cell[:, None, None]).round().clamp_min(0)
    places = places.minimum(counts[:, None, None] - 1)
    return Cells(frames.mean(1), counts.long().tolist(), places.long())


@torch.no_grad()
def correspondence(
    cells: Cells,
    mask: Bool[Tensor, "videos views time"],
    pairs: Int64[Tensor, "pairs 2"],
    positive: float,
    protected: float,
) -> Found:
    """Match the frames of pairs of videos, by DTW of whole videos and thresholds.

    The path is found on the CPU, pair by pair; nothing of it, nor of the thresholds, has a
    gradient.

    Args:
        cells: The videos.
        mask: True where the frame of a view is real.
        pairs: Which videos are matched.
        positive: Pairs of frames on the path are positives if they cost no more than the mean of
            this share of all cells, the cheapest.
        protected: Likewise: pairs of frames are negatives if they cost more.

    Returns:
        Both for the frames of all views of one video and those of the other.
    """
    places = cells.places.flatten(1).cpu().numpy()
    found = [
        _cells_found(
            1 - cells.frames[a, : cells.counts[a]] @ cells.frames[b, : cells.counts[b]].T,
            positive,
            protected,
            (places[a], places[b]),
        )
        for a, b in pairs.tolist()
    ]
    one, other = pairs.T
    real = mask.flatten(1)
    both = real[one][:, :, None] & real[other][:, None]
    positives, negatives = torch.from_numpy(np.stack(found, 1)).to(mask.device)
    return Found(positives & both, negatives & both)


def _cells_found(
    costs: Float[Tensor, "n m"],
    positive: float,
    protected: float,
    places: tuple[Int64[np.ndarray, " a"], Int64[np.ndarray, " b"]],
) -> Bool[np.ndarray, "2 a b"]:
    """Positives and negatives of one pair, at the places of its frames."""
    cost = costs.cpu().numpy()
    path = dtw(cost).path
    on_path = np.zeros(cost.shape, dtype=bool)
    on_path[path[:, 0], path[:, 1]] = True
    least, most = _mean_of_cheapest(cost, positive), _mean_of_cheapest(cost, protected)
    positives = on_path & (cost <= least)
    negatives = (cost > most) & ~positives
    return np.stack([positives, negatives])[:, places[0]][:, :, places[1]]


def _mean_of_cheapest(cost: Float[np.ndarray, "n m"], share: float) -> float:
    count = max(1, round(share * cost.size))
    cheapest = np.partition(cost, count - 1, axis=None)[:count]
    return float(cheapest.mean(dtype=np.float64))
