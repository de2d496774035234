"""Frame-level SimCLR: the same moment of the other view against every other frame."""

import math

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn import functional as F

from inphase.losses.choices import check_choice
from inphase.losses.inputs import Pairs, check_rows, pairs_of
from inphase.losses.moments import gaps, nearest
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
    pairs = pairs_of(mask, pairs)
    one, other = torch.cat([pairs, pairs.flip(1)]).T
    # Garbage in padding must not meet zero as infinity or NaN.
    z = z.masked_fill(~mask[..., None], 0.0)
    z = F.normalize(z.to(torch.promote_types(z.dtype, torch.float32)), dim=-1)

    logits = (z[one] / temperature) @ z.flatten(0, 1).T
    shape = (len(one), z.shape[1], *mask.shape)
    logits = logits.view(shape).masked_fill(~_compared(one, other, mask, negatives), -math.inf)
    place, distance = nearest(gaps(times[one], times[other], mask[other]))
    # The frame at place t of row r is column r * time + t.
    columns = (other * z.shape[1])[:, None] + place
    logits = logits.flatten(2)
    likelihood = logits.gather(2, columns[..., None]).squeeze(2) - logits.logsumexp(2)

    anchors = mask[one] & (distance <= window)
    return -((likelihood * anchors).sum(1) / anchors.sum(1).clamp(min=1)).mean()


def _compared(
    one: Int64[Tensor, " views"],
    other: Int64[Tensor, " views"],
    mask: Bool[Tensor, "rows time"],
    negatives: str,
) -> Bool[Tensor, "views time rows time"]:
    """Frames that a frame of view `one` is told from; never itself."""
    row = torch.arange(len(mask), device=mask.device)
    own, others = row == one[:, None], row == other[:, None]
    rows = {"batch": torch.ones_like(own), "video": own | others, "view": others}[negatives]
    self = torch.eye(mask.shape[1], dtype=torch.bool, device=mask.device)
    itself = own[:, None, :, None] & self[:, None]
    return rows[:, None, :, None] & mask & ~itself
