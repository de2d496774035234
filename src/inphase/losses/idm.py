"""Inverse difference moments: frames near in time lie together, frames far apart do not.

The regularisers of one video that LAV compares. Each is a loss of its own, and `losses.lav` adds
one of them to soft-DTW.
"""

from jaxtyping import Bool, Float
from torch import Tensor

from inphase.losses.moments import Reduction, Variant, moments
from inphase.warping.inputs import in_full_precision


@in_full_precision
def contrastive_idm(
    z: Float[Tensor, "rows time dim"],
    times: Float[Tensor, "rows time"],
    mask: Bool[Tensor, "rows time"],
    *,
    lengths: Float[Tensor, " rows"] | None = None,
    margin: float | int = 2.0,
    window: float | int = 15.0,
    variant: Variant = "paper",
    reduction: Reduction = "sum",
) -> Float[Tensor, ""]:
    r"""Pull near frames of a video together, and push far ones apart up to a margin.

    Over all pairs of frames of a row, with $D_{ij} = \lVert z_i - z_j \rVert^2$ of normalised
    embeddings,

    $$I^*(X) = \sum_{ij} y_{ij} \bar W_{ij} \max(0, \lambda - D_{ij}) + (1 - y_{ij}) W_{ij} D_{ij},
    \qquad \bar W_{ij} = (i - j)^2 + 1, \quad W_{ij} = 1 / \bar W_{ij},$$

    where $y_{ij} = 1$ if $|i - j| > \sigma$, else 0; rows are averaged. Frames far apart count more
    the farther they are, near ones the nearer. i and j count the frames **given**, as in the paper:
    of a denser sample, $\sigma$ is a shorter time. Times take no part, but with `variant="code"`.

    Use it alone where there are no two videos of one activity: the paper's table 1 has it near
    LAV. An activity that repeats is pushed apart, though its frames look the same.

    The sum grows as the fourth power of the number of frames: one long row outweighs all others,
    and soft-DTW (LAV) is negligible until the margin is kept. "mean" divides the sum over far pairs
    and that over near ones by the sum of its weights each, which makes both independent of length.

    Source: Haresh, Kumar, Coskun, Syed, Konin, Zia, Tran, "Learning by Aligning Videos in Time"
    (LAV), CVPR 2021, equation 7. Deviation: none by default. `variant="code"` is the released
    code: $\bar W = ((s_i - s_j) / \ell)^2 + 1$ of the times $s$ in a video of $\ell$ frames (from 1
    to 2), $W = 1$, and the window in frames of the video, so that no sampling matters; there
    $\sigma$ is 10.

    Args:
        z: Embeddings, normalised here.
        times: When each frame is shown, in frames of the original video; for `variant="code"`.
        mask: True where the frame is real.
        lengths: $\ell$, frames of the whole video of each row; the last time + 1 if None.
        margin: $\lambda$, the squared distance, of 4 at most, beyond which far frames are let be.
        window: $\sigma$, the last gap that is near: 15 for the paper's 40 frames, 7 for its 20.
        variant: "paper" or "code".
        reduction: "sum", as in the paper, or "mean".

    Raises:
        InputError: If shapes disagree, a row has fewer than two frames, or a setting is unusable.

    Example:
        >>> import torch
        >>> z, mask = torch.eye(2)[None], torch.ones(1, 2, dtype=torch.bool)
        >>> contrastive_idm(z, torch.arange(2.0)[None], mask)  # one near pair, both ways round
        tensor(2.)
    """
    rows = (z, times, mask, lengths)
    return moments("contrastive_idm", *rows, margin, window, variant, reduction).mean()


@in_full_precision
def idm(
    z: Float[Tensor, "rows time dim"],
    times: Float[Tensor, "rows time"],
    mask: Bool[Tensor, "rows time"],
    *,
    lengths: Float[Tensor, " rows"] | None = None,
    variant: Variant = "paper",
    reduction: Reduction = "sum",
) -> Float[Tensor, ""]:
    r"""Inverse difference moment: push all frames of a video apart, far ones more.

    $$\bar I(X) = -\sum_{ij} \bar W_{ij} D_{ij},$$

    named as in `contrastive_idm`, which should be preferred: this one parts neighbours too. It is
    negative, and has no margin.

    Source: LAV (see `contrastive_idm`), equation 6. Deviation: none by default.

    Args:
        z: As all arguments, as in `contrastive_idm`.
        times: See there.
        mask: See there.
        lengths: See there.
        variant: See there; "code" takes its $\bar W$, though no code for this was released.
        reduction: See there; "mean" divides by the sum of all weights.

    Raises:
        InputError: As in `contrastive_idm`.
    """
    return moments("idm", z, times, mask, lengths, 2.0, 0.0, variant, reduction).mean()


@in_full_precision
def slow_feature(
    z: Float[Tensor, "rows time dim"],
    times: Float[Tensor, "rows time"],
    mask: Bool[Tensor, "rows time"],
    *,
    lengths: Float[Tensor, " rows"] | None = None,
    margin: float | int = 2.0,
    window: float | int = 15.0,
    variant: Variant = "paper",
    reduction: Reduction = "sum",
) -> Float[Tensor, ""]:
    r"""Slow features (temporal coherence): `contrastive_idm` with all weights 1.

    $$\sum_{ij} y_{ij} \max(0, \lambda - D_{ij}) + (1 - y_{ij}) D_{ij}$$

    Source: LAV (see `contrastive_idm`), equation 7 without $\bar W$ and $W$, the "SFA" of its
    table 1. Deviation: none. The paper gives no setting of its own for it.

    Args:
        z: As all arguments, as in `contrastive_idm`.
        times: See there.
        mask: See there.
        lengths: See there.
        margin: See there.
        window: See there.
        variant: See there; "code" has the window in frames of the video.
        reduction: See there.

    Raises:
        InputError: As in `contrastive_idm`.
    """
    rows = (z, times, mask, lengths)
    return moments("slow_feature", *rows, margin, window, variant, reduction).mean()
