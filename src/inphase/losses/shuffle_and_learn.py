"""Shuffle and Learn: are these three frames in order?"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn import functional as F

from inphase.errors import InputError
from inphase.losses.chance import numbers, numbers_at
from inphase.losses.inputs import check_frames, check_rows
from inphase.warping.inputs import in_full_precision


@in_full_precision
def shuffle_and_learn(
    z: Float[Tensor, "rows time dim"],
    times: Float[Tensor, "rows time"],
    mask: Bool[Tensor, "rows time"],
    *,
    head: Callable[[Tensor], Tensor],
    generator: torch.Generator | None = None,
    triplets: int = 8,
    shuffled: float | int = 0.75,
) -> Float[Tensor, ""]:
    r"""Tell three frames in order from three out of order, by a small network on all three.

    Of each row, five random frames $a < b < c < d < e$ are drawn for each triplet, and turned
    round, all five, in half the cases. In order are $(b, c, d)$; out of order, as likely one as
    the other, $(b, a, d)$ and $(b, e, d)$: the frame between stands before or behind both. With
    $h = \mathrm{head}([z_1; z_2; z_3])$ and $y = 1$ if they are out of order,

    $$L = -\log \frac{\exp h_y}{\exp h_0 + \exp h_1},$$

    the mean over all triplets of all rows.

    Use it as a baseline, for single videos: it teaches what comes between what, but nothing holds
    the same moment of two videos together. Only the order of the frames counts, not their times.

    Source: Misra, Zitnick, Hebert, "Shuffle and Learn: Unsupervised Learning using Temporal Order
    Verification", ECCV 2016, as the released code of TCC (see `tcc`) has it: number and share of
    triplets; head 3D to 128 to 64 to 2 with ReLU between. Deviations: that code turns all triplets
    of a batch at once, or none; here each has its own coin, and each row its exact share of
    triplets out of order. The first paper draws frames where there is much motion, which takes
    pixels.

    Args:
        z: Embeddings of videos, five frames or more.
        times: When each frame is shown; not used.
        mask: True where the frame is real and not padding.
        head: Network from three embeddings on end (n, 3 dim) to two scores (n, 2): in order, and
            out of order.
        generator: Source of the triplets.
        triplets: Triplets of each row, 8 in TCC's code.
        shuffled: Share of them that is out of order, 0.75 in both papers.

    Raises:
        InputError: If shapes disagree, a row has fewer than five frames, the head does not give
            two scores, or a setting is out of range.

    Example:
        >>> z, mask = torch.zeros(1, 5, 2), torch.ones(1, 5, dtype=torch.bool)
        >>> unsure = lambda frames: frames[:, :2]
        >>> round(shuffle_and_learn(z, torch.zeros(1, 5), mask, head=unsure).item(), 4)
        0.6931
    """
    check_rows(z, times, mask)
    check_frames(mask, 5, "a triplet with frames before and behind it")
    if triplets < 1 or not 0 <= shuffled <= 1:
        raise InputError(
            f"there must be 1 triplet or more and a share of them from 0 to 1 out of order, "
            f"not {triplets} and {shuffled}"
        )
    z = z.to(torch.promote_types(z.dtype, torch.float32))
    places, out_of_order = _triplets(mask, triplets, shuffled, generator)
    row = torch.arange(len(z), device=z.device)[:, None, None]
    scores = head(z[row, places].reshape(-1, 3 * z.shape[-1]))
    if scores.shape != (out_of_order.numel(), 2):
        raise InputError(
            f"the head must give two scores for each of {out_of_order.numel()} triplets, "
            f"not {tuple(scores.shape)}"
        )
    return F.cross_entropy(scores, out_of_order.flatten())


def _triplets(
    mask: Bool[Tensor, "rows time"],
    triplets: int,
    shuffled: float | int,
    generator: torch.Generator | None,
) -> tuple[Int64[Tensor, "rows triplets 3"], Int64[Tensor, "rows triplets"]]:
    """Places of the frames of random triplets, and 1 where they are out of order."""
    real = mask[:, None].expand(-1, triplets, -1)
    # The five highest of random numbers are five random frames; padding has -1.
    drawn = numbers_at(real, generator).masked_fill(~real, -1.0)
    five = drawn.topk(5, dim=-1).indices.sort(-1).values
    turned, behind = numbers((2, len(mask), triplets, 1), mask.device, generator) < 0.5
    b, d = five[..., 1:2], five[..., 3:4]
    between = five[..., 2:3]
    beyond = torch.where(behind, five[..., 4:], five[..., :1])
    in_order = triplets - round(shuffled * triplets)
    out_of_order = torch.arange(triplets, device=mask.device) >= in_order
    middle = torch.where(out_of_order[:, None], beyond, between)
    ordered = torch.cat([b, middle, d], -1)
    # Turned round, a and e change places too, but either is as likely the one beyond.
    ordered = torch.where(turned, ordered.flip(-1), ordered)
    return ordered, out_of_order.long().expand(len(mask), -1)
