"""Sequence contrastive loss: two views of a video agree on which moments are close in time."""

import math

from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from inphase.losses.inputs import check_views


def scl(
    z: Float[Tensor, "videos 2 time dim"],
    times: Float[Tensor, "videos 2 time"],
    mask: Bool[Tensor, "videos 2 time"],
    *,
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

    Source: Chen, Tu, Huang, Lin, Wu, Cai, "Self-supervised and Weakly Supervised Contrastive
    Learning for Frame-wise Action Representations" (CARL), equations 1 and 2; first in CVPR 2022.
    Deviation: none. (The released code uses the KL divergence, which differs by a constant, and
    the mean of the two directions instead of their sum.)

    Args:
        z: Projected embeddings of two views of each video, of any length: they are normalised here.
        times: When each frame is shown, in frames of the original video (the paper's $s$).
        mask: True where the frame is real and not padding.
        temperature: $\tau$, 0.1 in the paper.
        variance: $\sigma^2$ of the Gaussian in frames squared, 10 in the paper.

    Raises:
        InputError: If the shapes disagree or a view has no frame.

    Example:
        >>> import torch
        >>> z = torch.eye(2).expand(1, 2, 2, 2)
        >>> times = torch.tensor([0.0, 100.0]).expand(1, 2, 2)
        >>> round(scl(z, times, torch.ones(1, 2, 2, dtype=torch.bool)).item(), 4)
        0.0001
    """
    check_views(z, times, mask)
    z = F.normalize(z, dim=-1)
    similarity = z[:, 0] @ z[:, 1].transpose(1, 2) / temperature
    closeness = -((times[:, 0, :, None] - times[:, 1, None]) ** 2) / (2 * variance)
    first = _direction(similarity, closeness, mask[:, 0], mask[:, 1])
    second = _direction(similarity.mT, closeness.mT, mask[:, 1], mask[:, 0])
    return (first + second).mean()


def _direction(
    similarity: Float[Tensor, "videos a b"],
    closeness: Float[Tensor, "videos a b"],
    rows: Bool[Tensor, "videos a"],
    columns: Bool[Tensor, "videos b"],
) -> Float[Tensor, " videos"]:
    """Mean cross-entropy over the real frames of one view."""
    padding = ~columns[:, None]
    target = closeness.masked_fill(padding, -math.inf).softmax(-1)
    predicted = similarity.masked_fill(padding, -math.inf).log_softmax(-1)
    # 0 times -inf at padding would be NaN, also in the gradient.
    entropy = -(target * predicted.masked_fill(padding, 0.0)).sum(-1)
    return (entropy * rows).sum(-1) / rows.sum(-1)
