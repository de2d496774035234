"""GTA: align two videos by a random path, there and back again to the same frame."""

from typing import get_args

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from inphase.errors import InputError
from inphase.losses.inputs import (
    Pairs,
    check_choice,
    check_frames,
    check_rows,
    pairs_of,
    unit_frames,
)
from inphase.losses.moments import Reduction, Variant
from inphase.warping.inputs import checked_gamma, in_full_precision
from inphase.warping.smooth_dtw import smooth_dtw

# Logarithm of the probability of padding: finite, so that no gradient is NaN, and exactly 0 as exp.
_NEVER = -1e30


@in_full_precision
def gta(
    z: Float[Tensor, "rows time dim"],
    times: Float[Tensor, "rows time"],
    mask: Bool[Tensor, "rows time"],
    *,
    pairs: Pairs | None = None,
    gamma: float | int = 0.1,
    temperature: float | int = 0.1,
    alignment: float | int = 0.1,
    consistency: float | int = 1.0,
    smoothing: float | int = 0.1,
    variant: Variant = "paper",
    reduction: Reduction = "sum",
) -> Float[Tensor, ""]:
    r"""Expected cost of aligning two videos, both ways, and cycles that end where they began.

    $$L(X, Y) = w\, (R^{xy}_{NM} + R^{yx}_{MN}) + \frac1N \sum_k \mathrm{CE}(Q_k, k), \qquad
    Q_{ki} = \sum_j P^{xy}_{ij} P^{yx}_{jk}$$

    $R^{xy}_{ij}$ is the cost of aligning the first i frames of X with the first j of Y: smoothDTW
    (`inphase.warping.smooth_dtw`) of the contrastive cost (`contrastive_cost`), in which the frames
    of X compete for each frame of Y. $P^{xy}_{ij} = \mathrm{softmax}_i(-R^{xy}_{ij})$: up to frame
    j of Y, how much of X has passed? From frame k of X to Y by $P^{yx}$ and back by $P^{xy}$, a
    cycle ends in frame i with probability $Q_{ki}$; it should end in k. Averaged over pairs.

    Use it like `lav`, to which it is close: videos of the same steps in the same order. The
    contrastive cost and cycles keep embeddings apart, so it needs no regulariser, and frame numbers
    take no part. `tcc` has cycles frame by frame, without an order.

    The alignment **sums** the cost along the path, the cycles are a **mean** over frames: the more
    frames, the more the alignment outweighs them. `reduction="mean"` divides it by the frames of
    the longer video; `alignment=2` then weighs it as the released code does with its 20 frames.
    Cycles begin in X only, the first row of each pair: give pairs both ways for the other half.

    Source: Hadji, Derpanis, Jepson, "Representation Learning via Global Temporal Alignment and
    Cycle-Consistency" (GTA), CVPR 2021; the axis of softmax, weights, label smoothing and direction
    of cycles as in the released code. Deviation: none by default. Label smoothing asks of all
    $\log Q_{ki}$; off the diagonal, float64 ends at about $e^{-700}$ relative to the likeliest
    steps, and what is below counts as that, without a gradient (over 200 frames, a tenth of all).
    `variant="code"`: the released code gives Q, which is a probability already, to cross-entropy as
    logits; then the best cycles cost $\log(e + N - 1) - 1$ and not 0, with hardly any gradient.

    Args:
        z: Embeddings of videos, of any length: they are normalised here.
        times: Not used, nor are their differences: order is all that counts.
        mask: True where the frame is real; padding comes last.
        pairs: Which rows show one activity; rows 0 and 1, 2 and 3, and so on, if None.
        gamma: Smoothing of the path.
        temperature: $\tau$ of the contrastive cost.
        alignment: $w$, the weight of each alignment.
        consistency: Weight of the cycles.
        smoothing: Label smoothing: this share of the target is spread over all frames alike.
        variant: "paper" or "code".
        reduction: "sum", as published, or "mean": of the alignment.

    Raises:
        InputError: If shapes disagree, a row has fewer than two frames, a pair names no row, or a
            setting is unusable.

    Example:
        >>> import torch
        >>> z, mask = torch.eye(3).expand(2, 3, 3), torch.ones(2, 3, dtype=torch.bool)
        >>> times = torch.arange(3.0).expand(2, 3)
        >>> round(gta(z, times, mask, smoothing=0).item(), 2)
        0.0
    """
    check_rows(z, times, mask)
    check_frames(mask, 2, "GTA")
    check_choice(variant, get_args(Variant), "variant")
    check_choice(reduction, get_args(Reduction), "reduction")
    if not 0 <= smoothing < 1:
        raise InputError(f"smoothing must be from 0 to below 1, not {smoothing}")
    one, other = pairs_of(mask, pairs).T
    z = unit_frames(z, mask)
    # Both ways at once, from one matrix of similarities: x aligned with y, then y with x.
    there, back = torch.cat([one, other]), torch.cat([other, one])
    similarity = z[one] @ z[other].mT / checked_gamma(temperature, "temperature")
    cost = -_log_softmax(torch.cat([similarity, similarity.mT]), mask[there])
    frames = mask.sum(-1)
    path = smooth_dtw(cost, gamma=gamma, x_lengths=frames[there], y_lengths=frames[back])
    loss = alignment * path.value.view(2, -1).sum(0)
    if reduction == "mean":
        loss = loss / frames[one].maximum(frames[other])
    if consistency:
        forth, home = _log_softmax(-path.sums, mask[there]).chunk(2)
        forth = forth.masked_fill(~mask[other][:, None], _NEVER)
        of_cycles = _cycles if variant == "paper" else _cycles_as_logits
        cycles = of_cycles(forth, home, mask[one], smoothing)
        loss = loss + consistency * cycles.to(loss.dtype)
    return loss.mean()


