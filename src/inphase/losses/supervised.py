"""Supervised phase classification: what a linear layer learns from labels, as the bar to pass."""

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn import functional as F

from inphase.errors import InputError
from inphase.losses.inputs import check_rows
from inphase.warping.inputs import in_full_precision

_UNLABELLED = -100


@in_full_precision
def supervised(
    z: Float[Tensor, "rows time classes"],
    times: Float[Tensor, "rows time"],
    mask: Bool[Tensor, "rows time"],
    *,
    labels: Int64[Tensor, "rows time"],
    label_smoothing: float | int = 0.0,
) -> Float[Tensor, ""]:
    r"""Cross-entropy between the phase a frame is in and the scores of the phases.

    $$L = -\frac{1}{|S|} \sum_{(b, i) \in S} \sum_c q_{bic} \log
    \frac{\exp z_{bic}}{\sum_k \exp z_{bik}}, \qquad
    q_{bic} = (1 - s)\,[c = y_{bi}] + \frac{s}{C},$$

    the mean over the set $S$ of all real frames that have a label, whichever row they are in; 0 if
    there is none, as in a batch of videos that nobody labelled.

    Use it when phases are labelled, to see what labels are worth beside the methods without any.
    Times have no part in it.

    Source: the supervised baseline of Dwibedi, Aytar, Tompson, Sermanet, Zisserman, "Temporal
    Cycle-Consistency Learning" (TCC), CVPR 2019, and of LAV (its section 5): a classifier of one
    layer on the embeddings, trained with them, no smoothing. Deviation: frames without a label are
    left out.

    Args:
        z: Scores of the phases (logits), of one linear layer on the embeddings.
        times: When each frame is shown; not used.
        mask: True where the frame is real and not padding.
        labels: Phase of each frame from 0; below 0 where it has none. Padding is not read.
        label_smoothing: $s$: share of the target spread evenly over the phases.

    Raises:
        InputError: If shapes disagree, a row has no frame, a label is not among the classes, or
            the smoothing is not from 0 to below 1.

    Example:
        >>> times, mask = torch.zeros(1, 2), torch.ones(1, 2, dtype=torch.bool)
        >>> scores = torch.tensor([[[9.0, 0.0], [0.0, 9.0]]])
        >>> round(supervised(scores, times, mask, labels=torch.tensor([[0, -1]])).item(), 4)
        0.0001
    """
    check_rows(z, times, mask)
    if labels.shape != mask.shape:
        raise InputError(
            f"labels {tuple(labels.shape)} must be shaped {tuple(mask.shape)}, one for each frame"
        )
    if not 0 <= label_smoothing < 1:
        raise InputError(f"label_smoothing must be from 0 to below 1, not {label_smoothing}")
    labels = torch.where(mask & (labels >= 0), labels, _UNLABELLED)
    highest = int(labels.max())
    if highest >= z.shape[-1]:
        raise InputError(f"label {highest} is not among the {z.shape[-1]} classes scored")
    scores = z.to(torch.promote_types(z.dtype, torch.float32))
    total = F.cross_entropy(
        scores.flatten(0, 1),
        labels.flatten(),
        ignore_index=_UNLABELLED,
        label_smoothing=label_smoothing,
        reduction="sum",
    )
    return total / (labels >= 0).sum().clamp(min=1)
