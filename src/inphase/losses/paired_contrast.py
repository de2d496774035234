"""Contrast of the frames of two videos that an alignment surely matches."""

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn import functional as F

from inphase.errors import InputError
from inphase.losses.correspondence import correspondence, full_length
from inphase.losses.inputs import (
    Pairs,
    check_numbers,
    check_rows,
    lengths_of,
    pairs_of,
    unit_frames,
)
from inphase.losses.soft_targets import NEVER
from inphase.warping.inputs import in_full_precision


@in_full_precision
def paired_contrast(
    z: Float[Tensor, "rows time dim"],
    times: Float[Tensor, "rows time"],
    mask: Bool[Tensor, "rows time"],
    *,
    pairs: Pairs | None = None,
    lengths: Float[Tensor, " rows"] | None = None,
    videos: Int64[Tensor, " rows"] | None = None,
    activities: Int64[Tensor, " rows"] | None = None,
    temperature: float | int = 0.1,
    positive: float | int = 0.05,
    protected: float | int = 0.1,
) -> Float[Tensor, ""]:
    r"""Contrast the frames of two videos that are surely the same with those that are surely not.

    The costs $1 - \cos$ between the two views of video a and the two of video b, four matrices, are
    interpolated to the length of the videos and averaged. Frame j of b is a positive of frame i of
    a, $j \in P_i$, if their cell is on the DTW path and costs at most $\epsilon_1$, the mean of the
    cheapest 5% of all cells. It is a negative, $j \in N_i$, if it is not a positive and costs more
    than $\epsilon_2$, the mean of the cheapest 10%; those between are protected. With
    $s_{ij} = \cos(z_{a,i}, z_{b,j}) / \tau$, a view of a costs

    $$-\sum_{b} \sum_{j \in P_i} \log \frac{\exp(s_{ij})}
    {\exp(s_{ij}) + \sum_{n \in N_i} \exp(s_{in})},$$

    b over all other videos of its activity, averaged over its frames i; the views of a video are
    added and videos averaged. Costs, path and thresholds are taken as given, without gradient. A
    video without another of its activity costs nothing.

    Source: as `pcl`, equations 4 and 5. Readings: j is over the frames of both views of b, of
    which the paper's $z_{b,j}$ names none; before its first frame and after its last, a view is
    interpolated as if it stood still. Deviation: videos longer than 1024 frames are interpolated
    to 1024 cells, not to full length.

    Args:
        z: As all other arguments, as in `pcl`.
        times: See there.
        mask: See there.
        pairs: See there.
        lengths: See there.
        videos: See there.
        activities: See there.
        temperature: See there.
        positive: Share of the cells whose mean is $\epsilon_1$.
        protected: Share of the cells whose mean is $\epsilon_2$.

    Raises:
        InputError: If the shapes disagree, a view has no frame, or a share is not above 0 and at
            most 1.
    """
    check_rows(z, times, mask)
    views = pairs_of(mask, pairs)
    lengths = lengths_of(lengths, times, mask)
    for name, share in (("positive", positive), ("protected", protected)):
        if not 0 < share <= 1:
            raise InputError(f"{name} must be a share above 0 and at most 1, not {share}")
    twos = torch.combinations(torch.arange(len(views), device=z.device))
    if activities is not None:
        check_numbers(activities, mask, "activities")
        one, other = activities[views[:, 0]][twos].T
        twos = twos[one == other]
    if videos is not None:
        check_numbers(videos, mask, "videos")
        one, other = videos[views[:, 0]][twos].T
        twos = twos[one != other]
    unit = unit_frames(z, mask)[views]
    if not len(twos):
        return 0 * unit.sum()  # with a gradient, of 0
    real = mask[views]
    cells = full_length(unit, times[views], real, lengths[views].amax(1))
    found = correspondence(cells, real, twos, positive, protected)
    one, other = twos.T
    frames = unit.flatten(1, 2)
    similarity = frames[one] @ frames[other].mT / temperature
    share = (1 / real.sum(-1, keepdim=True).to(unit)).expand_as(real).flatten(1)
    there = _contrast(similarity, found.positives, found.negatives, share[one])
    back = _contrast(similarity.mT, found.positives.mT, found.negatives.mT, share[other])
    return (there + back) / len(views)


def _contrast(
    similarity: Float[Tensor, "pairs a b"],
    positives: Bool[Tensor, "pairs a b"],
    negatives: Bool[Tensor, "pairs a b"],
    share: Float[Tensor, "pairs a"],
) -> Float[Tensor, ""]:
    """Sum over positives of how little they stand out from the negatives of their row."""
    against = similarity.masked_fill(~negatives, NEVER).logsumexp(-1)
    pair, i, j = positives.nonzero(as_tuple=True)
    # -log(e^s / (e^s + e^n)) as it can be computed for any s and n.
    return (share[pair, i] * F.softplus(against[pair, i] - similarity[pair, i, j])).sum()