def _log_softmax(
    logits: Float[Tensor, "pairs n m"], rows: Bool[Tensor, "pairs n"]
) -> Float[Tensor, "pairs n m"]:
    """Logarithm of the softmax over the real rows of each column; no row is padding."""
    return logits.masked_fill(~rows[:, :, None], _NEVER).log_softmax(1)


def _cycles(
    forth: Float[Tensor, "pairs n m"],
    home: Float[Tensor, "pairs m n"],
    real: Bool[Tensor, "pairs n"],
    smoothing: float | int,
) -> Float[Tensor, " pairs"]:
    """Cross-entropy of where cycles end, from logarithms: probabilities may be below all floats."""
    frames = real.sum(-1)
    same = (forth + home.mT).logsumexp(-1).masked_fill(~real, 0.0).sum(-1)
    if not smoothing:
        return -same / frames
    # The product of exponentials, each row and column against its largest.
    forth_peak, home_peak = forth.detach().amax(2, True), home.detach().amax(1, True)
    ends = (forth - forth_peak).exp() @ (home - home_peak).exp()
    padding = ~(real[:, :, None] & real[:, None])
    ends = ends.clamp_min(torch.finfo(ends.dtype).tiny).masked_fill(padding, 1.0).log()
    peaks = forth_peak[..., 0].masked_fill(~real, 0.0) + home_peak[:, 0].masked_fill(~real, 0.0)
    spread = ends.sum((1, 2)) / frames + peaks.sum(-1)
    return -((1 - smoothing) * same + smoothing * spread) / frames


def _cycles_as_logits(
    forth: Float[Tensor, "pairs n m"],
    home: Float[Tensor, "pairs m n"],
    real: Bool[Tensor, "pairs n"],
    smoothing: float | int,
) -> Float[Tensor, " pairs"]:
    """The released code's: softmax over probabilities."""
    frames = real.sum(-1)
    logits = (forth.exp() @ home.exp()).mT
    scores = logits.masked_fill(~real[:, None], -torch.inf).log_softmax(-1)
    scores = scores.masked_fill(~(real[:, :, None] & real[:, None]), 0.0)
    same, spread = scores.diagonal(dim1=1, dim2=2).sum(-1), scores.sum((1, 2)) / frames
    return -((1 - smoothing) * same + smoothing * spread) / frames
