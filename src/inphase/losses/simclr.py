"""Frame-level SimCLR: the same moment of the other view against every other frame."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from inphase.errors import InputError
from inphase.losses.inputs import Pairs, check_choice, check_rows, pairs_of, unit_frames
from inphase.losses.time_gaps import nearest, time_gaps
from inphase.warping.inputs import checked_gamma, in_full_precision


@in_full_precision
def simclr(
    z: Float[Tensor, "rows time dim"],
    times: Float[Tensor, "rows time"],
    mask: Bool[Tensor, "rows time"],
    *,
    pairs: Pairs | None = None,
    temperature: float | int = 0.1,
    negatives: str = "batch",
    window: float | int = 5.0,
) -> Float[Tensor, ""]:
    r"""Find the frame of the other view that shows the same moment among all frames of the batch.

    For frame $i$ of one view, with $p(i)$ the frame of the other view nearest in time,

    $$L_i = -\log \frac{\exp(\cos(z_i, z_{p(i)}) / \tau)}
    {\sum_{k \ne i} \exp(\cos(z_i, z_k) / \tau)},$$

    where $k$ goes over all real frames of all rows. It is averaged over the frames of either view
    that have a $p(i)$ within `window`, over the two views, and over pairs. A view without such a
    frame counts as 0.

    It is the baseline that `scl` was made to better: neighbouring frames, nearly alike, are
    pushed apart as hard as distant ones, and so is the same phase of another video.

    Source: NT-Xent of Chen, Kornblith, Norouzi, Hinton, "A Simple Framework for Contrastive
    Learning of Visual Representations" (SimCLR), ICML 2020, equation 1, for frames as in CARL
    (see `scl`): its Table 7 ("FVE + SimCLR"), its Table 10 ("uses the corresponding frame at the
    other view as the positive sample") and its section 3.4 ("all instances other than the positive
    reference are considered negatives"). Temperature as CARL's loss; the paper gives no other
    setting. Its released code knows the three sets of negatives and the window; a batch there is
    one video for each device, so that "batch" and "video" were the same. Deviation: none known.

    Args:
        z: Projected embeddings of views, of any length: they are normalised here.
        times: When each frame is shown, in frames of the original video.
        mask: True where the frame is real and not padding.
        pairs: Which rows are two views of one video; rows 0 and 1, 2 and 3, and so on, if None.
        temperature: $\tau$, 0.1 in the paper.
        negatives: Which frames $k$ goes over: "batch", those of all rows; "video", those of the
            two views; "view", those of the other view, as in `scl`.
        window: How far the nearest frame may be to be the same moment, in frames; two random clips
            of a video do not show all the same moments. 5 in the released code.

    Raises:
        InputError: If shapes disagree, a row has no frame, or a setting is out of range.

    Example:
        >>> z = torch.eye(2).expand(2, 2, 2)
        >>> times = torch.tensor([0.0, 100.0]).expand(2, 2)
        >>> round(simclr(z, times, torch.ones(2, 2, dtype=torch.bool)).item(), 4)
        0.0001
    """
    check_rows(z, times, mask)
    check_choice(negatives, ("batch", "video", "view"), "negatives")
    temperature = checked_gamma(temperature, "temperature")
    if not window >= 0:
        raise InputError(f"window must be 0 frames or more, not {window}")
    pairs = pairs_of(mask, pairs)
    one, other = torch.cat([pairs, pairs.flip(1)]).T
    z = unit_frames(z, mask)

    compared = _compared(z, mask, one, other, negatives)
    logits = (z[one] / temperature) @ compared.frames.mT
    logits = logits.masked_fill(~compared.real[..., None, :], -math.inf)
    if compared.own is not None:
        logits = logits.scatter(2, compared.own[..., None], -math.inf)
    place, distance = nearest(time_gaps(times[one], times[other], mask[other]))
    positive = compared.other[:, None] + place
    likelihood = logits.gather(2, positive[..., None]).squeeze(2) - logits.logsumexp(2)

    anchors = mask[one] & (distance <= window)
    return -((likelihood * anchors).sum(1) / anchors.sum(1).clamp(min=1)).mean()


@dataclass(frozen=True, eq=False)
class _Compared:
    """Frames that the anchors are compared with, one row after the other.

    Attributes:
        frames: The frames, for all views alike or for each.
        real: True where they are no padding.
        own: Where among them each anchor is itself, if it is.
        other: Where among them the other view begins.
    """

    frames: Float[Tensor, "*views frames dim"]
    real: Bool[Tensor, "*views frames"]
    own: Int64[Tensor, "views time"] | None
    other: Int64[Tensor, " views"]


def _compared(
    z: Float[Tensor, "rows time dim"],
    mask: Bool[Tensor, "rows time"],
    one: Int64[Tensor, " views"],
    other: Int64[Tensor, " views"],
    negatives: str,
) -> _Compared:
    time = torch.arange(z.shape[1], device=z.device)
    if negatives == "batch":
        own = (one * len(time))[:, None] + time
        return _Compared(z.flatten(0, 1), mask.flatten(), own, other * len(time))
    if negatives == "view":
        return _Compared(z[other], mask[other], None, torch.zeros_like(other))
    frames, real = torch.cat([z[one], z[other]], 1), torch.cat([mask[one], mask[other]], 1)
    own = time.expand(len(one), -1)
    return _Compared(frames, real, own, torch.full_like(other, len(time)))
