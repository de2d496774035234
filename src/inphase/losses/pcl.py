"""Paired contrastive loss: frames that an alignment of two videos matches are alike."""

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn import functional as F

from inphase.errors import InputError
from inphase.losses.inputs import Pairs
from inphase.losses.paired_contrast import paired_contrast
from inphase.losses.scl import scl
from inphase.warping.inputs import in_full_precision


@in_full_precision
def pcl(
    z: Float[Tensor, "rows time dim"],
    times: Float[Tensor, "rows time"],
    mask: Bool[Tensor, "rows time"],
    *,
    pairs: Pairs | None = None,
    lengths: Float[Tensor, " rows"] | None = None,
    videos: Int64[Tensor, " rows"] | None = None,
    activities: Int64[Tensor, " rows"] | None = None,
    logits: Float[Tensor, "rows classes"] | None = None,
    progress: float | int = 1.0,
    temperature: float | int = 0.1,
    variance: float | int = 10.0,
    weight: float | int = 0.3,
    video_weight: float | int = 1.0,
    positive: float | int = 0.05,
    protected: float | int = 0.1,
    warm_up: float | int = 1 / 7,
) -> Float[Tensor, ""]:
    r"""Two views of a video agree, and so do two videos, where they surely show the same moment.

    $$L = L_{SCL} + \lambda L_{PCL} + L_{video},$$

    with `inphase.losses.scl`, `paired_contrast` and, where `logits` are given,
    `video_cross_entropy`. In the first share of training, `warm_up`, it is $L_{SCL}$ alone,
    without labels, as matches are not to be trusted then.

    Use it when each video has the name of its activity. Rows come in fours: two views of a video
    and two of another of the same activity. It needs no soft alignment as `inphase.losses.lrprop`
    does, and leaves frames alone of which it is not sure.

    Source: Chen, Tu, Huang, Lin, Wu, Cai, "Self-supervised and Weakly Supervised Contrastive
    Learning for Frame-wise Action Representations" (CARL), journal version, equations 3 to 6 and
    section 3.5. No code of this part was released. Deviation: the warm-up is a share of one
    training, for the paper's 50 epochs before another 300; see also `paired_contrast`.

    Args:
        z: Projected embeddings of views, of any length: they are normalised here.
        times: When each frame is shown, in frames of the original video (the paper's $s$).
        mask: True where the frame is real and not padding.
        pairs: Which rows are two views of one video; rows 0 and 1, 2 and 3, and so on, if None.
        lengths: Frames of the whole video of each row; up to the last one shown, if None.
        videos: Which video each row is of, if one may be there twice: it is no pair with itself.
        activities: What is done in the video of each row. If None, all do the same.
        logits: Of the activity of each row, from its class token; without, no $L_{video}$.
        progress: How much of training is over, 0 to 1.
        temperature: $\tau$, 0.1 in the paper.
        variance: $\sigma^2$ of the Gaussian in frames squared, 10 in the paper.
        weight: $\lambda$, 0.3 in the paper.
        video_weight: Of $L_{video}$; none (1) in the paper.
        positive: See `paired_contrast`.
        protected: See there.
        warm_up: Share of training with $L_{SCL}$ alone.

    Raises:
        InputError: If the shapes disagree, a view has no frame, or logits come without activities.
    """
    labelled = progress >= warm_up
    loss = scl(
        z,
        times,
        mask,
        pairs=pairs,
        activities=activities if labelled else None,
        temperature=temperature,
        variance=variance,
    )
    if not labelled:
        return loss
    if weight:
        loss = loss + weight * paired_contrast(
            z,
            times,
            mask,
            pairs=pairs,
            lengths=lengths,
            videos=videos,
            activities=activities,
            temperature=temperature,
            positive=positive,
            protected=protected,
        )
    if logits is not None and video_weight:
        if activities is None:
            raise InputError("logits of activities need the activities: one number for each row")
        loss = loss + video_weight * video_cross_entropy(logits, activities)
    return loss


def video_cross_entropy(
    logits: Float[Tensor, "rows classes"], activities: Int64[Tensor, " rows"]
) -> Float[Tensor, ""]:
    """Cross-entropy of the activity that the class token of each row tells, averaged over rows.

    Source: as `pcl`, end of section 3.5, which gives no equation.

    Args:
        logits: Of every activity, for each row.
        activities: The right one, numbered from 0.

    Raises:
        InputError: If the shapes disagree.
    """
    if logits.ndim != 2 or activities.shape != logits.shape[:1]:
        raise InputError(
            f"logits must be (rows, classes) and activities (rows,), not {tuple(logits.shape)} "
            f"and {tuple(activities.shape)}"
        )
    return F.cross_entropy(logits.to(torch.promote_types(logits.dtype, torch.float32)), activities)
