"""Sequence contrastive loss: two views of a video agree on which moments are close in time."""

from jaxtyping import Bool, Float, Int64
from torch import Tensor

from inphase.losses.inputs import Pairs, check_numbers, check_rows, pairs_of, unit_frames
from inphase.losses.soft_targets import NEVER, cross_entropy, time_target
from inphase.warping.inputs import in_full_precision


@in_full_precision
def scl(
    z: Float[Tensor, "rows time dim"],
    times: Float[Tensor, "rows time"],
    mask: Bool[Tensor, "rows time"],
    *,
    pairs: Pairs | None = None,
    activities: Int64[Tensor, " rows"] | None = None,
    temperature: float | int = 0.1,
    variance: float | int = 10.0,
) -> Float[Tensor, ""]:
    r"""Cross-entropy between what two views show and how close their frames are in time.

    For frame $i$ of one view, the similarities to all frames $j$ of the other view should follow a
    Gaussian of their distance in time:

    $$L_i = -\sum_j w_{ij} \log \frac{\exp(\cos(z^1_i, z^2_j) / \tau)}
    {\sum_k \exp(\cos(z^1_i, z^2_k) / \tau)}, \qquad
    w_{ij} = \frac{G(s^1_i - s^2_j)}{\sum_k G(s^1_i - s^2_k)},$$

    averaged over the frames of each view; the two directions are added and videos averaged.
    Neighbouring frames are no negatives, and the views need no frame in common.

    Use it when there are only videos of single takes, without any label. Frames of other videos are
    no negatives, so the same moment of two videos may fall together.

    With `activities`, videos of other activities are infinitely far away: the sum over k in the
    loss (not that in $w$) also runs over the frames of their second view, and for the other
    direction of their first. `inphase.losses.pcl` adds videos of the same activity.

    Source: Chen, Tu, Huang, Lin, Wu, Cai, "Self-supervised and Weakly Supervised Contrastive
    Learning for Frame-wise Action Representations" (CARL), equations 1 and 2, and 3 for the
    activities; first in CVPR 2022. Deviation: none. (The released code uses the KL divergence,
    which differs by a constant, and the mean of the two directions instead of their sum, so that
    its gradient is half of this one. Equation 3 is not in it.)

    Args:
        z: Projected embeddings of views, of any length: they are normalised here.
        times: When each frame is shown, in frames of the original video (the paper's $s$).
        mask: True where the frame is real and not padding.
        pairs: Which rows are two views of one video; rows 0 and 1, 2 and 3, and so on, if None.
        activities: What is done in the video of each row; None leaves other videos out.
        temperature: $\tau$, 0.1 in the paper.
        variance: $\sigma^2$ of the Gaussian in frames squared, 10 in the paper.

    Raises:
        InputError: If the shapes disagree or a view has no frame.

    Example:
        >>> import torch
        >>> z = torch.eye(2).expand(2, 2, 2)
        >>> times = torch.tensor([0.0, 100.0]).expand(2, 2)
        >>> round(scl(z, times, torch.ones(2, 2, dtype=torch.bool)).item(), 4)
        0.0001
    """
    check_rows(z, times, mask)
    one, other = pairs_of(mask, pairs).T
    z = unit_frames(z, mask)
    similarity = z[one] @ z[other].mT / temperature
    closeness = -((times[one][:, :, None] - times[other][:, None]) ** 2) / (2 * variance)
    first, second = None, None
    if activities is not None:
        check_numbers(activities, mask, "activities")
        first = _negatives(z, mask, activities, one, other, temperature)
        second = _negatives(z, mask, activities, other, one, temperature)
    to_other = time_target(closeness, mask[other])
    to_one = time_target(closeness.mT, mask[one])
    there = cross_entropy(similarity, to_other, mask[one], mask[other], first)
    back = cross_entropy(similarity.mT, to_one, mask[other], mask[one], second)
    return (there + back).mean()


def _negatives(
    z: Float[Tensor, "rows time dim"],
    mask: Bool[Tensor, "rows time"],
    activities: Int64[Tensor, " rows"],
    views: Int64[Tensor, " pairs"],
    others: Int64[Tensor, " pairs"],
    temperature: float | int,
) -> Float[Tensor, "pairs time _"]:
    """Logits of the frames of `others` of another activity than that of each of `views`."""
    others = others.unique()
    foreign = activities[views][:, None] != activities[others]
    frames = (foreign[..., None] & mask[others]).flatten(1)
    logits = z[views] @ z[others].flatten(0, 1).T / temperature
    return logits.masked_fill(~frames[:, None], NEVER)
