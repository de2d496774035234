"""LAV: align two videos by soft-DTW, and keep the frames of each apart."""

from typing import Literal, get_args

from jaxtyping import Bool, Float
from torch import Tensor

from inphase.losses.inputs import (
    Pairs,
    check_choice,
    check_frames,
    check_rows,
    pairs_of,
    unit_frames,
)
from inphase.losses.moments import Moment, Reduction, Variant, moments
from inphase.warping.inputs import in_full_precision
from inphase.warping.soft_dtw import soft_dtw

Regulariser = Literal["contrastive_idm", "idm", "slow_feature", "none"]


@in_full_precision
def lav(
    z: Float[Tensor, "rows time dim"],
    times: Float[Tensor, "rows time"],
    mask: Bool[Tensor, "rows time"],
    *,
    pairs: Pairs | None = None,
    lengths: Float[Tensor, " rows"] | None = None,
    gamma: float | int = 0.1,
    alignment: float | int = 1.0,
    alpha: float | int = 1.0,
    regulariser: Regulariser = "contrastive_idm",
    margin: float | int = 2.0,
    window: float | int = 15.0,
    variant: Variant = "paper",
    reduction: Reduction = "sum",
) -> Float[Tensor, ""]:
    r"""Soft-DTW of two videos of one activity, and contrastive IDM of each.

    $$L(X, Y) = \mathrm{dtw}^\gamma(X, Y) + \alpha\, (I^*(X) + I^*(Y)), \qquad
    D_{ij} = \lVert x_i - y_j \rVert^2$$

    of normalised embeddings, averaged over pairs. Soft-DTW brings the frames of the best monotone
    alignment together, and alone is best served by equal embeddings of all frames; the regulariser
    (`losses.contrastive_idm`) keeps them apart. It may be negative: soft-DTW may.

    Use it for videos that show the same steps in the same order, each to its end. If only parts
    match, the path still passes all frames of both: see `vava`, or `tcc`, which asks for no order.
    `gta` is the other loss with one path over the whole video.

    Rows of the paper's table 1: soft-DTW alone is `regulariser="none"` (and collapses, as the paper
    says), C-IDM, IDM and SFA alone `alignment=0` with that regulariser, and their sums the default
    with it.

    **Sums**: soft-DTW sums over the alignment, I* over pairs of frames with weights up to the
    squared length; both as in the paper. The more frames, the more the regulariser outweighs
    soft-DTW, and long videos all others. `reduction="mean"` divides soft-DTW by the frames of the
    longer video and takes the means of `contrastive_idm`: parts of the same order at any length.

    Source: Haresh, Kumar, Coskun, Syed, Konin, Zia, Tran, "Learning by Aligning Videos in Time"
    (LAV), CVPR 2021, equation 8; normalisation: section 4; settings: table 11, those of Pouring
    (Penn Action and IKEA ASM have $\alpha = 0.5$; $\sigma = 7$ on Penn Action). Deviation: none by
    default. `variant="code"` is the released code: see `contrastive_idm`, and the sum is divided by
    the frames of a video, the longer one here; its own settings are $\alpha = 0.5$, $\sigma = 10$.

    Args:
        z: Embeddings of videos, of any length: they are normalised here.
        times: When each frame is shown, in frames of the original video; for `variant="code"`.
        mask: True where the frame is real; padding comes last.
        pairs: Which rows show one activity; rows 0 and 1, 2 and 3, and so on, if None.
        lengths: Frames of the whole video of each row; the last time + 1 if None.
        gamma: $\gamma$ of soft-DTW.
        alignment: Weight of soft-DTW; 1 in the paper.
        alpha: $\alpha$, weight of the regulariser.
        regulariser: "contrastive_idm", "idm", "slow_feature" (all in `inphase.losses`) or "none".
        margin: $\lambda$: see `contrastive_idm`.
        window: $\sigma$: see there.
        variant: "paper" or "code".
        reduction: "sum", as in the paper, or "mean".

    Raises:
        InputError: If shapes disagree, a row has fewer than two frames, a pair names no row, or a
            setting is unusable.

    Example:
        >>> import torch
        >>> z, mask = torch.eye(3).expand(2, 3, 3), torch.ones(2, 3, dtype=torch.bool)
        >>> times = torch.arange(3.0).expand(2, 3)
        >>> lav(z, times, mask, regulariser="none", gamma=0.01).abs() < 1e-3  # equal videos
        tensor(True)
    """
    check_rows(z, times, mask)
    check_frames(mask, 2, "LAV")
    check_choice(regulariser, get_args(Regulariser), "regulariser")
    check_choice(variant, get_args(Variant), "variant")
    check_choice(reduction, get_args(Reduction), "reduction")
    one, other = pairs_of(mask, pairs).T
    z = unit_frames(z, mask)
    frames = mask.sum(-1)
    longer = frames[one].maximum(frames[other])
    loss = z.new_zeros(len(one))
    if alignment:
        n, m = frames[one], frames[other]
        aligned = soft_dtw(z[one], z[other], gamma=gamma, x_lengths=n, y_lengths=m)
        loss = loss + alignment * (aligned / longer if reduction == "mean" else aligned)
    if alpha and regulariser != "none":
        moment: Moment = regulariser
        settings = (lengths, margin, window, variant, reduction)
        kept_apart = moments(moment, z, times, mask, *settings)
        loss = loss + alpha * (kept_apart[one] + kept_apart[other])
    if variant == "code" and reduction == "sum":
        loss = loss / longer
    return loss.mean()
